#include "runtime/blobs/blob_store.hpp"

#include <openssl/evp.h>
#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace troupe {

namespace {

constexpr std::size_t block_size = 4096;
constexpr std::size_t longest_kept_key = 2000;

api_error failed(const std::string& what) {
  const int code = errno;
  return make_api_error(error_code::service_unavailable,
                        "The artifact store cannot " + what + ": " + std::strerror(code) +
                            (code == ENOSPC ? "; free some space and repeat" : "; repeat later"));
}

EVP_MD_CTX* begin_digest(const EVP_MD* algorithm) {
  auto* digest = EVP_MD_CTX_new();
  EVP_DigestInit_ex(digest, algorithm, nullptr);
  return digest;
}

std::string hex(const unsigned char* bytes, std::size_t size) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

bool write_all(int fd, const char* bytes, std::size_t size, std::int64_t at) {
  while (size > 0) {
    const auto n = at < 0 ? ::write(fd, bytes, size) : ::pwrite(fd, bytes, size, at);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    bytes += n;
    size -= static_cast<std::size_t>(n);
    if (at >= 0)
      at += n;
  }
  return true;
}

bool sync_directory(const std::string& file_path) {
  const auto directory = file_path.substr(0, file_path.rfind('/'));
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return false;
  const bool good = ::fsync(fd) == 0;
  ::close(fd);
  return good;
}

std::string make_block(std::string_view key, const blob_info& info) {
  auto block = boost::json::serialize(boost::json::object{
      {"blob", 1},
      {"contentType", info.content_type},
      {"contentEncoding", info.content_encoding},
      {"etag", info.etag},
      {"sha256", info.sha256},
      {"sha512", info.sha512},
      {"key", key.substr(0, longest_kept_key)},
  });
  // The content's type and encoding come from bounded sources; a key may be cut, they may not.
  if (block.size() >= block_size)
    block = boost::json::serialize(boost::json::object{{"blob", 1},
                                                       {"contentType", info.content_type},
                                                       {"contentEncoding", info.content_encoding},
                                                       {"etag", info.etag},
                                                       {"sha256", info.sha256},
                                                       {"sha512", info.sha512}});
  block.resize(block_size, ' ');
  block.back() = '\n';
  return block;
}

bool read_block(int fd, blob_info& info) {
  char block[block_size];
  if (::pread(fd, block, sizeof block, 0) != static_cast<ssize_t>(sizeof block))
    return false;
  boost::system::error_code wrong;
  const auto value = boost::json::parse({block, sizeof block}, wrong);
  if (wrong || !value.is_object())
    return false;
  auto text = [&value](const char* name) {
    const auto* member = value.get_object().if_contains(name);
    return member != nullptr && member->is_string() ? std::string{member->get_string()}
                                                    : std::string{};
  };
  info.content_type = text("contentType");
  info.content_encoding = text("contentEncoding");
  info.etag = text("etag");
  info.sha256 = text("sha256");
  info.sha512 = text("sha512");
  struct stat status {};
  if (::fstat(fd, &status) != 0 || status.st_size < static_cast<off_t>(block_size))
    return false;
  info.size = static_cast<std::uint64_t>(status.st_size) - block_size;
  return true;
}

}  // namespace

// -- writing
// ---------------------------------------------------------------------------------------

blob_writer::~blob_writer() {
  if (fd_ >= 0) {
    ::close(fd_);
    ::unlink(temporary_path_.c_str());
  }
  EVP_MD_CTX_free(digest_);
  EVP_MD_CTX_free(long_digest_);
}

outcome<void> blob_writer::write(std::string_view bytes) {
  if (!write_all(fd_, bytes.data(), bytes.size(), -1))
    return failed("write");
  EVP_DigestUpdate(digest_, bytes.data(), bytes.size());
  if (long_digest_ != nullptr)
    EVP_DigestUpdate(long_digest_, bytes.data(), bytes.size());
  info_.size += bytes.size();
  return {};
}

outcome<blob_info> blob_writer::finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  EVP_DigestFinal_ex(digest_, digest, nullptr);
  info_.etag = '"' + hex(digest, 16) + '"';
  info_.sha256 = hex(digest, 32);
  if (long_digest_ != nullptr) {
    EVP_DigestFinal_ex(long_digest_, digest, nullptr);
    info_.sha512 = hex(digest, 64);
  }
  const auto block = make_block(key_, info_);
  if (!write_all(fd_, block.data(), block.size(), 0) || ::fsync(fd_) != 0 ||
      ::rename(temporary_path_.c_str(), final_path_.c_str()) != 0)
    return failed("finish an upload");
  ::close(fd_);
  fd_ = -1;
  if (!sync_directory(final_path_))
    return failed("finish an upload");
  return info_;
}

// -- reading
// ---------------------------------------------------------------------------------------

blob_reader::~blob_reader() {
  if (fd_ >= 0)
    ::close(fd_);
}

outcome<std::string> blob_reader::read(std::uint64_t offset, std::size_t size) {
  std::string bytes;
  if (offset >= info_.size)
    return bytes;
  bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size, info_.size - offset)));
  std::size_t got = 0;
  while (got < bytes.size()) {
    const auto n = ::pread(fd_, bytes.data() + got, bytes.size() - got,
                           static_cast<off_t>(block_size + offset + got));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return failed("read");
    got += static_cast<std::size_t>(n);
  }
  return bytes;
}

// -- the store
// -------------------------------------------------------------------------------------

blob_store::blob_store(std::string directory, unsigned threads)
    : directory_(std::move(directory)), pool_(threads) {}

outcome<void> blob_store::open() {
  std::error_code wrong;
  namespace fs = std::filesystem;
  fs::remove_all(directory_ + "/incoming", wrong);
  for (int i = -1; i < 256 && !wrong; ++i) {
    const auto byte = static_cast<unsigned char>(i);
    fs::create_directories(directory_ + "/" + (i < 0 ? "incoming" : hex(&byte, 1)), wrong);
  }
  if (wrong)
    return make_api_error(error_code::internal_server_error,
                          "cannot make the artifact store in '" + directory_ +
                              "': " + wrong.message() +
                              "; give the server a data directory it may write to");
  return {};
}

std::string blob_store::path_of(std::string_view key) const {
  unsigned char digest[EVP_MAX_MD_SIZE];
  EVP_Digest(key.data(), key.size(), digest, nullptr, EVP_sha256(), nullptr);
  const auto name = hex(digest, 32);
  return directory_ + "/" + name.substr(0, 2) + "/" + name.substr(2);
}

outcome<std::unique_ptr<blob_writer>> blob_store::create(std::string_view key,
                                                         std::string_view content_type,
                                                         std::string_view content_encoding) {
  std::unique_ptr<blob_writer> writer{new blob_writer};
  writer->key_ = key;
  writer->final_path_ = path_of(key);
  writer->temporary_path_ =
      directory_ + "/incoming/" + std::to_string(next_temporary_.fetch_add(1));
  writer->info_.content_type = content_type.substr(0, 1000);
  writer->info_.content_encoding = content_encoding.substr(0, 100);
  writer->digest_ = begin_digest(EVP_sha256());
  if (key.starts_with(uploads))
    writer->long_digest_ = begin_digest(EVP_sha512());
  writer->fd_ =
      ::open(writer->temporary_path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::string empty_block(block_size, '\0');
  if (writer->fd_ < 0 || !write_all(writer->fd_, empty_block.data(), empty_block.size(), -1))
    return failed("begin an upload");
  return writer;
}

outcome<std::unique_ptr<blob_reader>> blob_store::read(std::string_view key) {
  std::unique_ptr<blob_reader> reader{new blob_reader};
  reader->fd_ = ::open(path_of(key).c_str(), O_RDONLY | O_CLOEXEC);
  if (reader->fd_ < 0) {
    if (errno == ENOENT)
      return make_api_error(error_code::resource_not_found,
                            "There is no content here: it was not uploaded, or has expired");
    return failed("read");
  }
  if (!read_block(reader->fd_, reader->info_))
    return make_api_error(error_code::resource_not_found, "The content here is damaged");
  return reader;
}

outcome<void> blob_store::move(std::string_view from, std::string_view to) {
  const auto place = path_of(to);
  if (::rename(path_of(from).c_str(), place.c_str()) != 0) {
    if (errno != ENOENT)
      return failed("finish an upload");
    if (::access(place.c_str(), F_OK) != 0)
      return make_api_error(error_code::input_error,
                            "Nothing was uploaded. PUT the data to the URL of the upload first.");
  }
  if (!sync_directory(place))
    return failed("finish an upload");
  return {};
}

outcome<void> blob_store::remove(std::string_view key) {
  if (::unlink(path_of(key).c_str()) != 0 && errno != ENOENT)
    return failed("remove");
  return {};
}

outcome<void> blob_store::remove_all() {
  namespace fs = std::filesystem;
  std::error_code wrong;
  for (int i = 0; i < 256; ++i) {
    const auto byte = static_cast<unsigned char>(i);
    for (fs::directory_iterator at{directory_ + "/" + hex(&byte, 1), wrong}, end;
         !wrong && at != end; at.increment(wrong)) {
      std::error_code gone;  // somebody else may remove it, too
      fs::remove(at->path(), gone);
    }
    if (wrong)
      return make_api_error(
          error_code::internal_server_error,
          "cannot empty the artifact store in '" + directory_ + "': " + wrong.message());
  }
  return {};
}

}  // namespace troupe
