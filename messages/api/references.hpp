#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A document that tells programs what is served: the methods, exchanges, records of the log
/// or metrics of a service, or a schema (api-conventions section 16).
struct reference_document {
  std::string filename;  ///< `references/queue/v1/api.json`, `schemas/queue/v1/task.json`
  boost::json::value
      content;  ///< `$schema` and `$id` begin at the root of the server: `/schemas/...`
};

/// Makes all of them out of the tables of methods, exchanges, records and metrics, so they say what
/// is there; sorted by name, the manifest among them. Takes some milliseconds and megabytes.
std::vector<reference_document> make_reference_documents();

/// The text of a document as a server with that root URL gives it away.
std::string absolute_text(const reference_document& document, std::string_view root_url);

}  // namespace troupe
