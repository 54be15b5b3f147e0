#include "runtime/files/gzip_file.hpp"

#include "runtime/files/descriptor.hpp"

#include <zlib.h>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace troupe {

namespace {

constexpr std::size_t piece = 128 * 1024;

api_error problem(const std::string& what) {
  return make_api_error(error_code::service_unavailable, what + ": " + std::strerror(errno));
}

class packer {
 public:
  explicit packer(int to) : to_(to), out_(piece, '\0') {
    constexpr int gzip_window = 15 + 16;
    deflateInit2(&stream_, 6, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY);
  }
  ~packer() { deflateEnd(&stream_); }
  packer(const packer&) = delete;
  packer& operator=(const packer&) = delete;

  // Whether the output could be written.
  bool add(char* bytes, std::size_t size, bool last) {
    stream_.next_in = reinterpret_cast<Bytef*>(bytes);
    stream_.avail_in = static_cast<uInt>(size);
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
      if (!write(out_.size() - stream_.avail_out))
        return false;
    } while (stream_.avail_out == 0);
    return true;
  }

 private:
  bool write(std::size_t size) {
    for (std::size_t at = 0; at < size;) {
      const auto written = ::write(to_, out_.data() + at, size - at);
      if (written <= 0)
        return false;
      at += static_cast<std::size_t>(written);
    }
    return true;
  }

  int to_;
  std::string out_;
  z_stream stream_{};
};

}  // namespace

outcome<void> gzip_file(int from, std::uint64_t size, const std::string& to) {
  const descriptor target{
      ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!target)
    return problem("cannot write " + to);
  packer packs{target.get()};
  std::string in(piece, '\0');
  std::uint64_t at = 0;
  bool last = false;
  while (!last) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), size - at));
    const auto got = wanted == 0 ? 0 : ::pread(from, in.data(), wanted, static_cast<off_t>(at));
    if (got < 0)
      return problem("cannot be read");
    at += static_cast<std::uint64_t>(got);
    last = got == 0 || at == size;
    if (!packs.add(in.data(), static_cast<std::size_t>(got), last))
      return problem("cannot write " + to);
  }
  return boost::system::in_place_value;
}

}  // namespace troupe
