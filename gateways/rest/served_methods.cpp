#include "gateways/rest/served_methods.hpp"

#include "messages/api/router.hpp"

#include <boost/json.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <stdexcept>

namespace troupe {

struct served_methods::tables {
  router routes;
  std::vector<std::unique_ptr<served_method>> methods;
  boost::unordered_flat_map<const api_method*, const served_method*> by_row;
};

namespace {

/// A table that is not consistent is a mistake of ours, found by any start of the program.
[[noreturn]] void refuse(const api_method& row, std::string_view what) {
  throw std::logic_error("method " + std::string{row.service} + "." + std::string{row.name} + ": " +
                         std::string{what});
}

std::unique_ptr<served_method> make_ready(const api_method& row, api_handler serve) {
  auto method = std::make_unique<served_method>();
  method->row = &row;
  method->serve = serve;
  if (!row.scopes.empty()) {
    auto scopes = scope_template::parse(boost::json::parse(row.scopes));
    if (!scopes)
      refuse(row, scopes.error().message);
    method->scopes = std::move(*scopes);
  }
  method->is_public = method->scopes.is_public();
  if (!row.input.empty()) {
    method->input = schema_set::builtin().find(row.input);
    if (method->input == nullptr)
      refuse(row, "unknown schema " + std::string{row.input});
  }
  if (!row.output.empty() && row.output != "blob") {
    method->output = schema_set::builtin().find(row.output);
    if (method->output == nullptr)
      refuse(row, "unknown schema " + std::string{row.output});
  }
  const auto& needed = method->scopes.parameters();
  method->scopes_from_url =
      !method->is_public && std::all_of(needed.begin(), needed.end(), [&](const auto& parameter) {
        return parameter.is_text &&
               std::any_of(row.params.begin(), row.params.end(),
                           [&](const auto& p) { return p.name == parameter.name && !p.optional; });
      });
  return method;
}

}  // namespace

served_methods::served_methods() : tables_(std::make_unique<tables>()) {}

void served_methods::add(std::string base, const std::vector<api_method>& rows,
                         handler_finder handler_of) {
  tables_->routes.add(std::move(base), rows);
  for (const auto& row : rows) {
    const auto serve = handler_of(row.service, row.name);
    if (serve == nullptr)
      continue;
    tables_->methods.push_back(make_ready(row, serve));
    tables_->by_row[&row] = tables_->methods.back().get();
  }
}

served_methods::~served_methods() = default;

found_method served_methods::find(std::string_view verb, std::string_view path) const {
  found_method found;
  auto match = tables_->routes.match(verb, path);
  if (match.what == route_match::result::not_found)
    return found;
  const auto method = tables_->by_row.find(match.method);
  if (method == tables_->by_row.end())
    return found;
  found.method = method->second;
  found.values = std::move(match.values);
  found.bad_escape = match.what == route_match::result::bad_escape;
  return found;
}

std::string served_methods::allowed(std::string_view path) const {
  return tables_->routes.allowed(path);
}

const served_method* served_methods::by_name(std::string_view service,
                                             std::string_view name) const {
  for (const auto& method : tables_->methods)
    if (method->row->service == service && method->row->name == name)
      return method.get();
  return nullptr;
}

}  // namespace troupe
