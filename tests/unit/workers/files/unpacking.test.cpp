#include "workers/files/unpacking.hpp"

#include "tests/unit/workers/files/scratch.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <catch2/catch_all.hpp>

#include <locale.h>
#include <sys/stat.h>
#include <random>

using namespace troupe;
namespace fs = std::filesystem;

namespace {

const std::atomic<bool> go_on{false};

struct member {
  std::string name;
  unsigned type = AE_IFREG;
  std::string text;  // of a file; where a link leads
  bool hard = false;
  unsigned mode = 0644;
};

void write_archive(const std::string& file, const std::vector<member>& members,
                   int (*format)(archive*) = archive_write_set_format_pax_restricted,
                   int (*filter)(archive*) = archive_write_add_filter_none) {
  // Names are UTF-8 whatever the tests run in.
  const auto locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const auto former = ::uselocale(locale);
  auto* made = archive_write_new();
  REQUIRE(format(made) == ARCHIVE_OK);
  REQUIRE(filter(made) >= ARCHIVE_WARN);
  REQUIRE(archive_write_open_filename(made, file.c_str()) == ARCHIVE_OK);
  for (const auto& one : members) {
    auto* entry = archive_entry_new();
    archive_entry_set_pathname(entry, one.name.c_str());
    archive_entry_set_filetype(entry, one.type);
    archive_entry_set_perm(entry, one.mode);
    const bool plain = one.type == AE_IFREG && !one.hard;
    archive_entry_set_size(entry, plain ? static_cast<la_int64_t>(one.text.size()) : 0);
    if (one.type == AE_IFLNK)
      archive_entry_set_symlink(entry, one.text.c_str());
    if (one.hard)
      archive_entry_set_hardlink(entry, one.text.c_str());
    REQUIRE(archive_write_header(made, entry) == ARCHIVE_OK);
    if (plain)
      archive_write_data(made, one.text.data(), one.text.size());
    archive_entry_free(entry);
  }
  REQUIRE(archive_write_close(made) == ARCHIVE_OK);
  archive_write_free(made);
  ::uselocale(former);
  ::freelocale(locale);
}

std::string noise(std::size_t size) {
  std::mt19937 random{7};
  std::string text(size, '\0');
  for (auto& c : text)
    c = static_cast<char>(random() & 0x3f);
  return text;
}

std::string quoted(const std::string& path) { return "'" + path + "'"; }

void packed_by(const std::string& command) { REQUIRE(std::system(command.c_str()) == 0); }

std::string unpack(const scratch& place, const std::vector<member>& members) {
  write_archive(place / "a.tar", members);
  fs::create_directories(place / "out");
  const auto result = unpack_archive(place / "a.tar", "tar", place / "out", go_on);
  return result ? "" : result.error().message;
}

}  // namespace

TEST_CASE("workers 3.1.2: archives of every kind are unpacked", "[unpacking]") {
  const scratch place;
  const auto big = noise(700'000);
  const std::vector<member> members = {{"d/e/file.txt", AE_IFREG, "text"},
                                       {"d/empty", AE_IFREG, ""},
                                       {"big", AE_IFREG, big},
                                       {"d/\xc3\xbc\xe2\x82\xac", AE_IFREG, "name"}};
  struct kind {
    std::string format;
    int (*container)(archive*);
    int (*filter)(archive*);
  };
  const kind kinds[] = {
      {"tar", archive_write_set_format_pax, archive_write_add_filter_none},
      {"tar", archive_write_set_format_gnutar, archive_write_add_filter_none},
      {"tar.gz", archive_write_set_format_pax_restricted, archive_write_add_filter_gzip},
      {"tar.bz2", archive_write_set_format_pax_restricted, archive_write_add_filter_bzip2},
      {"tar.xz", archive_write_set_format_pax_restricted, archive_write_add_filter_xz},
      {"tar.zst", archive_write_set_format_pax_restricted, archive_write_add_filter_zstd},
      {"tar.lz4", archive_write_set_format_pax_restricted, archive_write_add_filter_lz4},
      {"tar.lz", archive_write_set_format_pax_restricted, archive_write_add_filter_lzip},
      {"zip", archive_write_set_format_zip, archive_write_add_filter_none},
      {"7z", archive_write_set_format_7zip, archive_write_add_filter_none},
  };
  for (const auto& one : kinds) {
    INFO(one.format);
    fs::remove_all(place / "out");
    fs::create_directories(place / "out");
    write_archive(place / "archive", members, one.container, one.filter);
    const auto result = unpack_archive(place / "archive", one.format, place / "out", go_on);
    INFO((result ? std::string{} : result.error().message));
    REQUIRE(result.has_value());
    CHECK(place.read("out/d/e/file.txt") == "text");
    CHECK(place.has("out/d/empty"));
    CHECK(place.read("out/big") == big);
    CHECK(place.read("out/d/\xc3\xbc\xe2\x82\xac") == "name");
  }
}

TEST_CASE("workers 3.1.2: what is packed as another kind is refused", "[unpacking]") {
  const scratch place;
  fs::create_directories(place / "out");
  write_archive(place / "a.tar", {{"file", AE_IFREG, "text"}});
  write_archive(place / "a.tar.gz", {{"file", AE_IFREG, noise(100'000)}},
                archive_write_set_format_pax_restricted, archive_write_add_filter_gzip);
  for (const auto* format : {"zip", "7z", "rar", "tar.gz", "tar.br", "tar.zz", "tar.xz"})
    CHECK_FALSE(unpack_archive(place / "a.tar", format, place / "out", go_on).has_value());
  for (const auto* format : {"tar", "tar.zst"})
    CHECK_FALSE(unpack_archive(place / "a.tar.gz", format, place / "out", go_on).has_value());
  fs::resize_file(place / "a.tar.gz", 30'000);
  CHECK_FALSE(unpack_archive(place / "a.tar.gz", "tar.gz", place / "out", go_on).has_value());
  place.write("nothing", "");
  CHECK_FALSE(unpack_archive(place / "nothing", "zip", place / "out", go_on).has_value());
  CHECK_FALSE(unpack_archive(place / "missing", "zip", place / "out", go_on).has_value());
}

TEST_CASE("workers 3.1.2: nothing of an archive lies outside of its directory", "[unpacking]") {
  const scratch place;
  CHECK(unpack(place, {{"../out.txt", AE_IFREG, "x"}}).find("leads out") != std::string::npos);
  CHECK(unpack(place, {{"a/../../out.txt", AE_IFREG, "x"}}).find("leads out") != std::string::npos);
  CHECK(unpack(place, {{place / "absolute", AE_IFREG, "x"}}).find("absolute") != std::string::npos);
  place.write("secret", "secret");
  fs::create_directories(place / "other");
  // Through a symbolic link, to a directory and to a file.
  CHECK_FALSE(
      unpack(place, {{"link", AE_IFLNK, place / "other"}, {"link/x", AE_IFREG, "x"}}).empty());
  CHECK_FALSE(unpack(place, {{"up", AE_IFLNK, "../other"}, {"up/deep/x", AE_IFREG, "x"}}).empty());
  unpack(place, {{"to", AE_IFLNK, place / "secret"}, {"to", AE_IFREG, "replaced"}});
  // Hard links, of what is outside and of a link that leads there.
  CHECK_FALSE(unpack(place, {{"hard", AE_IFREG, "../secret", true}}).empty());
  CHECK_FALSE(unpack(place, {{"hard", AE_IFREG, place / "secret", true}}).empty());
  unpack(place, {{"soft", AE_IFLNK, place / "secret"},
                 {"harder", AE_IFREG, "soft", true},
                 {"harder", AE_IFREG, "replaced"}});
  CHECK_FALSE(unpack(place, {{"pipe", AE_IFIFO, ""}}).empty());
  CHECK_FALSE(unpack(place, {{"device", AE_IFCHR, ""}}).empty());
  CHECK(place.read("secret") == "secret");
  CHECK(fs::is_empty(place / "other"));
  CHECK_FALSE(place.has("out.txt"));
  CHECK_FALSE(place.has("absolute"));
}

TEST_CASE("an archive keeps links, permissions and what is read-only", "[unpacking]") {
  const scratch place;
  REQUIRE(unpack(place, {{"closed", AE_IFDIR, "", false, 0555},
                         {"closed/run", AE_IFREG, "#!/bin/sh", false, 0755},
                         {"closed/special", AE_IFREG, "x", false, 04755},
                         {"again", AE_IFREG, "closed/run", true},
                         {"soft", AE_IFLNK, "closed/run"},
                         {"./", AE_IFDIR, "", false, 0755}}) == "");
  struct stat found;
  REQUIRE(::stat((place / "out/closed").c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0555);
  REQUIRE(::stat((place / "out/soft").c_str(), &found) == 0);
  CHECK((found.st_mode & 0700) == 0700);
  CHECK(found.st_nlink == 2);
  REQUIRE(::stat((place / "out/closed/special").c_str(), &found) == 0);
  CHECK((found.st_mode & S_ISUID) == 0);
  CHECK(place.read("out/again") == "#!/bin/sh");
  fs::permissions(place / "out/closed", fs::perms::owner_all);
}

TEST_CASE("workers 3.1.2: single files are unpacked", "[unpacking]") {
  const scratch place;
  const auto bytes = noise(500'000);
  const auto plain = quoted(place.write("plain", bytes));
  packed_by("gzip -k " + plain + "; bzip2 -k " + plain + "; xz -k " + plain);
  packed_by(
      "python3 -c \"import sys,zlib;open(sys.argv[2],'wb').write(zlib.compress(open(sys.argv["
      "1],'rb').read()))\" " +
      plain + " " + quoted(place / "plain.zz"));
  for (const std::string format : {"gz", "bz2", "xz", "zz"}) {
    INFO(format);
    const auto result =
        unpack_file(place / ("plain." + format), format, place / ("from-" + format), go_on);
    INFO((result ? std::string{} : result.error().message));
    REQUIRE(result.has_value());
    CHECK(place.read("from-" + format) == bytes);
    // A file that is cut off, and one that is not packed so.
    fs::resize_file(place / ("plain." + format), 10'000);
    CHECK_FALSE(unpack_file(place / ("plain." + format), format, place / ("cut-" + format), go_on)
                    .has_value());
    CHECK_FALSE(unpack_file(place / "plain", format, place / ("no-" + format), go_on).has_value());
  }
  const std::atomic<bool> stopped{true};
  packed_by("gzip -kf " + plain);
  CHECK_FALSE(unpack_file(place / "plain.gz", "gz", place / "given-up", stopped).has_value());
}

TEST_CASE("the formats that are unpacked are known by name", "[unpacking]") {
  for (const auto* format : {"br", "bz2", "gz", "lz", "lz4", "sz", "xz", "zst", "zz"}) {
    CHECK(unpacks_file(format));
    CHECK(unpacks_archive(std::string{"tar."} + format));
  }
  for (const auto* format : {"7z", "rar", "tar", "zip"})
    CHECK(unpacks_archive(format));
  for (const auto* format : {"", "tar.", "mz", "tar.zip", "gz.tar"}) {
    CHECK_FALSE(unpacks_archive(format));
    CHECK_FALSE(unpacks_file(format));
  }
  CHECK(file_formats() == "br, bz2, gz, lz, lz4, sz, xz, zst, zz");
}

TEST_CASE("paths within a directory", "[unpacking]") {
  CHECK(path_within("a/./b//c/").value() == "a/b/c");
  CHECK(path_within("./").value().empty());
  CHECK(path_within("..a/b..").value() == "..a/b..");
  for (const auto* path : {"/a", "..", "a/..", "a/../b"})
    CHECK_FALSE(path_within(path).has_value());
}
