#include "workers/files/snappy_stream.hpp"

#include "tests/unit/workers/files/scratch.hpp"
#include "workers/files/unpacking.hpp"

#include <boost/algorithm/hex.hpp>
#include <catch2/catch_all.hpp>

using namespace troupe;

namespace {

const std::atomic<bool> go_on{false};

std::string bytes(const std::string& hex) { return boost::algorithm::unhex(hex); }

// As the encoder of the stock generic-worker's language makes it of the text below.
const std::string begin = "ff060000734e61507059";
const std::string chunk =
    "002e00008354cbbeff014854726f7570652072756e73207461736b732e20fe1300fe130005130061fe01008a0100"
    "08656e64";

std::string text() {
  std::string made;
  for (int i = 0; i < 8; ++i)
    made += "Troupe runs tasks. ";
  return made + std::string(100, 'a') + "end";
}

/// What the file of these bytes holds, or why it cannot be unpacked.
std::string unpacked(const std::string& packed) {
  const scratch place;
  const auto from = place.write("packed.sz", packed);
  const auto done = unpack_file(from, "sz", place / "plain", go_on);
  return done ? place.read("plain") : "! " + done.error().message;
}

bool is_wrong(const std::string& block) { return !unpack_snappy_block(bytes(block)).has_value(); }

}  // namespace

TEST_CASE("a file in the framing format of snappy is unpacked", "[snappy]") {
  CHECK(unpacked(bytes(begin + chunk)) == text());
  CHECK(unpacked(bytes(begin + chunk + begin + chunk)) == text() + text());
  CHECK(unpacked(bytes(begin)) == "");
  // One that is to be skipped, and one that is not packed.
  CHECK(unpacked(bytes(begin + "fe020000" + "0000" + chunk)) == text());
  const auto sum = snappy_checksum("plain");
  std::string plain = bytes("01090000");
  for (int shift = 0; shift < 32; shift += 8)
    plain += static_cast<char>(sum >> shift);
  CHECK(unpacked(bytes(begin) + plain + "plain") == "plain");
}

TEST_CASE("what is no snappy, or not all of it, is said", "[snappy]") {
  CHECK(unpacked("") == "! is no snappy data");
  CHECK(unpacked("plain text") == "! is no snappy data");
  CHECK(unpacked(bytes(chunk)) == "! is no snappy data");
  CHECK(unpacked(bytes(begin + "02010000" + "00")) == "! is no snappy data");
  CHECK(unpacked(bytes(begin + "ff060000734e61507058")) == "! is no snappy data");
  CHECK(unpacked(bytes(begin + "00020000" + "0000")) == "! is no snappy data");
  const auto whole = bytes(begin + chunk);
  for (const std::size_t cut : {std::size_t{1}, std::size_t{20}, chunk.size() / 2 - 2}) {
    INFO(cut);
    CHECK(unpacked(whole.substr(0, whole.size() - cut)) ==
          "! ends in the middle of its snappy data");
  }
  auto changed = whole;
  changed[30] ^= 1;
  CHECK(unpacked(changed) == "! has a checksum that is wrong");
}

TEST_CASE("the checksum of snappy is a masked CRC-32C", "[snappy]") {
  const std::uint32_t crc = 0xe3069283;  // of these digits, as everybody has it
  CHECK(snappy_checksum("123456789") == ((crc >> 15) | (crc << 17)) + 0xa282ead8);
}

TEST_CASE("blocks of snappy are unpacked, and never beyond what they say", "[snappy]") {
  CHECK(unpack_snappy_block(bytes("00")).value() == "");
  CHECK(unpack_snappy_block(bytes("0308616263")).value() == "abc");
  // Lengths of one and of two more bytes, and each kind of reference.
  CHECK(unpack_snappy_block(bytes("03f002616263")).value() == "abc");
  CHECK(unpack_snappy_block(bytes("03f40200616263")).value() == "abc");
  CHECK(unpack_snappy_block(bytes("0708616263"
                                  "0103"))
            .value() == "abcabca");
  CHECK(unpack_snappy_block(bytes("0608616263"
                                  "0a0300"))
            .value() == "abcabc");
  CHECK(unpack_snappy_block(bytes("0608616263"
                                  "0b03000000"))
            .value() == "abcabc");
  CHECK(is_wrong(""));
  CHECK(is_wrong("80"));
  CHECK(is_wrong("ffffffffff7f"));
  CHECK(is_wrong("81800408"));    // longer than blocks are
  CHECK(is_wrong("0408616263"));  // shorter than it says
  CHECK(is_wrong("0208616263"));  // longer
  CHECK(is_wrong("03086162"));    // cut off
  CHECK(is_wrong("03f4026162"));  // the same
  CHECK(
      is_wrong("0708616263"
               "0100"));  // back by nothing
  CHECK(
      is_wrong("0708616263"
               "0104"));  // before the beginning
  CHECK(
      is_wrong("0708616263"
               "01"));  // without saying how far
  CHECK(
      is_wrong("0508616263"
               "0103"));                    // beyond the end
  CHECK(is_wrong("04fcffffffff61626364"));  // a length that wraps around nowhere
}
