#pragma once

#include "messages/api_error.hpp"
#include "runtime/blobs/file_pool.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

typedef struct evp_md_ctx_st EVP_MD_CTX;

namespace troupe {

/// What is stored beside the bytes of a blob.
struct blob_info {
  std::string content_type;
  std::string content_encoding;  ///< empty: none
  std::string etag;              ///< with its quotes
  std::uint64_t size = 0;        ///< of the bytes as stored
  std::string sha256;            ///< of the bytes, in hexadecimal; empty: not known
  std::string sha512;            ///< the same; known of what was uploaded below `uploads`
};

/// One upload on its way into the store. What was written is invisible until `finish`; a writer
/// that goes away before leaves nothing. Used by one thread at a time, never by a lane.
class blob_writer {
 public:
  ~blob_writer();
  blob_writer(const blob_writer&) = delete;
  blob_writer& operator=(const blob_writer&) = delete;

  /// Appends bytes. `service_unavailable` when the disk is full or broken.
  outcome<void> write(std::string_view bytes);

  /// Makes the blob visible, in place of a former one of the same key, and safe on the disk.
  outcome<blob_info> finish();

 private:
  friend class blob_store;
  blob_writer() = default;

  int fd_ = -1;
  std::string temporary_path_;
  std::string final_path_;
  std::string key_;
  blob_info info_;
  EVP_MD_CTX* digest_ = nullptr;
  EVP_MD_CTX* long_digest_ = nullptr;  // null: nobody will ask
};

/// An open blob; what it reads stays the same when the blob is replaced or removed meanwhile. Used
/// by one thread at a time, never by a lane.
class blob_reader {
 public:
  ~blob_reader();
  blob_reader(const blob_reader&) = delete;
  blob_reader& operator=(const blob_reader&) = delete;

  const blob_info& info() const { return info_; }

  /// Up to `size` bytes from `offset`; fewer only at the end.
  outcome<std::string> read(std::uint64_t offset, std::size_t size);

 private:
  friend class blob_store;
  blob_reader() = default;

  int fd_ = -1;
  blob_info info_;
};

/// The local artifact store: one file a blob, named by the hash of its key, so that no key can name
/// a place outside. A file begins with a block of 4096 bytes that holds the content's type,
/// encoding and digest; the bytes follow.
class blob_store {
 public:
  /// Keys of data that wait for their upload to be finished begin with this: they are hashed by all
  /// algorithms that clients use, since hashes are what tells whether they are complete.
  static constexpr std::string_view uploads = "upload/";

  /// `directory` is made by `open`; `threads` do the file work.
  explicit blob_store(std::string directory, unsigned threads = 2);

  /// Makes the directories, and removes uploads that a crash left behind.
  outcome<void> open();

  /// Where file work is done; the methods below belong there.
  file_pool& pool() { return pool_; }

  /// Begins an upload.
  outcome<std::unique_ptr<blob_writer>> create(std::string_view key, std::string_view content_type,
                                               std::string_view content_encoding);

  /// Opens a blob; `resource_not_found` when there is none.
  outcome<std::unique_ptr<blob_reader>> read(std::string_view key);

  /// Gives a blob another key, safe on the disk; fine when it has it already. `input_error` when
  /// there is no blob of either key.
  outcome<void> move(std::string_view from, std::string_view to);

  /// Removes all blobs.
  outcome<void> remove_all();

  /// Removes a blob; fine when there is none.
  outcome<void> remove(std::string_view key);

 private:
  std::string path_of(std::string_view key) const;

  std::string directory_;
  std::atomic<std::uint64_t> next_temporary_{0};
  file_pool pool_;
};

}  // namespace troupe
