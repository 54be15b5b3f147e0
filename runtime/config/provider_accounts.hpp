#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// Whom other systems know the server by, so that it can hand out credentials for them (auth
// contract, section 13). Endpoints are `http[s]://host[:port]` with perhaps a path, no slash
// behind.

/// A key of AWS, or of what speaks its protocols, and the buckets it is used for.
struct aws_account {
  std::string access_key_id;
  std::string secret_access_key;
  std::string region = "us-east-1";
  std::string endpoint;  ///< of STS
  std::vector<std::string> buckets;
};

/// A storage account of Azure.
struct azure_account {
  std::string key;  ///< the bytes, not base64
  std::string table_endpoint;
  std::string blob_endpoint;
};

/// A Sentry organisation.
struct sentry_account {
  std::string endpoint;
  std::string token;
  std::string organization;
  std::string team;  ///< of projects that are made
  std::string key_prefix;
};

/// A service account of Google Cloud that makes tokens of others.
struct gcp_account {
  std::string project;
  std::string email;
  std::string private_key;  ///< PEM
  std::string key_id;
  std::string token_endpoint;
  std::string iam_endpoint;
  std::vector<std::string> allowed;  ///< service accounts it may make tokens of
};

/// An app of GitHub.
struct github_app {
  std::string id;
  std::string private_key;  ///< PEM
  std::string endpoint;
};

/// All of them; what is not there is not configured.
struct provider_accounts {
  std::string websocktunnel_secret;  ///< empty: not configured
  std::vector<aws_account> aws;
  std::map<std::string, azure_account, std::less<>> azure;  ///< by name
  std::optional<sentry_account> sentry;
  std::optional<gcp_account> gcp;
  std::map<std::string, github_app, std::less<>> github;  ///< by name
};

/// Reads the JSON text of the file; returns what is wrong with it, or an empty text. What is said
/// shows no secret.
std::string read_provider_accounts(std::string_view json, provider_accounts& into);

/// The same with the file at this path.
std::string read_provider_file(const std::string& path, provider_accounts& into);

}  // namespace troupe
