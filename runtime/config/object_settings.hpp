#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// Where objects go (object contract 5). What there is without a file: the backend `local`, for all.

/// An S3 store that keeps objects in a bucket.
struct s3_backend_settings {
  std::string endpoint;  ///< `http[s]://host[:port]`; empty: AWS
  std::string region = "us-east-1";
  std::string bucket;
  std::string access_key_id;
  std::string secret_access_key;
  bool path_style = true;
  bool sign_get_urls = true;  ///< otherwise everybody may read the bucket
};

/// Reads such a store from a file of settings, where it is called `name`; throws `wrong_setting`.
s3_backend_settings read_s3_store(const boost::json::value& from, const std::string& name);

/// What a text has to be.
struct text_condition {
  enum class kind : std::uint8_t {
    exact,
    pattern,  ///< the text is a regular expression, which is searched
  };
  kind how = kind::exact;
  std::string text;
};

/// Which new objects a backend takes.
struct backend_rule {
  std::string backend_id;
  std::optional<text_condition> project;
  std::optional<text_condition> name;
};

/// A cache that has the objects with such names.
struct object_cache {
  std::string names;     ///< a regular expression, which is searched
  std::string base_url;  ///< the name is appended to it
};

/// The id of the backend that is always there: the disk of the server.
inline constexpr std::string_view local_backend_id = "local";

/// All of it.
struct object_settings {
  std::map<std::string, s3_backend_settings, std::less<>> s3;     ///< by backendId
  std::vector<std::string> local{std::string{local_backend_id}};  ///< more ids of the disk
  std::vector<backend_rule> rules{
      {std::string{local_backend_id}, {}, {}}};  ///< the first that fits
  std::vector<object_cache> caches;              ///< the same
};

/// Reads the JSON text of the file; returns what is wrong with it, or an empty text. What is said
/// shows no secret.
std::string read_object_settings(std::string_view json, object_settings& into);

/// The same with the file at this path.
std::string read_object_file(const std::string& path, object_settings& into);

}  // namespace troupe
