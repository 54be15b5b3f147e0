#include "workers/remote/remote_queue_port.hpp"

#include "runtime/clock/clock.hpp"
#include "runtime/clock/random.hpp"
#include "runtime/log/log.hpp"
#include "workers/loop/queue_calls.hpp"
#include "workers/remote/held_runs.hpp"
#include "workers/remote/worker_link_actor.hpp"
#include "workers/worker.hpp"

#include <boost/json.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;
using milliseconds = std::chrono::milliseconds;

constexpr milliseconds longest_claim = 6min;  // the server answers after five
constexpr milliseconds longest_call = 30s;
constexpr milliseconds patience = 2s;  // of a call for a connection that is being made again
constexpr milliseconds first_pause = 100ms;
constexpr milliseconds longest_pause = 5s;
constexpr milliseconds longest_conflict = 15s;  // longer than a dead link is taken for alive

// What an error of the API says, without what it repeats of the request.
api_error read_refusal(const call_result& answer) {
  const auto body = answer.json();
  const auto* object = body.if_object();
  const auto* text = object == nullptr ? nullptr : object->if_contains("message");
  std::string message = text != nullptr && text->is_string() ? std::string{text->get_string()}
                        : answer.body.empty()                ? answer.trouble
                                                             : answer.body;
  message = message.substr(0, message.find("\n\n---\n"));
  const auto code = [&answer] {
    switch (answer.status) {
      case 400:
        return error_code::input_error;
      case 401:
        return error_code::authentication_failed;
      case 403:
        return error_code::insufficient_scopes;
      case 409:
        return error_code::request_conflict;
      default:
        return error_code::service_unavailable;
    }
  }();
  return make_api_error(code, std::move(message));
}

std::vector<held_run> runs_in(const call_result& answer) {
  std::vector<held_run> runs;
  const auto body = answer.json();
  boost::system::error_code failed;
  const auto* tasks = body.find_pointer("/tasks", failed);
  if (failed || tasks == nullptr || !tasks->is_array())
    return runs;
  for (const auto& claim : tasks->get_array()) {
    const auto* id = claim.find_pointer("/status/taskId", failed);
    const auto* run = claim.find_pointer("/runId", failed);
    if (id == nullptr || run == nullptr || !id->is_string() || !run->is_int64())
      continue;
    if (const auto task = task_id::parse(std::string_view{id->get_string()}))
      runs.push_back({*task, static_cast<run_id>(run->get_int64())});
  }
  return runs;
}

class remote_queue_port final : public queue_port {
 public:
  remote_queue_port(worker_options& worker, remote_server server, std::string version)
      : worker_(worker),
        server_(std::move(server)),
        version_(std::move(version)),
        instance_(make_slugid(thread_random())),
        end_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~remote_queue_port() override;

  /// Waits until the worker was let in for the first time.
  outcome<void> start(int give_up);

  call_result claim_work(unsigned count) override;
  void give_up() override;
  call_result reclaim(const run_address& run, const credentials& by) override;
  call_result report(const run_address& run, const credentials& by, run_report report) override;
  void watch_run(const run_address& run, std::function<void(stop_reason)> stopped) override {
    runs_.watch({run.task, run.run}, std::move(stopped));
  }
  void unwatch_run(const run_address& run) override { runs_.unwatch({run.task, run.run}); }

 private:
  /// The link, kept from being destroyed as long as this is there; empty when there is none.
  class user {
   public:
    explicit user(remote_queue_port& port) : port_(port) {}
    ~user();
    user(const user&) = delete;
    user& operator=(const user&) = delete;

    bool wait(std::optional<milliseconds> limit);
    remote_link* operator->() const { return link_; }
    void drop();

   private:
    remote_queue_port& port_;
    remote_link* link_ = nullptr;
  };

  outcome<void> connect(int give_up);
  outcome<void> connect_first(int give_up);
  worker_hello make_hello();
  void lost(unsigned number);
  void keep_connected();
  void end_link();
  bool connect_again();
  remote_call make_call(const credentials& by, const queue_call& call);
  call_result call_for_run(const run_address& run, const credentials& by, const queue_call& call);

  worker_options& worker_;
  const remote_server server_;
  const std::string version_;
  const std::string instance_;
  const int end_;  // readable once the port ends
  held_runs runs_;
  std::mutex guard_;
  std::condition_variable changed_;
  std::unique_ptr<remote_link> link_;  // guarded; of the connector; null: there is none just now
  unsigned users_ = 0;                 // guarded; of the link
  unsigned number_ = 0;                // guarded; of the last link
  bool down_ = false;                  // guarded; the last link was lost
  bool given_up_ = false;              // guarded
  bool ending_ = false;                // guarded
  std::thread connector_;              // makes and destroys links
};

remote_queue_port::~remote_queue_port() {
  if (user link{*this}; link.wait(milliseconds{0}))
    link->say_farewell();
  {
    const std::lock_guard lock{guard_};
    ending_ = true;
    changed_.notify_all();
  }
  ::eventfd_write(end_, 1);
  if (connector_.joinable())
    connector_.join();
  ::close(end_);
}

// -- who uses the link ----------------------------------------------------------------------------

remote_queue_port::user::~user() {
  if (link_ == nullptr)
    return;
  const std::lock_guard lock{port_.guard_};
  --port_.users_;
  port_.changed_.notify_all();
}

// Without a limit until there is one, or claims are given up.
bool remote_queue_port::user::wait(std::optional<milliseconds> limit) {
  std::unique_lock lock{port_.guard_};
  const auto there = [this] { return port_.link_ != nullptr && !port_.down_; };
  if (limit)
    port_.changed_.wait_for(lock, *limit, [&] { return there() || port_.ending_; });
  else
    port_.changed_.wait(lock, [&] { return there() || port_.given_up_ || port_.ending_; });
  if (!there() || (!limit && port_.given_up_))
    return false;
  link_ = port_.link_.get();
  ++port_.users_;
  return true;
}

// The server answers nothing that it is asked: the next connection may do better.
void remote_queue_port::user::drop() {
  const std::lock_guard lock{port_.guard_};
  port_.down_ = true;
  port_.changed_.notify_all();
}

// -- the connection -------------------------------------------------------------------------------

worker_hello remote_queue_port::make_hello() {
  const auto where = split_root_url(worker_.root_url);
  worker_hello hello;
  hello.instance = instance_;
  hello.queue = worker_.task_queue_id;
  hello.worker = {worker_.worker_group, worker_.worker_id};
  hello.capacity = worker_.capacity;
  hello.host = where.host + ":" + where.port;
  const auto target = claim_work_call(worker_, 1).target;
  hello.authorization = sign_header(worker_.by, {"POST", target, where.host, where.port},
                                    system_clock{}.now(), make_slugid(thread_random()));
  hello.version = version_;
  hello.runs = runs_.all();
  return hello;
}

outcome<void> remote_queue_port::connect(int give_up) {
  unsigned number = 0;
  {
    const std::lock_guard lock{guard_};
    number = ++number_;
    down_ = false;
  }
  link_events events;
  events.aborted = [this](const abort_run& run) { runs_.end({run.task, run.run}, run.reason); };
  events.down = [this, number] { lost(number); };
  TROUPE_TRY(auto opened, remote_link::open(server_, give_up, std::move(events)));
  TROUPE_TRY(auto root_url, opened->root_url());
  if (worker_.root_url.empty())
    worker_.root_url = std::move(root_url);
  if (const auto answer = opened->enter(make_hello()); answer.status != 200)
    return read_refusal(answer);
  const std::lock_guard lock{guard_};
  if (down_)
    return make_api_error(error_code::service_unavailable, "the connection was lost at once");
  link_ = std::move(opened);
  changed_.notify_all();
  return boost::system::in_place_value;
}

// On a thread of the link.
void remote_queue_port::lost(unsigned number) {
  const std::lock_guard lock{guard_};
  if (number != number_)
    return;
  down_ = true;
  changed_.notify_all();
}

outcome<void> remote_queue_port::connect_first(int give_up) {
  auto pause = first_pause;
  std::optional<timestamp> conflict_since;
  std::string said;
  for (;;) {
    auto result = connect(give_up);
    if (result)
      return result;
    const auto& why = result.error();
    const auto now = system_clock{}.now();
    const bool conflict = why.code == error_code::request_conflict;
    if (!conflict)
      conflict_since.reset();
    else if (!conflict_since)
      conflict_since = now;
    const bool passing = why.code == error_code::service_unavailable ||
                         (conflict && now - *conflict_since < longest_conflict);
    pollfd waits{give_up, POLLIN, 0};
    const bool wanted = give_up < 0 || ::poll(&waits, 1, 0) == 0;
    if (!passing || !wanted)
      return result;
    if (std::exchange(said, why.message) != why.message)
      log_message(severity::warning, why.message + "; trying again");
    ::poll(&waits, give_up < 0 ? 0 : 1, static_cast<int>(pause.count()));
    pause = std::min(pause * 2, longest_pause);
  }
}

outcome<void> remote_queue_port::start(int give_up) {
  std::promise<outcome<void>> first;
  connector_ = std::thread{[this, give_up, &first] {
    auto result = connect_first(give_up);
    const bool good = result.has_value();
    first.set_value(std::move(result));
    if (good)
      keep_connected();
  }};
  return first.get_future().get();
}

void remote_queue_port::keep_connected() {
  for (;;) {
    {
      std::unique_lock lock{guard_};
      changed_.wait(lock, [this] { return ending_ || down_; });
    }
    end_link();
    {
      const std::lock_guard lock{guard_};
      if (ending_)
        return;
    }
    log_message(severity::warning, "the connection to the server is lost; connecting again");
    if (!connect_again())
      return;
    log_message(severity::notice, "connected again");
  }
}

// Whoever waits for an answer of it is let go first.
void remote_queue_port::end_link() {
  std::unique_ptr<remote_link> gone;
  std::unique_lock lock{guard_};
  if (link_)
    link_->shut();
  down_ = true;
  changed_.wait(lock, [this] { return users_ == 0; });
  gone = std::move(link_);
  lock.unlock();
}

// False when the port ends.
bool remote_queue_port::connect_again() {
  auto pause = first_pause;
  std::string said;
  for (auto result = connect(end_); !result; result = connect(end_)) {
    if (std::exchange(said, result.error().message) != result.error().message)
      log_message(severity::warning, said);
    // So that many workers of a server that comes back do not come all at once.
    const auto half = static_cast<std::uint64_t>(pause.count() / 2);
    const auto wait = half + thread_random().next() % half;
    pollfd waits{end_, POLLIN, 0};
    if (::poll(&waits, 1, static_cast<int>(wait)) > 0)
      return false;
    pause = std::min(pause * 2, longest_pause);
  }
  return true;
}

// -- calls ----------------------------------------------------------------------------------------

remote_call remote_queue_port::make_call(const credentials& by, const queue_call& call) {
  const auto where = split_root_url(worker_.root_url);
  remote_call result;
  result.verb = "POST";
  result.target = call.target;
  result.authorization = sign_header(by, {"POST", call.target, where.host, where.port},
                                     system_clock{}.now(), make_slugid(thread_random()));
  result.body = call.body;
  return result;
}

// A claim that gets no answer in time might get one later: the connection goes, and the server
// gives back what it had for it.
call_result remote_queue_port::claim_work(unsigned count) {
  user link{*this};
  if (!link.wait({}))
    return {};
  auto result = link->call(make_call(worker_.by, claim_work_call(worker_, count)), longest_claim);
  if (result.status == 0)
    link.drop();
  const auto handed = runs_in(result);
  runs_.add(handed);
  runs_.forget_strangers();
  const std::lock_guard lock{guard_};
  if (given_up_ && handed.empty())
    return {};
  return result;
}

void remote_queue_port::give_up() {
  const std::lock_guard lock{guard_};
  given_up_ = true;
  if (link_)
    link_->hurry_claim();
  changed_.notify_all();
}

call_result remote_queue_port::call_for_run(const run_address& run, const credentials& by,
                                            const queue_call& call) {
  user link{*this};
  if (!link.wait(patience)) {
    call_result away;
    away.trouble = "there is no connection to the server";
    return away;
  }
  auto result = link->call(make_call(by, call), longest_call);
  if (result.status == 404 || result.status == 409)
    runs_.remove({run.task, run.run});
  return result;
}

call_result remote_queue_port::reclaim(const run_address& run, const credentials& by) {
  return call_for_run(run, by, reclaim_call(run));
}

call_result remote_queue_port::report(const run_address& run, const credentials& by,
                                      run_report report) {
  auto result = call_for_run(run, by, report_call(run, report));
  if (result.good())
    runs_.remove({run.task, run.run});
  return result;
}

}  // namespace

outcome<std::unique_ptr<queue_port>> connect_remote_queue(worker_options& worker,
                                                          const remote_server& server,
                                                          std::string version, int give_up) {
  TROUPE_CHECK(check_tls_files(server.tls));
  auto port = std::make_unique<remote_queue_port>(worker, server, std::move(version));
  TROUPE_CHECK(port->start(give_up));
  return std::unique_ptr<queue_port>{std::move(port)};
}

}  // namespace troupe
