#include "workers/engines/script/upstream_artifacts.hpp"

#include "tests/unit/workers/files/scratch.hpp"
#include "workers/engines/engine.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_all.hpp>

#include <filesystem>
#include <set>

using namespace troupe;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

using lines = std::vector<std::string>;

const std::string task = "fN1SbArXTPSVFNUvaOlinQ";

std::vector<upstream_artifacts> read(const std::string& entries, lines& problems) {
  return read_upstream_artifacts(json::object{{"upstreamArtifacts", json::parse(entries)}},
                                 problems);
}

lines problems_of(const std::string& entries) {
  lines problems;
  read(entries, problems);
  return problems;
}

// Has the artifacts of one task; the content of each is its name.
class desk_on_paper : public run_desk {
 public:
  explicit desk_on_paper(std::set<std::string> names) : names_(std::move(names)) {}

  void note(std::string_view) override {}
  void note_warning(std::string_view) override { ++warnings; }
  void note_error(std::string_view) override { ++errors; }
  const std::atomic<bool>& interrupted() const override { return told_; }
  int interruption() const override { return -1; }

  outcome<fetched_file> fetch(const mount_content& content) override {
    if (!names_.contains(content.artifact))
      return make_api_error(error_code::input_error, "there is none");
    sums.push_back(content.sha256);
    fetched_file file;
    file.path = place.write("content", content.artifact);
    return file;
  }

  // Two pages, as a queue may answer.
  outcome<json::object> get(const std::string& target) override {
    const bool second = target.find("continuationToken=next") != std::string::npos;
    json::array page;
    std::size_t at = 0;
    for (const auto& name : names_)
      if ((at++ < names_.size() / 2) != second)
        page.push_back(json::object{{"name", name}});
    json::object answer{{"artifacts", std::move(page)}};
    if (!second)
      answer["continuationToken"] = "next";
    return answer;
  }

  scratch place;
  lines sums;
  int warnings = 0;
  int errors = 0;

 private:
  std::set<std::string> names_;
  std::atomic<bool> told_{false};
};

}  // namespace

TEST_CASE("workers 4: paths of upstream artifacts do not leave their directory", "[script]") {
  for (const char* good : {"public/a", "a", "a/b/c.d", "a..b/..c", "*", "public/%2e%2e/x", " "})
    CHECK(problem_of_path(good) == "");
  for (const char* bad :
       {"", "/a", "..", "../a", "a/../b", "a/..", "a//b", "a/", "./a", "a/.", ".", "a\nb", "/"}) {
    INFO(bad);
    CHECK(problem_of_path(bad) != "");
  }
  CHECK(problem_of_path(std::string_view{"a\0b", 3}) != "");
  CHECK(problem_of_path(std::string(1025, 'a')) != "");
}

TEST_CASE("workers 4: a path that is taken lies in its directory (property)", "[script]") {
  rc::check("of any parts", [] {
    const auto parts = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("..", ".", "", "a", "b.c", "...", "*", "/", "x/..", "~"));
    std::string path;
    for (const auto& part : parts)
      path += (path.empty() ? "" : "/") + part;
    if (!problem_of_path(path).empty())
      return;
    const auto whole = fs::path{"/d/t"} / path;
    RC_ASSERT(whole.lexically_normal() == whole);
    RC_ASSERT(whole.string().starts_with("/d/t/"));
  });
}

TEST_CASE("stars stand for any text", "[script]") {
  CHECK(matches_stars("public/*.zip", "public/a/b.zip"));
  CHECK(matches_stars("*", ""));
  CHECK(matches_stars("a*b*c", "aXbYbZc"));
  CHECK(matches_stars("a", "a"));
  CHECK_FALSE(matches_stars("public/*.zip", "public/a.zip.sig"));
  CHECK_FALSE(matches_stars("a*b", "a"));
  CHECK_FALSE(matches_stars("", "a"));
  CHECK_FALSE(matches_stars("a?", "ab"));
}

TEST_CASE("workers 4: what is wrong with upstream artifacts is said", "[script]") {
  const auto entry = [](const std::string& members) {
    return R"([{"taskId": ")" + task + R"(", )" + members + "}]";
  };
  CHECK(problems_of(entry(R"("taskType": "build", "formats": ["x"], "paths": ["public/a"])")) ==
        lines{});
  CHECK(problems_of(entry(R"("paths": ["public/*"], "optional": true)")) == lines{});
  CHECK(problems_of(entry(R"("paths": ["public/*"])")) ==
        lines{"upstreamArtifacts.0.paths.0: may have a '*' only if the entry is optional"});
  CHECK(problems_of(entry(R"("paths": ["a", "../b", 1])")).size() == 2);
  CHECK(problems_of(entry(R"("paths": "a")")).size() == 1);
  CHECK(problems_of(entry(R"("paths": [], "optional": 1)")).size() == 1);
  CHECK(problems_of(R"([{"taskId": "../x", "paths": []}, 7])").size() == 2);
  CHECK(problems_of("7") == lines{"upstreamArtifacts: must be a list"});
}

TEST_CASE("workers 4: upstream artifacts are put where scripts look for them", "[script]") {
  desk_on_paper desk{{"public/a", "public/b/c"}};
  const auto directory = desk.place / "cot";
  CHECK_FALSE(fetch_upstream_artifacts({{task, {"public/a", "public/b/c"}, false}}, nullptr,
                                       directory, desk));
  CHECK(desk.place.read("cot/" + task + "/public/a") == "public/a");
  CHECK(desk.place.read("cot/" + task + "/public/b/c") == "public/b/c");
  // Who names it twice has it once.
  CHECK_FALSE(fetch_upstream_artifacts({{task, {"public/a"}, false}}, nullptr, directory, desk));
  CHECK(desk.sums.size() == 2);
  CHECK(fetch_upstream_artifacts({{task, {"public/none"}, false}}, nullptr, directory, desk) ==
        run_verdict::unavailable);
  CHECK(desk.errors == 1);
}

TEST_CASE("workers 4: optional upstream artifacts may be missing, and are found by stars",
          "[script]") {
  desk_on_paper desk{{"public/a.zip", "public/b.zip", "public/c", "public/../../evil.zip"}};
  const auto directory = desk.place / "cot";
  CHECK_FALSE(fetch_upstream_artifacts({{task, {"public/*.zip", "public/none"}, true}}, nullptr,
                                       directory, desk));
  CHECK(desk.place.has("cot/" + task + "/public/a.zip"));
  CHECK(desk.place.has("cot/" + task + "/public/b.zip"));
  CHECK_FALSE(desk.place.has("cot/" + task + "/public/c"));
  CHECK_FALSE(desk.place.has("cot/evil.zip"));
  CHECK(desk.warnings == 1);
  CHECK(desk.errors == 0);
}

TEST_CASE("workers 4: with sums, only what has one is fetched, by it", "[script]") {
  desk_on_paper desk{{"public/a", "public/b"}};
  const auto directory = desk.place / "cot";
  const artifact_sums sums = {{task, {{"public/a", "abc"}}}};
  CHECK_FALSE(fetch_upstream_artifacts({{task, {"public/a"}, false}}, &sums, directory, desk));
  CHECK(desk.sums == lines{"abc"});
  CHECK(fetch_upstream_artifacts({{task, {"public/b"}, false}}, &sums, directory, desk) ==
        run_verdict::malformed);
  const artifact_sums of_none;
  CHECK(fetch_upstream_artifacts({{task, {"public/a"}, false}}, &of_none, directory, desk) ==
        run_verdict::malformed);
  CHECK(desk.sums.size() == 1);
  // Stars stand for what was signed.
  CHECK_FALSE(fetch_upstream_artifacts({{task, {"public/*"}, true}}, &sums, directory, desk));
  CHECK(desk.sums.size() == 1);
  CHECK_FALSE(desk.place.has("cot/" + task + "/public/b"));
}

TEST_CASE("an artifact in the place of another one's directory is refused", "[script]") {
  desk_on_paper desk{{"public/a", "public/a/b"}};
  const auto directory = desk.place / "cot";
  CHECK(fetch_upstream_artifacts({{task, {"public/a", "public/a/b"}, false}}, nullptr, directory,
                                 desk) == run_verdict::malformed);
  desk_on_paper other{{"public/a", "public/a/b"}};
  CHECK(fetch_upstream_artifacts({{task, {"public/a/b", "public/a"}, false}}, nullptr,
                                 other.place / "cot", other) == run_verdict::malformed);
}
