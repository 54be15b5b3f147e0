#include "runtime/config/provider_accounts.hpp"

#include "runtime/config/file_section.hpp"
#include "runtime/config/setting_values.hpp"
#include "runtime/crypto/json_web_token.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

namespace json = boost::json;

// A section whose texts may travel in headers, but for PEM, whose lines are parted.
class section : public file_section {
 public:
  using file_section::file_section;

  std::string text(std::string_view member) const {
    return checked(member, file_section::text(member));
  }

  std::string optional_text(std::string_view member, std::string otherwise) const {
    return checked(member, file_section::optional_text(member, std::move(otherwise)));
  }

  std::string url(std::string_view member, std::string_view otherwise) const {
    std::string read;
    if (const auto bad = read_base_url(optional_text(member, std::string{otherwise}), read);
        !bad.empty())
      complain(name() + "." + std::string{member} + ": " + bad);
    return read;
  }

  std::string key(std::string_view member) const {
    auto pem = file_section::text(member);
    if (!rsa_signing_key::read(pem))
      complain(name() + "." + std::string{member} + " is not an RSA private key in PEM");
    return pem;
  }

  std::vector<std::string> texts(std::string_view member) const {
    const auto* found = find(member);
    const auto* list = found == nullptr ? nullptr : found->if_array();
    std::vector<std::string> out;
    for (const auto& entry : list == nullptr ? json::array{} : *list)
      if (const auto* text = entry.if_string())
        out.emplace_back(*text);
    if (list == nullptr || out.empty() || out.size() != list->size())
      complain(name() + "." + std::string{member} + " must be a list of texts");
    return out;
  }

 private:
  std::string checked(std::string_view member, std::string found) const {
    if (!std::all_of(found.begin(), found.end(), [](char c) { return c >= ' ' && c <= '~'; }))
      complain(name() + "." + std::string{member} + " must be printable ASCII");
    return found;
  }
};

aws_account read_aws(const json::value& from, const std::string& name) {
  const section in{from, name, {"accessKeyId", "secretAccessKey", "region", "endpoint", "buckets"}};
  aws_account made;
  made.access_key_id = in.text("accessKeyId");
  made.secret_access_key = in.text("secretAccessKey");
  if (const auto bad = read_region(in.optional_text("region", "us-east-1"), made.region);
      !bad.empty())
    complain(name + ".region: " + bad);
  made.endpoint = in.url("endpoint", "https://sts." + made.region + ".amazonaws.com");
  made.buckets = in.texts("buckets");
  return made;
}

azure_account read_azure(const json::value& from, const std::string& name,
                         const std::string& account) {
  const section in{from, name, {"key", "tableEndpoint", "blobEndpoint"}};
  azure_account made;
  if (!decode_base64(in.text("key"), made.key) || made.key.empty())
    complain(name + ".key is not base64");
  made.table_endpoint = in.url("tableEndpoint", "https://" + account + ".table.core.windows.net");
  made.blob_endpoint = in.url("blobEndpoint", "https://" + account + ".blob.core.windows.net");
  return made;
}

sentry_account read_sentry(const json::value& from) {
  const section in{from, "sentry", {"endpoint", "token", "organization", "team", "keyPrefix"}};
  return {in.url("endpoint", "https://sentry.io"), in.text("token"), in.text("organization"),
          in.text("team"), in.text("keyPrefix")};
}

gcp_account read_gcp(const json::value& from) {
  const section in{from,
                   "gcp",
                   {"project", "clientEmail", "privateKey", "privateKeyId", "tokenEndpoint",
                    "iamEndpoint", "allowedServiceAccounts"}};
  return {in.text("project"),
          in.text("clientEmail"),
          in.key("privateKey"),
          in.optional_text("privateKeyId", {}),
          in.url("tokenEndpoint", "https://oauth2.googleapis.com/token"),
          in.url("iamEndpoint", "https://iamcredentials.googleapis.com"),
          in.texts("allowedServiceAccounts")};
}

github_app read_app(const json::value& from, const std::string& name) {
  const section in{from, name, {"appId", "privateKey", "endpoint"}};
  return {in.text("appId"), in.key("privateKey"), in.url("endpoint", "https://api.github.com")};
}

provider_accounts read_all(const json::value& from) {
  const section whole{
      from, "the file", {"websocktunnel", "aws", "azure", "sentry", "gcp", "github"}};
  provider_accounts made;
  if (const auto* tunnel = whole.find("websocktunnel"))
    made.websocktunnel_secret = section{*tunnel, "websocktunnel", {"secret"}}.text("secret");
  if (const auto* aws = whole.find("aws"))
    for (const auto& account : list_of(*aws, "aws"))
      made.aws.push_back(read_aws(account, "aws[" + std::to_string(made.aws.size()) + "]"));
  if (const auto* azure = whole.find("azure"))
    for (const auto& [name, account] : map_of(*azure, "azure", "an account by each name"))
      made.azure[name] = read_azure(account, "azure." + std::string{name}, name);
  if (const auto* sentry = whole.find("sentry"))
    made.sentry = read_sentry(*sentry);
  if (const auto* gcp = whole.find("gcp"))
    made.gcp = read_gcp(*gcp);
  if (const auto* github = whole.find("github"))
    for (const auto& [name, app] : map_of(*github, "github", "an app by each name"))
      made.github[name] = read_app(app, "github." + std::string{name});
  return made;
}

}  // namespace

std::string read_provider_accounts(std::string_view text, provider_accounts& into) {
  return read_settings_text(text, [&into](const json::value& all) { into = read_all(all); });
}

std::string read_provider_file(const std::string& path, provider_accounts& into) {
  return read_settings_file(
      path, [&into](std::string_view text) { return read_provider_accounts(text, into); });
}

}  // namespace troupe
