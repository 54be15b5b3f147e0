#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

namespace troupe {

// Files of settings that are too structured for lines of the configuration: JSON, of which nothing
// is passed over in silence.

/// What is wrong with such a file; thrown where it is found, in the depth of it, and caught by
/// `read_settings_text`.
struct wrong_setting {
  std::string text;
};

[[noreturn]] void complain(std::string text);

/// An object of the file with the members that it may have.
class file_section {
 public:
  /// `name` is how a complaint calls it, as `aws[0]`. Complains when it is no object, and of
  /// members that are not known.
  file_section(const boost::json::value& from, std::string name,
               std::initializer_list<std::string_view> known);

  /// The member; null when there is none.
  const boost::json::value* find(std::string_view member) const {
    return members_->if_contains(member);
  }

  /// The text that must be there.
  std::string text(std::string_view member) const;

  /// The text; `otherwise` when there is none.
  std::string optional_text(std::string_view member, std::string otherwise) const;

  bool flag(std::string_view member, bool otherwise) const;

  const std::string& name() const { return name_; }

 private:
  const boost::json::object* members_ = nullptr;
  std::string name_;
};

/// The list that a member called `name` must be.
const boost::json::array& list_of(const boost::json::value& from, const std::string& name);

/// The object that a member called `name` must be, with something by each `key`.
const boost::json::object& map_of(const boost::json::value& from, const std::string& name,
                                  std::string_view what);

/// Hands the JSON of the text to `read`. Returns what is wrong; empty: nothing.
std::string read_settings_text(std::string_view text,
                               const std::function<void(const boost::json::value&)>& read);

/// Hands the text of a file to `read`, which returns what is wrong with it. Returns the same with
/// the file's name, or why there is no text.
std::string read_settings_file(const std::string& path,
                               const std::function<std::string(std::string_view)>& read);

}  // namespace troupe
