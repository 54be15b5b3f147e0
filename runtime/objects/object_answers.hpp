#pragma once

#include "messages/answer.hpp"
#include "messages/object_commands.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

// How uploads and downloads are agreed upon (object contract 3 and 4).

/// How an object gets its data.
enum class upload_method : std::uint8_t {
  none,         ///< nothing was proposed that can be used
  data_inline,  ///< with the call itself
  put_url,      ///< by a PUT to an URL
};

/// The method for these proposals: data that are there already are best.
upload_method choose_upload(const upload_proposal& proposed);

/// The headers with which a client has to PUT.
std::vector<std::pair<std::string, std::string>> put_headers(const upload_proposal& proposed);

/// What createUpload answers. `url` takes the data until `until`, when the method is `put_url`.
std::string create_upload_text(std::string_view project_id, std::string_view upload_id,
                               timestamp expires, const upload_proposal& proposed,
                               upload_method method, std::string_view url, timestamp until);

/// What is known of an object that is complete.
struct known_object {
  std::string_view project_id;
  timestamp expires;
  std::string_view hashes;  ///< a JSON object; empty: none
};

/// What startDownload, download and object answer. `url` answers with the data until `until`.
answer object_answer(object_reading as, const known_object& object, std::string_view url,
                     timestamp until);

}  // namespace troupe
