#pragma once

#include "messages/api_error.hpp"
#include "messages/timestamp.hpp"
#include "runtime/config/provider_accounts.hpp"
#include "runtime/web/web_message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// What an account of Azure holds.
enum class azure_kind : std::uint8_t { table, container };

/// A table or a container of an account.
struct azure_place {
  azure_kind kind = azure_kind::table;
  std::string account;
  std::string name;
};

/// The answer of azureTableSAS and azureContainerSAS: a service SAS, made from the account's key,
/// that is good from 15 minutes ago until in 25 minutes.
std::string azure_sas_answer(const azure_place& place, const azure_account& account, bool read_only,
                             timestamp now);

/// The SAS between two times, as a query string.
std::string azure_sas(const azure_place& place, std::string_view key, bool read_only,
                      timestamp start, timestamp end);

/// The signed request that makes the place.
web_request azure_creation(const azure_place& place, const azure_account& account, timestamp now);

/// Whether the place is there after this answer; otherwise the error.
outcome<void> azure_created(const web_answer& answer);

/// The signed request for one page of the tables or containers of an account; `name` of the place
/// is not looked at.
web_request azure_listing(const azure_place& place, const azure_account& account,
                          std::string_view continuation, timestamp now);

/// What azureTables and azureContainers answer when the account answered this.
outcome<std::string> azure_listing_answer(azure_kind kind, const web_answer& answer);

}  // namespace troupe
