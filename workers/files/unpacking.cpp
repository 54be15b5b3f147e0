#include "workers/files/unpacking.hpp"

#include "runtime/files/descriptor.hpp"
#include "workers/files/decoded_file.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

namespace troupe {

namespace {

constexpr std::size_t block = 256 * 1024;

// How one packed stream is read: by a filter of libarchive, or by a decoder of our own.
struct packing {
  std::string_view name;
  int (*enable)(archive*);
  int filter;
};

constexpr std::array<packing, 9> packings = {{
    {"br", nullptr, 0},
    {"bz2", archive_read_support_filter_bzip2, ARCHIVE_FILTER_BZIP2},
    {"gz", archive_read_support_filter_gzip, ARCHIVE_FILTER_GZIP},
    {"lz", archive_read_support_filter_lzip, ARCHIVE_FILTER_LZIP},
    {"lz4", archive_read_support_filter_lz4, ARCHIVE_FILTER_LZ4},
    {"sz", nullptr, 0},
    {"xz", archive_read_support_filter_xz, ARCHIVE_FILTER_XZ},
    {"zst", archive_read_support_filter_zstd, ARCHIVE_FILTER_ZSTD},
    {"zz", nullptr, 0},
}};

const packing* packing_of(std::string_view name) {
  for (const auto& known : packings)
    if (known.name == name)
      return &known;
  return nullptr;
}

int enable_rar(archive* reader) {
  const int both = archive_read_support_format_rar5(reader);
  return both == ARCHIVE_OK ? archive_read_support_format_rar(reader) : both;
}

struct container {
  std::string_view name;
  int (*enable)(archive*);
};

constexpr std::array<container, 4> containers = {{
    {"7z", archive_read_support_format_7zip},
    {"rar", enable_rar},
    {"tar", archive_read_support_format_tar},
    {"zip", archive_read_support_format_zip},
}};

constexpr std::string_view tar_prefix = "tar.";

const container* container_of(std::string_view format) {
  if (format.starts_with(tar_prefix))
    format = "tar";
  for (const auto& known : containers)
    if (known.name == format)
      return &known;
  return nullptr;
}

// Of `tar.gz` the `gz`.
std::string_view packing_name(std::string_view format) {
  return format.starts_with(tar_prefix) ? format.substr(tar_prefix.size()) : std::string_view{};
}

api_error problem(const std::string& what) { return make_api_error(error_code::input_error, what); }

api_error problem_of(archive* of) {
  const char* text = archive_error_string(of);
  return problem(text != nullptr ? text : "cannot be unpacked");
}

// libarchive takes names for what the locale of the thread says; ours are always UTF-8.
class utf8_names {
 public:
  utf8_names() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr)
      former_ = ::uselocale(locale_);
  }
  ~utf8_names() {
    if (locale_ == nullptr)
      return;
    ::uselocale(former_);
    ::freelocale(locale_);
  }
  utf8_names(const utf8_names&) = delete;
  utf8_names& operator=(const utf8_names&) = delete;

 private:
  locale_t locale_;
  locale_t former_ = nullptr;
};

class reader {
 public:
  reader() : archive_(archive_read_new()) {}
  ~reader() { archive_read_free(archive_); }
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;

  // `packed` may be null: as it is.
  outcome<void> open(const std::string& path, const packing* packed) {
    descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file)
      return problem(std::string{"cannot be read: "} + std::strerror(errno));
    if (packed != nullptr && packed->enable != nullptr)
      packed->enable(archive_);
    int result = ARCHIVE_OK;
    if (packed != nullptr && packed->enable == nullptr) {
      decoded_.emplace(std::move(file), packed->name);
      result = archive_read_open(archive_, this, nullptr, &read_decoded, nullptr);
    } else {
      file_ = std::move(file);
      result = archive_read_open_fd(archive_, file_.get(), block);
    }
    if (result != ARCHIVE_OK)
      return problem_of(archive_);
    const bool unpacks =
        packed == nullptr || packed->enable == nullptr ||
        (archive_filter_count(archive_) > 1 && archive_filter_code(archive_, 0) == packed->filter);
    if (!unpacks)
      return problem("is not packed as " + std::string{packed->name});
    return boost::system::in_place_value;
  }

  archive* get() { return archive_; }

 private:
  static la_ssize_t read_decoded(archive* of, void* self, const void** bytes) {
    const auto got = static_cast<reader*>(self)->decoded_->next();
    if (!got) {
      archive_set_error(of, EINVAL, "%s", got.error().message.c_str());
      return -1;
    }
    *bytes = got->data();
    return static_cast<la_ssize_t>(got->size());
  }

  archive* archive_;
  descriptor file_;
  std::optional<decoded_file> decoded_;
};

outcome<void> write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file, bytes.data(), bytes.size());
    if (written <= 0)
      return problem(std::string{"cannot be written: "} + std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return boost::system::in_place_value;
}

outcome<void> write_decoded(const std::string& from, std::string_view format, int to,
                            const std::atomic<bool>& give_up) {
  descriptor file{::open(from.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file)
    return problem(std::string{"cannot be read: "} + std::strerror(errno));
  decoded_file decoded{std::move(file), format};
  for (;;) {
    if (give_up)
      return problem("was given up");
    TROUPE_TRY(const auto bytes, decoded.next());
    if (bytes.empty())
      return boost::system::in_place_value;
    TROUPE_CHECK(write_all(to, bytes));
  }
}

// What is cut off before its first block would be an empty file to libarchive.
outcome<void> write_filtered(const std::string& from, const packing& packed, int to,
                             const std::atomic<bool>& give_up) {
  reader source;
  archive_read_support_format_raw(source.get());
  archive_read_support_format_empty(source.get());
  TROUPE_CHECK(source.open(from, &packed));
  archive_entry* entry = nullptr;
  const int begun = archive_read_next_header(source.get(), &entry);
  if (begun == ARCHIVE_EOF)
    return boost::system::in_place_value;  // packed nothing
  if (begun < ARCHIVE_WARN)
    return problem_of(source.get());
  std::string buffer(block, '\0');
  for (;;) {
    if (give_up)
      return problem("was given up");
    const auto got = archive_read_data(source.get(), buffer.data(), buffer.size());
    if (got < 0)
      return problem_of(source.get());
    if (got == 0)
      return boost::system::in_place_value;
    TROUPE_CHECK(write_all(to, {buffer.data(), static_cast<std::size_t>(got)}));
  }
}

std::string join(const std::string& text, std::string_view more) {
  return text.empty() ? std::string{more} : text + ", " + std::string{more};
}

// -- archives -------------------------------------------------------------------------------------

// Writes entries below a directory, never through a symbolic link.
class writer {
 public:
  explicit writer(const std::string& directory)
      : archive_(archive_write_disk_new()),
        directory_(std::filesystem::canonical(directory).string()) {
    archive_write_disk_set_options(archive_, ARCHIVE_EXTRACT_TIME |
                                                 ARCHIVE_EXTRACT_SECURE_SYMLINKS |
                                                 ARCHIVE_EXTRACT_SECURE_NODOTDOT);
  }
  ~writer() { archive_write_free(archive_); }
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;

  outcome<void> take(archive* from, archive_entry* entry, const std::atomic<bool>& give_up) {
    TROUPE_TRY(const bool wanted, place(entry));
    if (!wanted)
      return boost::system::in_place_value;
    if (archive_write_header(archive_, entry) < ARCHIVE_WARN)
      return problem_of(archive_);
    if (archive_entry_hardlink(entry) == nullptr || archive_entry_size(entry) > 0)
      TROUPE_CHECK(copy(from, give_up));
    if (archive_write_finish_entry(archive_) < ARCHIVE_WARN)
      return problem_of(archive_);
    return boost::system::in_place_value;
  }

  // Directories get their times and permissions last.
  outcome<void> finish() {
    if (archive_write_close(archive_) < ARCHIVE_WARN)
      return problem_of(archive_);
    return boost::system::in_place_value;
  }

 private:
  // Whether there is anything to write for it.
  outcome<bool> place(archive_entry* entry) {
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr)
      return problem("has an entry whose name cannot be read");
    TROUPE_TRY(const auto path, path_within(name));
    const auto type = archive_entry_filetype(entry);
    const char* link = archive_entry_hardlink(entry);
    if (link == nullptr && type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK)
      return problem("the entry '" + path + "' is neither file nor directory nor link");
    if (path.empty())
      return false;
    archive_entry_set_pathname(entry, (directory_ + "/" + path).c_str());
    if (link == nullptr)
      return true;
    TROUPE_TRY(const auto target, path_within(link));
    archive_entry_set_hardlink(entry, (directory_ + "/" + target).c_str());
    return true;
  }

  outcome<void> copy(archive* from, const std::atomic<bool>& give_up) {
    for (;;) {
      if (give_up)
        return problem("was given up");
      const void* bytes = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int got = archive_read_data_block(from, &bytes, &size, &offset);
      if (got == ARCHIVE_EOF)
        return boost::system::in_place_value;
      if (got < ARCHIVE_WARN)
        return problem_of(from);
      if (archive_write_data_block(archive_, bytes, size, offset) < ARCHIVE_WARN)
        return problem_of(archive_);
    }
  }

  archive* archive_;
  std::string directory_;
};

}  // namespace

bool unpacks_file(std::string_view format) { return packing_of(format) != nullptr; }

bool unpacks_archive(std::string_view format) {
  const auto packed = packing_name(format);
  return container_of(format) != nullptr &&
         (!format.starts_with(tar_prefix) || packing_of(packed) != nullptr);
}

std::string file_formats() {
  std::string all;
  for (const auto& known : packings)
    all = join(all, known.name);
  return all;
}

std::string archive_formats() {
  std::string all;
  for (const auto& known : containers)
    all = join(all, known.name);
  for (const auto& known : packings)
    all = join(all, std::string{tar_prefix} + std::string{known.name});
  return all;
}

outcome<std::string> path_within(std::string_view path) {
  const auto whole = std::string{path};
  if (path.starts_with('/'))
    return problem("the path '" + whole + "' is absolute");
  std::string result;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part == "..")
      return problem("the path '" + whole + "' leads out of its directory");
    if (part.empty() || part == ".")
      continue;
    if (!result.empty())
      result += '/';
    result += part;
  }
  return result;
}

outcome<void> unpack_file(const std::string& from, std::string_view format, const std::string& to,
                          const std::atomic<bool>& give_up) {
  const auto* packed = packing_of(format);
  if (packed == nullptr)
    return problem("cannot be unpacked as '" + std::string{format} + "'");
  const descriptor file{::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
  if (!file)
    return problem("cannot be written to " + to + ": " + std::strerror(errno));
  return packed->enable == nullptr ? write_decoded(from, format, file.get(), give_up)
                                   : write_filtered(from, *packed, file.get(), give_up);
}

outcome<void> unpack_archive(const std::string& from, std::string_view format,
                             const std::string& directory, const std::atomic<bool>& give_up) {
  if (!unpacks_archive(format))
    return problem("cannot be unpacked as '" + std::string{format} + "'");
  const utf8_names names;
  reader source;
  container_of(format)->enable(source.get());
  TROUPE_CHECK(source.open(from, packing_of(packing_name(format))));
  writer target{directory};
  for (;;) {
    archive_entry* entry = nullptr;
    const int got = archive_read_next_header(source.get(), &entry);
    if (got == ARCHIVE_EOF)
      return target.finish();
    if (got < ARCHIVE_WARN)
      return problem_of(source.get());
    TROUPE_CHECK(target.take(source.get(), entry, give_up));
  }
}

}  // namespace troupe
