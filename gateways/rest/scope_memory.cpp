#include "gateways/rest/scope_memory.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>

namespace troupe {

namespace {

constexpr std::size_t longest_question = 2048;

template <class Plain>
void add_bytes(std::string& to, const Plain& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

bool scope_memory::ask(const scope_template& what, const scope_set_ptr& have, scope_lookup values,
                       bool wants_used) {
  const auto& parameters = what.parameters();
  const bool has_lists = std::any_of(parameters.begin(), parameters.end(),
                                     [](const auto& one) { return !one.is_text; });
  if (!has_lists)
    return false;
  question_.clear();
  const void* const template_address = &what;
  const void* const scopes_address = have.get();
  add_bytes(question_, template_address);
  add_bytes(question_, scopes_address);
  question_ += wants_used ? 'u' : '-';
  for (const auto& parameter : parameters)
    if (!add(values(parameter.name)) || question_.size() > longest_question)
      return false;
  have_ = have;
  return true;
}

const std::string* scope_memory::recall() const {
  const auto& found = entries_[place()];
  return found.have != nullptr && found.question == question_ ? &found.used : nullptr;
}

void scope_memory::keep(std::string_view used) {
  auto& into = entries_[place()];
  into.question = question_;
  into.used = used;
  into.have = have_;
}

void scope_memory::clear() {
  for (auto& one : entries_)
    one = {};
}

// Each value says how long it is, so that no two questions have one text.
bool scope_memory::add(const scope_value& value) {
  if (value.is_text) {
    add_text(value.text);
    return true;
  }
  if (value.json == nullptr)
    return false;
  if (value.json->is_string()) {
    add_text(value.json->get_string());
    return true;
  }
  if (value.json->is_bool()) {
    question_ += value.json->get_bool() ? 'y' : 'n';
    return true;
  }
  const auto* list = value.json->if_array();
  if (list == nullptr || list->size() > longest_question)
    return false;
  question_ += 'l';
  add_bytes(question_, static_cast<std::uint32_t>(list->size()));
  for (const auto& item : *list) {
    if (!item.is_string() || question_.size() > longest_question)
      return false;
    add_text(item.get_string());
  }
  return true;
}

void scope_memory::add_text(std::string_view text) {
  question_ += 't';
  add_bytes(question_, static_cast<std::uint32_t>(text.size()));
  question_ += text;
}

std::size_t scope_memory::place() const {
  return std::hash<std::string>{}(question_) % entries_.size();
}

}  // namespace troupe
