#include "workers/engines/device_shelf.hpp"

#include "workers/engines/engine.hpp"

#include <catch2/catch_all.hpp>

#include <sys/eventfd.h>
#include <unistd.h>
#include <future>
#include <mutex>

using namespace troupe;

namespace {

// A desk that can be interrupted, and says when somebody waits at it.
class quiet_desk : public run_desk {
 public:
  quiet_desk() : told_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  void note(std::string_view) override { waits_.set_value(); }
  void note_warning(std::string_view) override {}
  void note_error(std::string_view) override {}
  const std::atomic<bool>& interrupted() const override { return interrupted_; }
  int interruption() const override { return told_.get(); }
  outcome<fetched_file> fetch(const mount_content&) override { return fetched_file{}; }
  outcome<boost::json::object> get(const std::string&) override { return boost::json::object{}; }

  void interrupt() {
    interrupted_ = true;
    const std::uint64_t one = 1;
    REQUIRE(::write(told_.get(), &one, sizeof one) == sizeof one);
  }

  void wait_until_somebody_waits() { waits_.get_future().wait(); }

 private:
  std::atomic<bool> interrupted_{false};
  descriptor told_;
  std::promise<void> waits_;
};

std::shared_ptr<device_shelf> shelf_of(const std::vector<std::string>& video,
                                       const std::vector<std::string>& audio) {
  auto made = device_shelf::open(video, audio);
  REQUIRE(made.has_value());
  return *made;
}

}  // namespace

TEST_CASE("workers 3.1.3: only devices are lent", "[device_shelf]") {
  for (const auto* path : {"", "null", "/no/such/device", "/etc/passwd", "/dev", "/proc"})
    CHECK_FALSE(device_shelf::open({path}, {}).has_value());
  for (const auto* path : {"", ",", "null", "/no/such/device", "/etc", "/dev/null,/etc/passwd"})
    CHECK_FALSE(device_shelf::open({}, {path}).has_value());
  const auto none = shelf_of({}, {});
  CHECK_FALSE(none->kinds().any());
  const auto some = shelf_of({"/dev/null"}, {"/dev"});
  CHECK(some->kinds().video);
  CHECK(some->kinds().audio);
}

TEST_CASE("workers 3.1.3: each device is lent to one at a time", "[device_shelf]") {
  const auto shelf = shelf_of({"/dev/null", "/dev/zero"}, {"/dev/full,/dev/tty"});
  quiet_desk desk;
  auto first = shelf->lend({true, false}, desk);
  auto second = shelf->lend({true, true}, desk);
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  CHECK(first->video() == "/dev/null");
  CHECK(first->paths() == std::vector<std::string>{"/dev/null"});
  CHECK(second->paths() == std::vector<std::string>{"/dev/full", "/dev/tty", "/dev/zero"});

  auto third = std::async(std::launch::async, [&] { return shelf->lend({true, true}, desk); });
  desk.wait_until_somebody_waits();
  first.reset();  // half of what is wanted
  CHECK(third.wait_for(std::chrono::milliseconds{20}) == std::future_status::timeout);
  second.reset();
  const auto lent = third.get();
  REQUIRE(lent.has_value());
  CHECK(lent->audio().size() == 2);
}

TEST_CASE("workers 3.1.3: who waits for a device is interrupted", "[device_shelf]") {
  const auto shelf = shelf_of({"/dev/null"}, {});
  quiet_desk desk;
  quiet_desk impatient;
  const auto held = shelf->lend({true, false}, desk);
  auto waits = std::async(std::launch::async, [&] {
    return shelf->lend({true, false}, impatient);
  });
  impatient.wait_until_somebody_waits();
  impatient.interrupt();
  CHECK_FALSE(waits.get().has_value());
}
