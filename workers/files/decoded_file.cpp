#include "workers/files/decoded_file.hpp"

#include "workers/files/snappy_stream.hpp"

#include <brotli/decode.h>
#include <zlib.h>

#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace troupe {

namespace {

constexpr std::size_t block = 128 * 1024;

api_error broken(const std::string& what) { return make_api_error(error_code::input_error, what); }

}  // namespace

struct decoded_file::decoder {
  explicit decoder(descriptor from) : file(std::move(from)), packed(block), plain(block) {}
  virtual ~decoder() = default;

  virtual outcome<std::string_view> next() = 0;

  // Whether there was more.
  outcome<bool> refill() {
    const auto got = ::read(file.get(), packed.data(), packed.size());
    if (got < 0)
      return broken(std::string{"cannot be read: "} + std::strerror(errno));
    input = reinterpret_cast<const std::uint8_t*>(packed.data());
    left = static_cast<std::size_t>(got);
    return left > 0;
  }

  descriptor file;
  std::vector<char> packed;
  std::vector<char> plain;
  const std::uint8_t* input = nullptr;
  std::size_t left = 0;
  bool ended = false;
};

struct decoded_file::brotli_decoder final : decoder {
  using decoder::decoder;
  ~brotli_decoder() override { BrotliDecoderDestroyInstance(state); }

  outcome<std::string_view> next() override {
    while (!ended) {
      auto* out = reinterpret_cast<std::uint8_t*>(plain.data());
      std::size_t room = plain.size();
      const auto result = BrotliDecoderDecompressStream(state, &left, &input, &room, &out, nullptr);
      if (result == BROTLI_DECODER_RESULT_ERROR)
        return broken("is no brotli data");
      ended = result == BROTLI_DECODER_RESULT_SUCCESS;
      if (room < plain.size())
        return std::string_view{plain.data(), plain.size() - room};
      if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) {
        TROUPE_TRY(const bool more, refill());
        if (!more)
          return broken("ends in the middle of its brotli data");
      }
    }
    return std::string_view{};
  }

  BrotliDecoderState* state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
};

struct decoded_file::snappy_decoder final : decoder {
  using decoder::decoder;

  outcome<std::string_view> next() override {
    while (!ended) {
      TROUPE_TRY(const auto head, take(head_size));
      if (head.empty() && begun) {
        ended = true;
        break;
      }
      if (head.size() < head_size)
        return broken(begun ? cut_off : "is no snappy data");
      const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(head[i]); };
      const auto type = byte(0);
      const auto size =
          std::size_t{byte(1)} | std::size_t{byte(2)} << 8 | std::size_t{byte(3)} << 16;
      TROUPE_TRY(const auto data, take(size));
      if (data.size() < size)
        return broken(begun ? cut_off : "is no snappy data");
      if (!begun && !begins_snappy(type, data))
        return broken("is no snappy data");
      begun = true;
      TROUPE_TRY(unpacked, unpack_snappy_chunk(type, data));
      if (!unpacked.empty())
        return std::string_view{unpacked};
    }
    return std::string_view{};
  }

  // So many bytes, or what there is at the end.
  outcome<std::string> take(std::size_t count) {
    std::string taken;
    while (taken.size() < count) {
      if (left == 0) {
        TROUPE_TRY(const bool more, refill());
        if (!more)
          break;
      }
      const auto part = std::min(left, count - taken.size());
      taken.append(reinterpret_cast<const char*>(input), part);
      input += part;
      left -= part;
    }
    return taken;
  }

  static constexpr std::size_t head_size = 4;
  static constexpr const char* cut_off = "ends in the middle of its snappy data";
  bool begun = false;
  std::string unpacked;
};

struct decoded_file::zlib_decoder final : decoder {
  explicit zlib_decoder(descriptor from) : decoder(std::move(from)) { inflateInit(&stream); }
  ~zlib_decoder() override { inflateEnd(&stream); }

  outcome<std::string_view> next() override {
    while (!ended) {
      if (left == 0) {
        TROUPE_TRY(const bool more, refill());
        if (!more)
          return broken("ends in the middle of its zlib data");
      }
      stream.next_in = const_cast<Bytef*>(input);
      stream.avail_in = static_cast<uInt>(left);
      stream.next_out = reinterpret_cast<Bytef*>(plain.data());
      stream.avail_out = static_cast<uInt>(plain.size());
      const int result = inflate(&stream, Z_NO_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END)
        return broken("is no zlib data");
      input = stream.next_in;
      left = stream.avail_in;
      ended = result == Z_STREAM_END;
      if (stream.avail_out < plain.size())
        return std::string_view{plain.data(), plain.size() - stream.avail_out};
    }
    return std::string_view{};
  }

  z_stream stream{};
};

decoded_file::decoded_file(descriptor file, std::string_view format) {
  if (format == "br")
    decoder_ = std::make_unique<brotli_decoder>(std::move(file));
  else if (format == "sz")
    decoder_ = std::make_unique<snappy_decoder>(std::move(file));
  else
    decoder_ = std::make_unique<zlib_decoder>(std::move(file));
}

decoded_file::~decoded_file() = default;

outcome<std::string_view> decoded_file::next() { return decoder_->next(); }

}  // namespace troupe
