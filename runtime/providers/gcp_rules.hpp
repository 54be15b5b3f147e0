#pragma once

#include "messages/api_error.hpp"
#include "messages/timestamp.hpp"
#include "runtime/config/provider_accounts.hpp"
#include "runtime/web/web_message.hpp"

#include <string>
#include <string_view>

namespace troupe {

/// Whether a token of this service account may be made; otherwise the error.
outcome<void> check_service_account(const gcp_account& account, std::string_view project,
                                    std::string_view service_account);

/// The request for an access token of our own account, by a signed assertion.
web_request gcp_own_token_request(const gcp_account& account, timestamp now);

/// The token in the answer.
outcome<std::string> gcp_own_token(const web_answer& answer);

/// The request for a token of another service account, good for an hour.
web_request gcp_token_request(const gcp_account& account, std::string_view service_account,
                              std::string_view own_token);

/// What gcpCredentials answers when Google answered this.
outcome<std::string> gcp_token_answer(const web_answer& answer);

}  // namespace troupe
