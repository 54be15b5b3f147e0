#pragma once

#include "messages/api_error.hpp"
#include "messages/timestamp.hpp"
#include "runtime/config/provider_accounts.hpp"
#include "runtime/web/web_message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What credentials for S3 shall allow.
struct s3_grant {
  std::string bucket;
  std::string prefix;  ///< of keys; empty: all
  bool read_only = true;
};

/// The account that has the bucket, or null.
const aws_account* account_of_bucket(const std::vector<aws_account>& accounts,
                                     std::string_view bucket);

/// The policy of such credentials, a JSON text.
std::string s3_policy(const s3_grant& grant);

/// The signed call of STS GetFederationToken, for an hour.
web_request federation_request(const aws_account& account, const s3_grant& grant, timestamp now);

/// What awsS3Credentials answers when STS answered this; `for_roles`: in the form in which machines
/// of AWS find the credentials of their role.
outcome<std::string> federation_answer(const web_answer& answer, bool for_roles, timestamp now);

}  // namespace troupe
