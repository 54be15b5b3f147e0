#include "runtime/providers/aws_rules.hpp"

#include "runtime/crypto/percent_code.hpp"
#include "runtime/providers/provider_answers.hpp"
#include "runtime/s3/s3_signer.hpp"
#include "runtime/web/xml_text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded";

json::object statement(std::string_view name, json::array actions, std::string resource) {
  return {{"Sid", name},
          {"Effect", "Allow"},
          {"Action", std::move(actions)},
          {"Resource", json::array{std::move(resource)}}};
}

// In a pattern of a policy `*`, `?` and `$` stand for more than themselves.
std::string literal(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '*' || c == '?' || c == '$' ? "${" + std::string{c} + "}" : std::string{c};
  return out;
}

}  // namespace

const aws_account* account_of_bucket(const std::vector<aws_account>& accounts,
                                     std::string_view bucket) {
  for (const auto& account : accounts)
    if (std::find(account.buckets.begin(), account.buckets.end(), bucket) != account.buckets.end())
      return &account;
  return nullptr;
}

std::string s3_policy(const s3_grant& grant) {
  const auto bucket = "arn:aws:s3:::" + grant.bucket;
  const auto keys = literal(grant.prefix) + "*";
  json::array on_objects{"s3:GetObject"};
  if (!grant.read_only) {
    on_objects.emplace_back("s3:PutObject");
    on_objects.emplace_back("s3:DeleteObject");
  }
  auto listing = statement("ListObjectsUnderPrefix", {"s3:ListBucket"}, bucket);
  listing["Condition"] =
      json::object{{"StringLike", json::object{{"s3:prefix", json::array{keys}}}}};
  return json::serialize(json::object{
      {"Version", "2012-10-17"},
      {"Statement",
       json::array{
           statement("ReadWriteObjectsUnderPrefix", std::move(on_objects), bucket + "/" + keys),
           std::move(listing), statement("GetBucketLocation", {"s3:GetBucketLocation"}, bucket)}}});
}

web_request federation_request(const aws_account& account, const s3_grant& grant, timestamp now) {
  auto where = s3_location_of(account.endpoint, account.region, s3_addressing::path);
  where.service = "sts";
  const s3_signer signer{where, {account.access_key_id, account.secret_access_key}};
  s3_request call;
  call.verb = "POST";
  call.headers.emplace_back("Content-Type", form_type);
  call.body =
      "Action=GetFederationToken&DurationSeconds=3600&Name=TemporaryS3ReadWriteCredentials&"
      "Policy=" +
      percent_encoded(s3_policy(grant)) + "&Version=2011-06-15";
  signer.sign(call, now);
  return {"POST", account.endpoint, signer.target(call), std::move(call.headers),
          std::move(call.body)};
}

outcome<std::string> federation_answer(const web_answer& answer, bool for_roles, timestamp now) {
  if (!answer.fine()) {
    const auto code = xml_text(answer.body, "Code");
    const auto message = xml_text(answer.body, "Message");
    if (code && message)
      return provider_failure("AWS STS", *code + ": " + *message);
    return provider_failure("AWS STS", answer);
  }
  const auto id = xml_text(answer.body, "AccessKeyId");
  const auto secret = xml_text(answer.body, "SecretAccessKey");
  const auto token = xml_text(answer.body, "SessionToken");
  const auto expiration = xml_text(answer.body, "Expiration");
  const auto expires = expiration ? parse_date_time(*expiration) : std::nullopt;
  if (!id || !secret || !token || !expires)
    return provider_failure("AWS STS", "its answer holds no credentials");
  if (for_roles)
    return json::serialize(json::object{{"Code", "Success"},
                                        {"Type", "AWS-HMAC"},
                                        {"LastUpdated", to_iso(now)},
                                        {"AccessKeyId", *id},
                                        {"SecretAccessKey", *secret},
                                        {"Token", *token},
                                        {"Expiration", to_iso(*expires)}});
  return json::serialize(json::object{
      {"credentials",
       json::object{{"accessKeyId", *id}, {"secretAccessKey", *secret}, {"sessionToken", *token}}},
      {"expires", to_iso(*expires)}});
}

}  // namespace troupe
