#pragma once

#include "actors/mirror/mirror_state.hpp"
#include "messages/mirror_commands.hpp"
#include "runtime/config/mirror_settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// The law of copies (object contract 7.2): absent -> copying -> present or failed -> leaving ->
// absent.

/// The settings of a site; null for one that is not configured.
const mirror_site_settings* site_called(const mirror_settings& config, std::string_view id);

/// The copy, if there is one, whatever its phase.
const kept_copy* known_copy(const mirror_state& state, const copy_id& id);

/// What somebody who wants a blob at a site is told.
enum class copy_use : std::uint8_t {
  serve,  ///< there is a copy: go there
  begin,  ///< go to the data themselves, and a copy is to be made
  join,   ///< the same, one is being made already
  none,   ///< the same, none is to be made now
};

copy_use decide_use(const mirror_state& state, const mirror_site_settings& site,
                    const wanted_blob& blob, timestamp now);

/// Whether it is worth while to wait for a copy that is being made and `copied` bytes of which are
/// there.
bool worth_waiting(const mirror_state& state, const mirror_settings& config, std::string_view site,
                   std::optional<std::uint64_t> size, std::uint64_t copied);

// -- rows as they are to be written ---------------------------------------------------------------

/// A copy begins, or goes on.
copy_row begun_copy(const mirror_state& state, const mirror_settings& config, const copy_id& id,
                    timestamp expires, timestamp now);

/// It is complete.
copy_row arrived_copy(const kept_copy& before, std::uint64_t size, timestamp now);

/// It failed; `lasting` is for what will be no better the next time.
copy_row failed_copy(const kept_copy& before, const mirror_settings& config, std::string reason,
                     bool lasting, timestamp now);

/// Nobody is sent there any more. `then` its data go.
copy_row leaving_copy(const kept_copy& before, timestamp then);

/// Somebody is sent to a copy that is present: the row, if it is to be written again.
std::optional<copy_row> used_copy(mirror_state& state, const mirror_site_settings& site,
                                  const copy_id& id, timestamp expires, timestamp now);

/// Puts a row in, or into the place of the one before. `site` is null when it is not configured.
void apply_copy(mirror_state& state, const mirror_site_settings* site, const copy_id& id,
                copy_row row);

/// Takes a copy out.
void apply_absence(mirror_state& state, const copy_id& id);

/// A copy of so many bytes took so long.
void note_speed(mirror_state& state, const std::string& site, std::uint64_t bytes,
                std::chrono::milliseconds took);

// -- the end --------------------------------------------------------------------------------------

/// Those that have to go so that the others have room, the one first that nobody read for longest.
/// `but` stays.
std::vector<copy_id> without_room(const mirror_state& state, const mirror_site_settings& site,
                                  std::string_view but);

/// All copies of a blob.
std::vector<copy_id> copies_of(const mirror_state& state, const mirror_settings& config,
                               const std::string& blob);

/// Up to `most` copies about which something is due; each is in the order of time again when its
/// row changes, or by `look_again`.
std::vector<copy_id> take_due(mirror_state& state, timestamp now, std::size_t most);

/// Nothing could be done about the copy: it is due again `then`.
void look_again(mirror_state& state, const copy_id& id, timestamp then);

/// When the next one is due.
std::optional<timestamp> next_due_copy(const mirror_state& state);

// -- texts ----------------------------------------------------------------------------------------

/// The field of the row in Redis: `<site>/<blob>`.
std::string copy_field(const copy_id& id);
std::optional<copy_id> read_copy_field(std::string_view field);

/// The row as Redis has it.
std::string copy_row_text(const copy_row& row);
/// The row that was stored; nothing when the text makes no sense.
std::optional<copy_row> read_copy_row(std::string_view text);

/// Where a site's store has the copy of a blob.
std::string mirror_key(std::string_view site, std::string_view blob);

}  // namespace troupe
