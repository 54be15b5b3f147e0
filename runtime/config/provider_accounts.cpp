#include "runtime/config/provider_accounts.hpp"

#include "runtime/config/setting_values.hpp"
#include "runtime/crypto/json_web_token.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <fstream>
#include <initializer_list>

namespace troupe {

namespace {

namespace json = boost::json;

constexpr std::size_t largest_file = 1024 * 1024;

// What is wrong, as it comes up in the depth of the file; caught where reading begins.
struct wrong_account {
  std::string text;
};

// An object of the file: every member must be asked for.
class section {
 public:
  section(const json::value& from, std::string name, std::initializer_list<std::string_view> known)
      : name_(std::move(name)) {
    members_ = from.if_object();
    if (members_ == nullptr)
      throw wrong_account{name_ + " must be an object"};
    for (const auto& [member, value] : *members_)
      if (std::find(known.begin(), known.end(), std::string_view{member}) == known.end())
        throw wrong_account{name_ + " has an unknown member '" + std::string{member} + "'"};
  }

  std::string text(std::string_view member) const {
    auto found = optional_text(member, {});
    if (found.empty())
      throw wrong_account{name_ + " needs the member '" + std::string{member} + "', a text"};
    return found;
  }

  std::string optional_text(std::string_view member, std::string otherwise) const {
    const auto* found = members_->if_contains(member);
    if (found == nullptr)
      return otherwise;
    const auto* text = found->if_string();
    if (text == nullptr || text->empty())
      throw wrong_account{name_ + "." + std::string{member} + " must be a text that is not empty"};
    // They travel in headers, but for PEM, whose lines are parted.
    const bool plain =
        std::all_of(text->begin(), text->end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (!plain && member != "privateKey")
      throw wrong_account{name_ + "." + std::string{member} + " must be printable ASCII"};
    return std::string{*text};
  }

  std::string url(std::string_view member, std::string_view otherwise) const {
    std::string read;
    if (const auto bad = read_base_url(optional_text(member, std::string{otherwise}), read);
        !bad.empty())
      throw wrong_account{name_ + "." + std::string{member} + ": " + bad};
    return read;
  }

  std::string key(std::string_view member) const {
    auto pem = text(member);
    if (!rsa_signing_key::read(pem))
      throw wrong_account{name_ + "." + std::string{member} + " is not an RSA private key in PEM"};
    return pem;
  }

  std::vector<std::string> texts(std::string_view member) const {
    const auto* found = members_->if_contains(member);
    const auto* list = found == nullptr ? nullptr : found->if_array();
    std::vector<std::string> out;
    for (const auto& entry : list == nullptr ? json::array{} : *list)
      if (const auto* text = entry.if_string())
        out.emplace_back(*text);
    if (list == nullptr || out.empty() || out.size() != list->size())
      throw wrong_account{name_ + "." + std::string{member} + " must be a list of texts"};
    return out;
  }

 private:
  const json::object* members_ = nullptr;
  std::string name_;
};

aws_account read_aws(const json::value& from, const std::string& name) {
  const section in{from, name, {"accessKeyId", "secretAccessKey", "region", "endpoint", "buckets"}};
  aws_account made;
  made.access_key_id = in.text("accessKeyId");
  made.secret_access_key = in.text("secretAccessKey");
  if (const auto bad = read_region(in.optional_text("region", "us-east-1"), made.region);
      !bad.empty())
    throw wrong_account{name + ".region: " + bad};
  made.endpoint = in.url("endpoint", "https://sts." + made.region + ".amazonaws.com");
  made.buckets = in.texts("buckets");
  return made;
}

azure_account read_azure(const json::value& from, const std::string& name,
                         const std::string& account) {
  const section in{from, name, {"key", "tableEndpoint", "blobEndpoint"}};
  azure_account made;
  if (!decode_base64(in.text("key"), made.key) || made.key.empty())
    throw wrong_account{name + ".key is not base64"};
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
  const auto& members = from.get_object();
  provider_accounts made;
  if (const auto* tunnel = members.if_contains("websocktunnel"))
    made.websocktunnel_secret = section{*tunnel, "websocktunnel", {"secret"}}.text("secret");
  if (const auto* aws = members.if_contains("aws")) {
    if (!aws->is_array())
      throw wrong_account{"aws must be a list"};
    for (const auto& account : aws->get_array())
      made.aws.push_back(read_aws(account, "aws[" + std::to_string(made.aws.size()) + "]"));
  }
  if (const auto* azure = members.if_contains("azure")) {
    if (!azure->is_object())
      throw wrong_account{"azure must be an object, an account by each name"};
    for (const auto& [name, account] : azure->get_object())
      made.azure[name] = read_azure(account, "azure." + std::string{name}, name);
  }
  if (const auto* sentry = members.if_contains("sentry"))
    made.sentry = read_sentry(*sentry);
  if (const auto* gcp = members.if_contains("gcp"))
    made.gcp = read_gcp(*gcp);
  if (const auto* github = members.if_contains("github")) {
    if (!github->is_object())
      throw wrong_account{"github must be an object, an app by each name"};
    for (const auto& [name, app] : github->get_object())
      made.github[name] = read_app(app, "github." + std::string{name});
  }
  return made;
}

}  // namespace

std::string read_provider_accounts(std::string_view text, provider_accounts& into) {
  boost::system::error_code failed;
  const auto parsed = json::parse(text, failed);
  if (failed)
    return "it is not JSON: " + failed.message();
  try {
    into = read_all(parsed);
  } catch (wrong_account& wrong) {
    return std::move(wrong.text);
  }
  return {};
}

std::string read_provider_file(const std::string& path, provider_accounts& into) {
  std::ifstream in(path);
  std::string text;
  for (char c = 0; text.size() < largest_file && in.get(c);)
    text += c;
  if (text.empty())
    return "cannot read '" + path + "': check that it is there, readable, and not empty";
  auto wrong = read_provider_accounts(text, into);
  return wrong.empty() ? wrong : "'" + path + "': " + wrong;
}

}  // namespace troupe
