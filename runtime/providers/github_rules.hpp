#pragma once

#include "messages/api_error.hpp"
#include "messages/timestamp.hpp"
#include "runtime/config/provider_accounts.hpp"
#include "runtime/web/web_message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// An app's installation at an organisation or a person.
struct github_installation {
  std::int64_t id = 0;
  std::string owner;  ///< lower case; empty when GitHub did not say
};

/// The request that looks for the installation at an organisation, or at a person.
web_request github_installation_request(const github_app& app, std::string_view owner,
                                        bool of_person, timestamp now);

/// The installation; nothing when there is none; or the error.
outcome<std::optional<github_installation>> github_found_installation(const web_answer& answer);

/// Whether the installation is at this owner, whose name is in lower case.
outcome<void> check_installation(const github_installation& found, std::string_view owner);

/// The request for a token; `wanted` is the body, with repositories and permissions.
web_request github_token_request(const github_app& app, std::int64_t installation,
                                 std::string wanted, timestamp now);

/// What githubRepoToken answers when GitHub answered this, which was no 404.
outcome<std::string> github_token_answer(const web_answer& answer);

/// There is no such installation.
api_error github_not_installed(std::string_view app_name, std::string_view owner);

}  // namespace troupe
