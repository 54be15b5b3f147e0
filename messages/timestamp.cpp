#include "messages/timestamp.hpp"

#include <array>
#include <cstring>

namespace troupe {

namespace {

constexpr std::int64_t ms_per_day = 86'400'000;

bool read_digits(std::string_view text, std::size_t at, std::size_t count, int& out) {
  if (at + count > text.size())
    return false;
  out = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9')
      return false;
    out = out * 10 + (text[i] - '0');
  }
  return true;
}

// Two digits at once; divisions are what takes the time.
constexpr auto digit_pairs = [] {
  std::array<std::array<char, 2>, 100> pairs{};
  for (unsigned i = 0; i < 100; ++i)
    pairs[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  return pairs;
}();

void put_pair(char* at, unsigned value) { std::memcpy(at, digit_pairs[value].data(), 2); }

// Reads the offset that follows the seconds; nothing means UTC.
std::optional<int> read_offset_minutes(std::string_view rest) {
  if (rest.empty())
    return 0;
  if (rest.size() == 1 && (rest[0] == 'Z' || rest[0] == 'z'))
    return 0;
  int hours = 0;
  int minutes = 0;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':' ||
      !read_digits(rest, 1, 2, hours) || !read_digits(rest, 4, 2, minutes) || hours > 23 ||
      minutes > 59)
    return std::nullopt;
  const int total = hours * 60 + minutes;
  return rest[0] == '-' ? -total : total;
}

}  // namespace

void append_iso(std::string& out, timestamp t) {
  using namespace std::chrono;
  const auto days = floor<std::chrono::days>(milliseconds{t.ms});
  const year_month_day date{sys_days{days}};
  auto rest = static_cast<unsigned>(t.ms - days.count() * ms_per_day);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  char text[] = "0000-00-00T00:00:00.000Z";
  put_pair(text, year / 100);
  put_pair(text + 2, year % 100);
  put_pair(text + 5, static_cast<unsigned>(date.month()));
  put_pair(text + 8, static_cast<unsigned>(date.day()));
  const auto millis = rest % 1000;
  text[20] = static_cast<char>('0' + millis / 100);
  put_pair(text + 21, millis % 100);
  rest /= 1000;
  put_pair(text + 17, rest % 60);
  rest /= 60;
  put_pair(text + 14, rest % 60);
  put_pair(text + 11, rest / 60);
  out.append(text, 24);
}

std::string to_iso(timestamp t) {
  std::string out;
  append_iso(out, t);
  return out;
}

std::optional<timestamp> parse_date_time(std::string_view text) {
  using namespace std::chrono;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (text.size() < 19 || !read_digits(text, 0, 4, year) || text[4] != '-' ||
      !read_digits(text, 5, 2, month) || text[7] != '-' || !read_digits(text, 8, 2, day) ||
      (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || !read_digits(text, 11, 2, hour) ||
      text[13] != ':' || !read_digits(text, 14, 2, minute) || text[16] != ':' ||
      !read_digits(text, 17, 2, second))
    return std::nullopt;
  const year_month_day date{std::chrono::year{year},
                            std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59)
    return std::nullopt;
  std::size_t at = 19;
  int millis = 0;
  if (at < text.size() && text[at] == '.') {
    int place = 100;
    const auto first = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, place /= 10)
      millis += place * (text[at] - '0');
    if (at == first)
      return std::nullopt;
  }
  const auto offset = read_offset_minutes(text.substr(at));
  if (!offset)
    return std::nullopt;
  const std::int64_t days = sys_days{date}.time_since_epoch().count();
  const std::int64_t minutes_of_day = hour * 60 + minute - *offset;
  return timestamp{days * ms_per_day + minutes_of_day * 60'000 + second * 1000 + millis};
}

timestamp one_year_later(timestamp t) {
  using namespace std::chrono;
  const auto day = floor<days>(milliseconds{t.ms});
  const year_month_day date{sys_days{day}};
  year_month_day next{date.year() + years{1}, date.month(), date.day()};
  if (!next.ok())  // 29 February of a leap year
    next = year_month_day{next.year(), std::chrono::March, std::chrono::day{1}};
  const std::int64_t shift = (sys_days{next} - sys_days{date}).count() * ms_per_day;
  return timestamp{t.ms + shift};
}

}  // namespace troupe
