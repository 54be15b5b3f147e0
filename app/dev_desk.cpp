#include "app/dev_desk.hpp"

#include "actors/company/company.hpp"
#include "actors/log_stream/log_spool.hpp"
#include "app/artifact_stores.hpp"
#include "app/doors.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"
#include "runtime/store/lane_store.hpp"

#include <future>
#include <memory>

namespace troupe {

namespace {

// A step takes milliseconds, unless Redis is away.
constexpr std::chrono::seconds longest_step{30};

api_error starts_anew() {
  return make_api_error(error_code::service_unavailable,
                        "The server was reset while this was asked; what it was about is gone.");
}

}  // namespace

dev_desk::dev_desk(parts given) : with_(std::move(given)), thread_([this] { serve(); }) {}

dev_desk::~dev_desk() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  news_.notify_one();
  thread_.join();
}

void dev_desk::reset(teller done) {
  add({[this] { return carry_out_reset(); }, std::move(done)});
}

void dev_desk::set_claim_timeout(std::chrono::seconds timeout, teller done) {
  add({[this, timeout] {
         return on_all_lanes("change a setting", [this, timeout](std::size_t i, auto told) {
           with_.companies[i]->set_claim_timeout(timeout);
           told("");
         });
       },
       std::move(done)});
}

void dev_desk::add(job made) {
  {
    const std::lock_guard lock{mutex_};
    jobs_.push_back(std::move(made));
  }
  news_.notify_one();
}

void dev_desk::serve() {
  std::unique_lock lock{mutex_};
  for (;;) {
    news_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    const auto ends = ending_;
    auto jobs = std::exchange(jobs_, {});
    lock.unlock();
    for (auto& next : jobs)
      next.done(
          ends ? outcome<void>{make_api_error(error_code::service_unavailable, "The server ends.")}
               : next.work());
    if (ends)
      return;
    lock.lock();
  }
}

// -- steps ----------------------------------------------------------------------------------------

outcome<void> dev_desk::too_late(std::string_view what) {
  auto text = "the server could not " + std::string{what} +
              " within 30 s: Redis does not answer. It ends; a restart reads what is there";
  with_.give_up(text);
  return make_api_error(error_code::service_unavailable, std::move(text));
}

// Every lane does its part at the same time. What comes too late finds nobody, but nothing amiss.
outcome<void> dev_desk::on_all_lanes(std::string_view what, const step& each) {
  struct parts_done {
    std::vector<std::promise<std::string>> of;
  };
  const auto all = std::make_shared<parts_done>();
  all->of.resize(with_.lanes.size());
  for (std::size_t i = 0; i < with_.lanes.size(); ++i)
    with_.lanes[i]->post([each, all, i] {
      each(i, [all, i](std::string error) { all->of[i].set_value(std::move(error)); });
    });
  const auto until = std::chrono::steady_clock::now() + longest_step;
  std::string first;
  for (auto& part : all->of) {
    auto told = part.get_future();
    if (told.wait_until(until) != std::future_status::ready)
      return too_late(what);
    if (auto error = told.get(); first.empty())
      first = std::move(error);
  }
  if (first.empty())
    return boost::system::in_place_value;
  return make_api_error(error_code::service_unavailable, std::move(first));
}

// First nobody is left who could write or tell something; only then what is stored goes. Until it
// is over nobody is let in, who might meet actors that have not read yet what there is.
outcome<void> dev_desk::carry_out_reset() {
  with_.board->admit(false);
  TROUPE_CHECK(on_all_lanes("let its queues go", [this](std::size_t i, auto told) {
    with_.companies[i]->dismiss_queues();
    told("");
  }));
  // Answers that cross the lanes have arrived when this is run; who waits still is told so before
  // those who owe it to him fail for want of each other.
  TROUPE_CHECK(on_all_lanes("let its actors go", [this](std::size_t i, auto told) {
    with_.lanes[i]->refuse_open_replies(starts_anew());
    with_.others->dismiss_logs(*with_.lanes[i]);
    with_.companies[i]->dismiss();
    told("");
  }));
  // What they wrote becomes safe and what they told others has arrived, where it finds nobody.
  TROUPE_CHECK(on_all_lanes("write what was under way", [this](std::size_t i, auto told) {
    auto& store = with_.lanes[i]->store();
    store.when_safe(store.last(), [told] { told(""); });
  }));
  TROUPE_CHECK(on_all_lanes("hear what was under way", [](std::size_t, auto told) { told(""); }));
  TROUPE_CHECK(on_all_lanes("delete what is stored", [this](std::size_t i, auto told) {
    with_.companies[i]->erase([told] { told(""); });
  }));
  remove_old_spools(with_.log_directory, 0, 0);
  const auto emptied = with_.artifacts->remove_all_local();
  TROUPE_CHECK(begin_anew());
  return emptied;
}

// As at the start of a server.
outcome<void> dev_desk::begin_anew() {
  const auto each = [this](std::string_view what, auto does) {
    return on_all_lanes(what, [this, does](std::size_t i, auto told) {
      does(i, *with_.companies[i], std::move(told));
    });
  };
  using done = std::function<void(std::string)>;
  TROUPE_CHECK(each("begin anew", [this](std::size_t i, lane_company& company, const done& told) {
    company.spawn();
    with_.others->spawn_logs(*with_.lanes[i]);
    told("");
  }));
  TROUPE_CHECK(each("read what is there", [](std::size_t, lane_company& company, done told) {
    company.recover_ids(std::move(told));
  }));
  TROUPE_CHECK(each("read what is there", [](std::size_t, lane_company& company, done told) {
    company.recover_tasks([told](std::size_t) { told(""); });
  }));
  TROUPE_CHECK(each("open again", [](std::size_t, lane_company& company, const done& told) {
    company.open();
    told("");
  }));
  const auto opened = std::make_shared<std::promise<outcome<void>>>();
  with_.open_auth([opened](outcome<void> result) { opened->set_value(std::move(result)); });
  auto told = opened->get_future();
  if (told.wait_for(longest_step) != std::future_status::ready)
    return too_late("read clients and roles");
  TROUPE_CHECK(told.get());
  TROUPE_CHECK(each("open again", [](std::size_t, lane_company& company, const done& opened_all) {
    company.open_pools();
    opened_all("");
  }));
  with_.board->admit(true);
  return boost::system::in_place_value;
}

}  // namespace troupe
