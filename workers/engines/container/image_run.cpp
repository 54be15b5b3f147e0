#include "workers/engines/container/image_run.hpp"

#include "workers/processes/shell_words.hpp"

#include <sys/stat.h>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace troupe {

namespace fs = std::filesystem;

namespace {

// The first process of the container only waits, for something that does not come: processes of
// one command are there for the next, as on a machine. Any image with commands to run has a shell.
constexpr const char* wait_for_ever = "read -r word < /.troupe-end";

container_payload read_plain(const run_facts& facts, container_image image,
                             std::vector<std::string>& problems) {
  container_payload out;
  out.common = read_payload(payload_of(facts.task), problems);
  out.image = std::move(image);
  out.work = fs::absolute(facts.directory).string() + "/work";
  // They are looked for within the container, where links lead to what they mean.
  for (auto& artifact : out.common.artifacts)
    artifact.path = (fs::path{out.work} / artifact.path).lexically_normal().string();
  return out;
}

}  // namespace

outcome<container_image> configured_image(const std::string& text) {
  container_image image;
  std::error_code failed;
  std::string problem;
  if (fs::is_regular_file(text, failed)) {
    image.file = fs::absolute(text).string();
    if (auto format = packing_of(image.file, problem)) {
      image.format = *format;
      return image;
    }
  } else if (const auto name = whole_image_name(text)) {
    image.name = *name;
    return image;
  } else {
    problem = "must be the name of an image, or a file that `docker save` made";
  }
  return make_api_error(error_code::input_error, "--container-image: '" + text + "' " + problem);
}

image_run::image_run(const container_room& room, const run_facts& facts, container_image image,
                     std::vector<std::string>& problems)
    : container_run(room, facts, read_plain(facts, std::move(image), problems), problems) {}

std::vector<std::string> image_run::needed_scopes() const {
  return troupe::needed_scopes(payload(), room().program.options().pool);
}

std::vector<std::vector<std::string>> image_run::scope_choices() const {
  return troupe::scope_choices(payload(), room().program.options().pool);
}

// As root of the container, to whom everything belongs that the worker has put there.
std::vector<command_line> image_run::commands(const run_surroundings& around) {
  const auto& program = room().program;
  const auto& work = whole_payload().work;
  const auto never = directory() + "/end";
  ::unlink(never.c_str());
  if (::mkfifo(never.c_str(), 0600) != 0)
    return {};
  auto env = program.variables();
  auto start = words_for(around,
                         {"--detach", "--user=0", "--entrypoint=[]", "--workdir=" + work,
                          "--volume=" + work + ":" + work, "--volume=" + never + ":/.troupe-end"},
                         env);
  start.insert(start.end(), {"/bin/sh", "-c", wait_for_ever});
  const auto prologue = shell_words(program.command(start)) + " > /dev/null && : > " +
                        shell_words({directory() + "/started"}) + " || exit; exec \"$@\"";
  std::vector<command_line> lines;
  for (const auto& words : payload().commands) {
    std::string shown;
    std::vector<std::string> call = {"exec", name()};
    for (const auto& word : words) {
      shown += (shown.empty() ? "" : " ") + word;
      call.push_back(word);
    }
    call = program.command(call);
    if (lines.empty())
      call.insert(call.begin(), {"/bin/sh", "-c", prologue, "sh"});
    lines.push_back({shown, std::move(call), directory(), env});
  }
  return lines;
}

run_verdict image_run::judge(const exit_result& exit, run_desk& desk) {
  if (was_kept_back(desk))
    return run_verdict::internal;
  std::error_code failed;
  if (!fs::exists(directory() + "/started", failed)) {
    desk.note_error("The container of this task could not be started.");
    return run_verdict::internal;
  }
  return engine_run::judge(exit, desk);
}

// Paths below the directory of the task are the same within the container. What leads out of it
// means something else there.
std::optional<std::string> image_run::place_of(const payload_artifact& artifact) const {
  std::error_code failed;
  const auto root = fs::canonical(whole_payload().work, failed);
  const auto there = fs::canonical(artifact.path, failed);
  if (artifact.directory || failed || !fs::is_regular_file(there, failed))
    return {};
  const auto relative = there.lexically_relative(root);
  if (relative.empty() || *relative.begin() == "..")
    return {};
  return there.string();
}

}  // namespace troupe
