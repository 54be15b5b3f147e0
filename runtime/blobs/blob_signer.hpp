#pragma once

#include "messages/api_error.hpp"
#include "messages/timestamp.hpp"

#include <string>
#include <string_view>

namespace troupe {

/// What a good URL permits.
struct signed_blob {
  std::string key;           ///< name of the content, like `<taskId>/<runId>/<artifact name>`
  std::string content_type;  ///< for uploads: the type to store
};

/// Makes and checks the URLs by which artifacts are uploaded and downloaded without credentials:
/// the URL is the credential (queue contract 7.6). Pure but for the key; usable from any thread
/// once the root URL is set.
class blob_signer {
 public:
  /// `key` signs; see `derive_key`.
  explicit blob_signer(std::string key) : key_(std::move(key)) {}

  /// Set once, when it is known and before the first URL is made.
  void set_root_url(std::string root_url) { root_url_ = std::move(root_url); }
  const std::string& root_url() const { return root_url_; }

  /// A URL that takes one PUT or more until it ends.
  std::string put_url(std::string_view blob_key, std::string_view content_type,
                      timestamp expires) const;

  /// A URL that answers GET and HEAD until it ends.
  std::string get_url(std::string_view blob_key, timestamp expires) const;

  /// Checks a request. `verb` is PUT, GET or HEAD, `blob_key` the decoded rest of the path, and
  /// `query` raw. Errors are `insufficient_scopes` (403) with a text for people.
  outcome<signed_blob> verify(std::string_view verb, std::string_view blob_key,
                              std::string_view query, timestamp now) const;

  /// The path below the root URL where all these URLs begin.
  static constexpr std::string_view path_prefix = "/api/troupe/v1/blob/";

 private:
  std::string signature(std::string_view verb, std::string_view blob_key, std::string_view expires,
                        std::string_view content_type) const;

  std::string key_;
  std::string root_url_;
};

}  // namespace troupe
