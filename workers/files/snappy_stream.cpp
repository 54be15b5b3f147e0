#include "workers/files/snappy_stream.hpp"

#include <array>

namespace troupe {

namespace {

constexpr std::uint8_t identifier = 0xff;
constexpr std::uint8_t packed_chunk = 0x00;
constexpr std::uint8_t plain_chunk = 0x01;
constexpr std::uint8_t first_to_skip = 0x80;
constexpr std::size_t checksum_size = 4;

constexpr std::array<std::uint32_t, 256> make_table() {
  constexpr std::uint32_t castagnoli = 0x82f63b78;  // its bits the other way round
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    auto value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value >> 1) ^ ((value & 1) != 0 ? castagnoli : 0);
    table[i] = value;
  }
  return table;
}

api_error broken() { return make_api_error(error_code::input_error, "is no snappy data"); }

// What is left of a block. Reading beyond it makes it bad for good.
class input {
 public:
  explicit input(std::string_view bytes) : bytes_(bytes) {}

  bool good() const { return good_; }
  bool is_empty() const { return bytes_.empty(); }

  std::string_view take(std::size_t count) {
    good_ = good_ && count <= bytes_.size();
    if (!good_)
      return {};
    const auto taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  /// A number of so many bytes, the lowest first.
  std::uint32_t number(std::size_t count) {
    std::uint32_t value = 0;
    unsigned shift = 0;
    for (const char c : take(count)) {
      value |= std::uint32_t{static_cast<std::uint8_t>(c)} << shift;
      shift += 8;
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

// Seven bits a byte, the lowest first, as long as the eighth is set.
std::size_t read_length(input& from) {
  constexpr unsigned most_bits = 21;  // more than any block has
  std::size_t length = 0;
  for (unsigned shift = 0; shift <= most_bits; shift += 7) {
    const auto byte = from.number(1);
    length |= std::size_t{byte & 0x7f} << shift;
    if ((byte & 0x80) == 0)
      return length;
  }
  return longest_snappy_block + 1;
}

// What a tag says: bytes that follow, or some that came before, so far back.
struct element {
  bool follows = false;
  std::size_t length = 0;
  std::size_t back = 0;
};

element read_element(input& from) {
  constexpr std::uint32_t longest_in_tag = 60;
  const auto tag = from.number(1);
  const auto upper = tag >> 2;
  switch (tag & 3) {
    case 0:
      return {true,
              upper < longest_in_tag ? upper + 1
                                     : std::size_t{from.number(upper - longest_in_tag + 1)} + 1,
              0};
    case 1:
      return {false, (upper & 7) + 4, ((tag >> 5) << 8) | from.number(1)};
    case 2:
      return {false, upper + 1, from.number(2)};
    default:
      return {false, upper + 1, from.number(4)};
  }
}

}  // namespace

std::uint32_t snappy_checksum(std::string_view plain) {
  static constexpr auto table = make_table();
  constexpr std::uint32_t mask = 0xa282ead8;
  std::uint32_t sum = ~std::uint32_t{0};
  for (const char c : plain)
    sum = (sum >> 8) ^ table[(sum ^ static_cast<std::uint8_t>(c)) & 0xff];
  sum = ~sum;
  return ((sum >> 15) | (sum << 17)) + mask;
}

outcome<std::string> unpack_snappy_block(std::string_view packed) {
  input from{packed};
  const auto length = read_length(from);
  if (!from.good() || length > longest_snappy_block)
    return broken();
  std::string plain;
  plain.reserve(length);
  while (!from.is_empty()) {
    const auto next = read_element(from);
    if (!from.good() || next.length > length - plain.size())
      return broken();
    if (next.follows) {
      plain += from.take(next.length);
    } else if (next.back == 0 || next.back > plain.size()) {
      return broken();
    } else {
      // It may be that what is repeated is only made by that.
      for (std::size_t i = 0; i < next.length; ++i)
        plain += plain[plain.size() - next.back];
    }
    if (!from.good())
      return broken();
  }
  if (plain.size() != length)
    return broken();
  return plain;
}

outcome<std::string> unpack_snappy_chunk(std::uint8_t type, std::string_view data) {
  if (type >= first_to_skip && type != identifier)
    return std::string{};
  if (type == identifier) {
    if (!begins_snappy(type, data))
      return broken();
    return std::string{};
  }
  if ((type != packed_chunk && type != plain_chunk) || data.size() < checksum_size)
    return broken();
  const auto sum = input{data}.number(checksum_size);
  data.remove_prefix(checksum_size);
  if (type == plain_chunk && data.size() > longest_snappy_block)
    return broken();
  auto plain =
      type == packed_chunk ? unpack_snappy_block(data) : outcome<std::string>{std::string{data}};
  if (plain && snappy_checksum(*plain) != sum)
    return make_api_error(error_code::input_error, "has a checksum that is wrong");
  return plain;
}

bool begins_snappy(std::uint8_t type, std::string_view data) {
  return type == identifier && data == "sNaPpY";
}

}  // namespace troupe
