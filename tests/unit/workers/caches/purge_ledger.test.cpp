#include "workers/caches/purge_ledger.hpp"

#include <boost/json.hpp>
#include <catch2/catch_all.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

const timestamp noon = *parse_date_time("2030-01-01T12:00:00.000Z");

std::vector<purge_request> take(purge_ledger& ledger, const std::string& cache, timestamp before,
                                timestamp asked) {
  return ledger.take(boost::json::parse(R"({"requests": [{"cacheName": ")" + cache +
                                        R"(", "before": ")" + to_iso(before) + R"("}]})"),
                     asked);
}

}  // namespace

TEST_CASE("workers 3.1.2: purge requests are obeyed once, with slack", "[caches]") {
  purge_ledger ledger;
  CHECK_FALSE(ledger.since().has_value());
  CHECK(ledger.is_due(noon));
  CHECK(take(ledger, "c", noon, noon) == std::vector<purge_request>{{"c", noon + 5min}});
  CHECK(ledger.since() == noon - 5min);
  CHECK_FALSE(ledger.is_due(noon + 5h));
  CHECK(ledger.is_due(noon + 6h));
  // Heard again, it does not touch a cache that was made meanwhile; a later one does.
  CHECK(take(ledger, "c", noon, noon + 1min).empty());
  CHECK(take(ledger, "d", noon, noon + 1min).size() == 1);
  CHECK(take(ledger, "c", noon + 1s, noon + 1min).size() == 1);
}

TEST_CASE("answers that are none do no harm", "[caches]") {
  purge_ledger ledger;
  for (const auto* text : {"null", "{}", R"({"requests": 1})",
                           R"({"requests": [1, {}, {"cacheName": "c", "before": "soon"}]})"})
    CHECK(ledger.take(boost::json::parse(text), noon).empty());
}
