#pragma once

#include "messages/answer.hpp"
#include "messages/reply_handle.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace troupe {

// What the keeper of copies at other sites is told (object contract 7.2). A blob is called as the
// object service calls it; so artifacts are `t/<taskId>/<runId>/<name>`, whatever their type.

/// Where the data themselves are.
struct blob_source {
  std::string local_key;  ///< in the store on the server's disk; empty: elsewhere
  std::string url;        ///< what answers with them for the next half hour
};

/// What is known of the data that a caller wants.
struct wanted_blob {
  std::string name;
  blob_source source;
  timestamp expires;
  std::optional<std::uint64_t> size;  ///< what its creator said
  std::string sha256;                 ///< of the content, in hexadecimal; empty: not known
  bool open_to_all = false;           ///< who has its URL may have it
};

/// Read what Redis holds; the first message.
struct open_mirrors {};

/// Somebody at a site wants the data: answer where a copy is, or where they are themselves.
struct find_copy {
  std::string site;
  wanted_blob blob;
  std::string canonical_url;
  timestamp canonical_until;  ///< so long that one is good
  /// Makes the answer of a URL.
  std::function<answer(const std::string& url, timestamp until)> form;
  reply_handle reader;
};

/// The data are gone: all copies have to go.
struct forget_copies {
  std::string blob;
};

/// Somebody wants a copy gone. Answered with 204, and with 404 for an unknown site.
struct purge_copy {
  std::string site;
  std::string blob;
  reply_handle reply;
};

/// Something may be due.
struct mirrors_timer_fired {};

}  // namespace troupe
