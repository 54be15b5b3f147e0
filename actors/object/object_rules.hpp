#pragma once

#include "actors/object/object_state.hpp"
#include "messages/answer.hpp"
#include "messages/api_error.hpp"
#include "messages/object_commands.hpp"
#include "runtime/objects/object_answers.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// The law of objects (object contract 2).

/// How long an upload may take.
inline constexpr std::chrono::hours upload_lasts{24};

/// From then on the object is there for nobody: it has expired, or its upload was given up.
timestamp end_of(const object_row& row);

/// The object of that name, if there is one, whatever its state.
const object_row* known_object_of(const object_state& state, std::string_view name);

/// createUpload (2.1): the row as it is to be written, which is the same when a call is repeated.
/// `backend_id` is for a new object; one that exists stays where it is. Errors: 409 for a name or
/// an uploadId that was taken before, and for other hashes; 400 for data that have other hashes.
outcome<object_row> decide_create(const object_state& state, const create_object& command,
                                  std::string_view backend_id, timestamp now);

/// finishUpload (2.2): the row of the finished object, the same when it was finished before.
/// Errors: 404; 400 for another project and for data that have other hashes; 409 for another
/// upload or other hashes; 410 for an upload that was given up, or an object that expired.
outcome<object_row> decide_finish(const object_state& state, const finish_object& command,
                                  timestamp now);

/// The row of a finished object; 404, and 410 for one that expired.
outcome<object_row> decide_find(const object_state& state, std::string_view name, timestamp now);

/// Puts a row in, or into the place of the one before.
void apply_object(object_state& state, const std::string& name, object_row row);

/// Takes a row out.
void apply_removal(object_state& state, std::string_view name);

// -- the end --------------------------------------------------------------------------------------

/// Up to `most` names of those that ended before `then`, which are no longer in the order of ends:
/// whoever asks removes their data.
std::vector<std::string> take_ended(object_state& state, timestamp then, std::size_t most);

/// The data could not be removed: it is tried again at `then`.
void try_again(object_state& state, const std::string& name, timestamp then);

/// When the next one ends.
std::optional<timestamp> next_end(const object_state& state);

// -- texts ----------------------------------------------------------------------------------------

/// The row as Redis has it.
std::string object_row_text(const object_row& row);
/// The row that was stored; nothing when the text makes no sense.
std::optional<object_row> read_object_row(std::string_view text);

}  // namespace troupe
