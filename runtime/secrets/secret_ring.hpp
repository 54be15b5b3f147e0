#pragma once

#include "messages/api_error.hpp"
#include "runtime/clock/random.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The keys that secrets are sealed with: the newest seals, all of them open. Sealed texts name
/// their key by an id that is made from it.
class secret_ring {
 public:
  /// Reads keys as files and settings have them: 32 bytes each in base64, newest first, with
  /// blanks, commas or line ends between them; what follows a `#` in a line is for people.
  static outcome<secret_ring> parse(std::string_view text);

  /// A new key, as `parse` reads it.
  static std::string make_key(random_source& random);

  /// The ring for another kind of texts: a key made from each of these, under the same id. What one
  /// of the two has sealed the other does not open.
  secret_ring derived(std::string_view purpose) const;

  /// AES-256-GCM: `1.<id of the key>.<nonce, text and tag in URL-safe base64>`. It opens for the
  /// same `about` only, so that nobody can put it into the place of another one.
  std::string seal(std::string_view plain, std::string_view about, random_source& random) const;

  /// The text that was sealed; nothing when it was changed, was about something else, or none of
  /// the keys fits.
  std::optional<std::string> open(std::string_view sealed, std::string_view about) const;

  /// The id of the key that sealed it; empty for what is no sealed text.
  static std::string_view key_of(std::string_view sealed);

  /// Whether it has the key of that id.
  bool has(std::string_view key_id) const { return find(key_id) != nullptr; }

  /// The id of the key that seals.
  const std::string& newest() const { return keys_.front().id; }

  std::size_t size() const { return keys_.size(); }

 private:
  struct key {
    std::string id;
    std::string bytes;
  };

  const key* find(std::string_view id) const;

  std::vector<key> keys_;
};

/// Overwrites the text before it is emptied, so that it does not stay behind in freed memory.
void wipe(std::string& text);

/// Overwrites memory.
void wipe(char* text, std::size_t size);

}  // namespace troupe
