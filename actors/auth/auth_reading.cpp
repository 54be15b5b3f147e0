// Answers to those who read clients and roles.

#include "actors/auth/auth_rules.hpp"
#include "actors/auth/auth_wire.hpp"
#include "messages/json_text.hpp"

namespace troupe {

namespace {

// Renders entries of a map from behind `after` on, as long as `belongs` and there is room.
template <class Map, class Belongs, class Render>
auth_page page_of(const Map& all, const read_auth& question, std::string_view first,
                  Belongs belongs, Render render) {
  auth_page page;
  auto at = question.after ? all.upper_bound(*question.after) : all.lower_bound(first);
  std::uint32_t count = 0;
  const std::string* last = nullptr;
  for (; at != all.end() && belongs(at->first); ++at, ++count) {
    if (question.limit != 0 && count == question.limit) {
      page.next = *last;
      break;
    }
    if (count > 0)
      page.body += ',';
    render(page.body, at->first, at->second);
    last = &at->first;
  }
  return page;
}

auth_page client_page(const auth_state& state, const read_auth& question) {
  auto page = page_of(
      state.clients, question, question.id,
      [&](const std::string& id) { return id.starts_with(question.id); },
      [&](std::string& out, const std::string& id, const client_row& row) {
        out += client_reply(id, row, state.expander);
      });
  page.body = R"({"clients":[)" + page.body + "]}";
  return page;
}

auth_page role_page(const auth_state& state, const read_auth& question) {
  const bool ids_only = question.what == auth_reading::role_ids;
  auto page = page_of(
      state.roles, question, {}, [](const std::string&) { return true; },
      [&](std::string& out, const std::string& id, const role_row& row) {
        if (ids_only)
          append_json_string(out, id);
        else
          out += role_reply(id, row, state.expander);
      });
  if (question.what == auth_reading::roles)
    page.body = '[' + page.body + ']';
  else
    page.body = (ids_only ? R"({"roleIds":[)" : R"({"roles":[)") + page.body + "]}";
  return page;
}

}  // namespace

outcome<auth_page> read_from(const auth_state& state, const read_auth& question) {
  switch (question.what) {
    case auth_reading::client: {
      const auto found = state.clients.find(question.id);
      if (found == state.clients.end())
        return make_api_error(error_code::resource_not_found, "Client not found");
      return auth_page{client_reply(question.id, found->second, state.expander), {}};
    }
    case auth_reading::role: {
      const auto found = state.roles.find(question.id);
      if (found == state.roles.end())
        return make_api_error(error_code::resource_not_found, "Role not found");
      return auth_page{role_reply(question.id, found->second, state.expander), {}};
    }
    case auth_reading::clients:
      return client_page(state, question);
    case auth_reading::roles:
    case auth_reading::roles_page:
    case auth_reading::role_ids:
      return role_page(state, question);
    case auth_reading::entity_history:
    case auth_reading::client_history:
      break;
  }
  return make_api_error(error_code::internal_server_error, "histories are not part of the state");
}

}  // namespace troupe
