#include "workers/engines/container/container_run.hpp"

#include "tests/unit/workers/files/scratch.hpp"

#include <boost/json.hpp>
#include <catch2/catch_all.hpp>

#include <algorithm>
#include <filesystem>

using namespace troupe;
namespace json = boost::json;

namespace {

using lines = std::vector<std::string>;

// A run whose podman is only asked for its words.
struct run_on_paper {
  scratch place;
  podman program;
  image_store images;
  device_shelf devices;
  container_room room;
  lines problems;
  std::unique_ptr<container_run> run;

  explicit run_on_paper(const std::string& members, container_options options = defaults())
      : program(std::move(options)),
        images(program, place / "images"),
        room{program, images, devices, "owner"} {
    auto payload = json::parse(members).as_object();
    payload.emplace("image", "busybox");
    payload.emplace("maxRunTime", 60);
    json::object task;
    task["payload"] = payload;
    std::filesystem::create_directories(place / "run");
    run = std::make_unique<container_run>(room, run_facts{"T", "1", task, place / "run"}, problems);
  }

  static container_options defaults() {
    container_options options;
    options.pool = "pp/wt";
    options.group = "g";
    options.network = "host";
    options.directory = "/nowhere";
    return options;
  }

  command_line command(const run_surroundings& around = {}) {
    auto all = run->commands(around);
    REQUIRE(all.size() == 1);
    return all[0];
  }
};

bool has(const command_line& line, const std::string& word) {
  return std::find(line.words.begin(), line.words.end(), word) != line.words.end();
}

}  // namespace

TEST_CASE("workers 3.3: a container is run as the stock worker runs it", "[container_run]") {
  run_on_paper paper{R"({"command": ["a", "b c"], "env": {"X": "1", "LINES": "1\n2", "PATH": "\n"},
                         "cache": {"c": "/c"}, "artifacts": {"v": {"type": "volume", "path": "/v"}}})"};
  CHECK(paper.problems == lines{});
  const auto line =
      paper.command({{{"TASK_ID", "T"}}, proxy_place{"127.9.9.9", 80, "taskcluster"}, {}});
  const auto work = paper.place / "run/work/";
  for (const auto& word :
       {std::string{"--name=troupe-T-1"}, std::string{"--label=troupe.worker=owner"},
        std::string{"--tty"}, std::string{"--pull=never"}, std::string{"--network=host"},
        std::string{"--add-host=localhost.localdomain:127.0.0.1"},
        std::string{"--add-host=taskcluster:127.9.9.9"}, std::string{"--shm-size=1800m"},
        "--volume=" + work + "cache0:/c", "--volume=" + work + "volume0:/v",
        std::string{"--env=LINES"}, std::string{"--env=PATH=\n"}}) {
    INFO(word);
    CHECK(has(line, word));
  }
  CHECK(line.env.at("LINES") == "1\n2");
  CHECK(lines(line.words.end() - 2, line.words.end()) == lines{"a", "b c"});
  for (const auto* word : {"--privileged", "--cap-add=SYS_PTRACE", "--device=/dev/kvm",
                           "--security-opt=seccomp=unconfined"})
    CHECK_FALSE(has(line, word));
  const auto variables = paper.place.read("run/variables");
  CHECK(variables.find("X=1\n") != std::string::npos);
  CHECK(variables.find("TASK_ID=T\n") != std::string::npos);
  CHECK(variables.find("TASKCLUSTER_WORKER_TYPE=wt\n") != std::string::npos);
}

TEST_CASE("workers 3.3: rights of a container are those that it asks for", "[container_run]") {
  run_on_paper traced{R"({"features": {"allowPtrace": true},
    "capabilities": {"disableSeccomp": true, "devices": {"hostSharedMemory": true}}})"};
  const auto line = traced.command();
  CHECK(has(line, "--cap-add=SYS_PTRACE"));
  CHECK(has(line, "--security-opt=seccomp=unconfined"));
  CHECK(has(line, "--volume=/dev/shm:/dev/shm"));
  CHECK_FALSE(has(line, "--shm-size=1800m"));
  run_on_paper refused{R"({"capabilities": {"privileged": true}})"};
  CHECK(refused.problems.size() == 1);
  auto options = run_on_paper::defaults();
  options.privileged = true;
  run_on_paper given{R"({"capabilities": {"privileged": true}})", options};
  CHECK(given.problems == lines{});
  CHECK(has(given.command(), "--privileged"));
}

TEST_CASE("workers 3.2: the proxy is in the network of the container, if that has one of its own",
          "[container_run]") {
  const char* wanted = R"({"features": {"taskclusterProxy": true}})";
  auto options = run_on_paper::defaults();
  CHECK_FALSE(run_on_paper(wanted, options).run->proxy_places()[0].within);
  options.network = "none";
  run_on_paper alone{wanted, options};
  CHECK(alone.problems == lines{});
  const auto places = alone.run->proxy_places();
  REQUIRE(places.size() == 1);
  CHECK(places[0].within);
  CHECK(places[0].port == 80);
  const auto line = alone.command({{}, places[0], [](descriptor) {}});
  CHECK(has(line, "--add-host=taskcluster:" + places[0].address));
  const auto hooks =
      std::find(line.words.begin(), line.words.end(),
                "--hooks-dir=" + std::filesystem::absolute(alone.place / "run/hooks").string());
  REQUIRE(hooks != line.words.end());
  CHECK(std::find(hooks, line.words.end(), "run") != line.words.end());
  options.network = "container:other";
  const run_on_paper shared{wanted, options};
  REQUIRE(shared.problems.size() == 1);
  CHECK(shared.problems[0].starts_with("features.taskclusterProxy: "));
}

TEST_CASE("a shell of a container is opened by its name", "[container_run]") {
  const run_on_paper paper{"{}"};
  const auto shell = paper.run->shell({});
  REQUIRE(shell);
  CHECK(has(*shell, "troupe-T-1"));
  CHECK(has(*shell, "podman"));
}
