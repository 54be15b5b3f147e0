#pragma once

#include "messages/api_error.hpp"
#include "messages/mirror_commands.hpp"
#include "messages/object_commands.hpp"
#include "messages/timestamp.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace troupe {

class lane;

/// An object as a backend knows it.
struct stored_object {
  std::string name;
  std::string upload_id;  ///< of the upload that makes it, or has made it
};

/// What keeps the data of objects (object contract 5.2). Used on the lane that is given, which it
/// does not block: `done` is called later, on that lane. After an error the call may be repeated.
class object_backend {
 public:
  using done_handler = std::function<void(outcome<void>)>;

  virtual ~object_backend() = default;

  /// Whether objects of this name can be kept; the error says why not.
  virtual outcome<void> accepts(std::string_view name) const = 0;

  /// A URL that takes the data until `until`, by a PUT with the headers of `put_headers`.
  virtual std::string put_url(const stored_object& object, const upload_proposal& proposed,
                              timestamp now, timestamp until) const = 0;

  /// A URL that answers with the data of a finished object until `until`.
  virtual std::string get_url(const stored_object& object, timestamp now,
                              timestamp until) const = 0;

  /// Where the data of a finished object are read from to be copied.
  virtual blob_source source_of(const stored_object& object, timestamp now, timestamp until) const {
    return {{}, get_url(object, now, until)};
  }

  /// Takes data that came with the call, as if they had been uploaded.
  virtual void put(lane& on, const stored_object& object, std::string content_type,
                   std::string bytes, done_handler done) = 0;

  /// Makes what was uploaded the data of the object; one call for an object at a time. A 400 when
  /// nothing was uploaded, or when it is known to have other hashes.
  virtual void finish(lane& on, const stored_object& object, std::string hashes,
                      done_handler done) = 0;

  /// Removes all data of the object; fine when there are none.
  virtual void remove(lane& on, const stored_object& object, done_handler done) = 0;
};

}  // namespace troupe
