#include "workers/engines/container/container_engine.hpp"

#include "runtime/clock/clock.hpp"
#include "runtime/log/log.hpp"
#include "workers/caches/entry_lock.hpp"
#include "workers/engines/container/container_payload.hpp"
#include "workers/engines/container/container_run.hpp"
#include "workers/engines/container/image_run.hpp"
#include "workers/engines/container/image_store.hpp"
#include "workers/engines/container/nested_podman.hpp"
#include "workers/engines/payload_schema.hpp"

#include <boost/json/value.hpp>

#include <unistd.h>
#include <filesystem>
#include <sstream>

namespace troupe {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr auto removal_limit = 120s;

class container_engine : public engine {
 public:
  container_engine(std::unique_ptr<podman> program, std::shared_ptr<device_shelf> devices)
      : program_(std::move(program)),
        images_(*program_, program_->options().directory + "/images"),
        devices_(std::move(devices)) {}

  outcome<void> begin() {
    const auto parent = owners();
    std::error_code failed;
    fs::create_directories(parent, failed);
    remove_left_containers();
    room_.owner = std::to_string(system_clock{}.now().ms) + "-" + std::to_string(::getpid());
    auto lock = make_entry(parent, room_.owner);
    if (!lock)
      return make_api_error(error_code::input_error, parent + " cannot be written");
    lock_ = std::move(*lock);
    images_.sweep();
    return boost::system::in_place_value;
  }

  ~container_engine() override {
    if (!lock_)
      return;
    remove_entry(owners() + "/" + room_.owner);
    if (const auto turn = program_->lock_set_up(); turn && is_alone())
      program_->tidy();
  }

  std::string_view name() const override { return "container"; }

  std::string_view schema() const override { return container_payload_schema(); }

  bool is_meant_by(const json::value& payload) const override {
    return payload.is_object() && payload.get_object().contains("image");
  }

  std::unique_ptr<engine_run> open(const run_facts& facts,
                                   std::vector<std::string>& problems) override {
    return std::make_unique<container_run>(room_, facts, problems);
  }

  const container_room& room() const { return room_; }

 private:
  std::string owners() const { return program_->options().directory + "/workers"; }

  // A worker that was killed may have left something that the next one is to find.
  bool is_alone() const {
    std::error_code failed;
    return fs::directory_iterator{owners(), failed} == fs::directory_iterator{} && !failed;
  }

  // Each worker holds the lock of its entry as long as it lives.
  void remove_left_containers() {
    std::error_code failed;
    for (auto at = fs::directory_iterator{owners(), failed};
         !failed && at != fs::directory_iterator{}; at.increment(failed)) {
      const auto lock = lock_entry(at->path().string());
      if (lock && remove_containers_of(at->path().filename().string()))
        remove_entry(at->path().string());
    }
  }

  bool remove_containers_of(const std::string& owner) {
    const auto list = program_->call(
        {"ps", "--all", "--quiet", "--no-trunc", "--filter=label=troupe.worker=" + owner}, 60s);
    std::vector<std::string> words = {"rm", "--force", "--time=0", "--volumes", "--ignore"};
    std::istringstream lines{list.text};
    for (std::string id; std::getline(lines, id);)
      words.push_back(id);
    constexpr std::size_t no_container = 5;
    if (!list.good() || words.size() == no_container)
      return list.good();
    // Those whose processes were killed are found to have ended by the first.
    auto removed = program_->call(words, removal_limit);
    if (!removed.good())
      removed = program_->call(words, removal_limit);
    for (auto id = words.begin() + no_container; id != words.end(); ++id)
      program_->forget(*id);
    log_message(severity::notice, removed.good()
                                      ? "containers of a worker that was killed were removed"
                                      : "containers of a worker that was killed could not be "
                                        "removed: " +
                                            removed.trouble());
    return removed.good();
  }

  const std::unique_ptr<podman> program_;
  image_store images_;
  const std::shared_ptr<device_shelf> devices_;
  container_room room_{*program_, images_, *devices_, {}};
  descriptor lock_;
};

// For payloads that name no image, where the worker has one for them.
class image_engine : public engine {
 public:
  image_engine(std::shared_ptr<container_engine> containers, container_image image)
      : containers_(std::move(containers)), image_(std::move(image)) {}

  std::string_view name() const override { return "container"; }

  std::string_view schema() const override { return payload_schema(); }

  bool is_meant_by(const json::value& payload) const override {
    return payload.is_object() && payload.get_object().contains("command") &&
           !payload.get_object().contains("image");
  }

  std::unique_ptr<engine_run> open(const run_facts& facts,
                                   std::vector<std::string>& problems) override {
    return std::make_unique<image_run>(containers_->room(), facts, image_, problems);
  }

 private:
  const std::shared_ptr<container_engine> containers_;
  const container_image image_;
};

}  // namespace

outcome<container_engines> make_container_engines(container_options options,
                                                  std::shared_ptr<device_shelf> devices) {
  std::optional<container_image> image;
  if (!options.image.empty()) {
    TROUPE_TRY(image, configured_image(options.image));
  }
  auto program = std::make_unique<podman>(std::move(options));
  const auto lock = program->lock_set_up();
  if (!lock)
    return make_api_error(error_code::input_error,
                          program->options().directory + " cannot be made or written");
  TROUPE_CHECK(program->set_up());
  if (program->options().nested)
    TROUPE_CHECK(try_nested_podman(*program));
  auto made = std::make_shared<container_engine>(std::move(program), std::move(devices));
  TROUPE_CHECK(made->begin());
  container_engines result{made, {}};
  if (image)
    result.common = std::make_shared<image_engine>(made, std::move(*image));
  return result;
}

}  // namespace troupe
