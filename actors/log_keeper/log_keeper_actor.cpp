#include "actors/log_keeper/log_keeper_actor.hpp"

#include "runtime/files/descriptor.hpp"
#include "runtime/files/gzip_file.hpp"
#include "runtime/log/log.hpp"
#include "runtime/store/shard.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <optional>
#include <utility>

namespace troupe {

namespace {

struct upload_result {
  bool has_file = false;
  outcome<void> sent = boost::system::in_place_value;
};

std::optional<std::uint64_t> size_of(const descriptor& file) {
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0)
    return std::nullopt;
  return static_cast<std::uint64_t>(about.st_size);
}

// On the thread for files. Packed as a worker does it; the packed file has no name by the time that
// it is sent, so nothing is left of it in any case.
upload_result send_log(const log_keeper_options& with, const kept_log& log) {
  const auto path = path_of_spool(with.directory, log.task, log.run);
  const auto packed_path = path + ".gz";
  const descriptor spool{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  const auto size = size_of(spool);
  if (!size)
    return {};
  const auto packing = gzip_file(spool.get(), *size, packed_path);
  const descriptor packed{::open(packed_path.c_str(), O_RDONLY | O_CLOEXEC)};
  ::unlink(packed_path.c_str());
  if (!packing)
    return {true, packing};
  const auto packed_size = size_of(packed);
  if (!packed_size)
    return {true, make_api_error(error_code::service_unavailable, "the packed log was removed")};
  return {true,
          with.uploader->put(log.put_url, {packed.get(), *packed_size, log.put_type, "gzip"})};
}

}  // namespace

void lost_run_ear::on_event(const event& what) {
  const auto name = run_behind(what);
  if (!name)
    return;
  auto how = how_resolved(what.payload, name->run);
  if (!how.empty())
    board_.tell(on_, log_run_resolved{name->task, name->run, std::move(how)});
}

class log_keeper_shell::question final : public answer_sink {
 public:
  question(log_keeper_shell& owner, taker take) : owner_(owner), take_(std::move(take)) {
    handle_ = owner_.lane_.open_reply(*this);
  }
  ~question() override { owner_.lane_.close_reply(handle_); }
  question(const question&) = delete;
  question& operator=(const question&) = delete;

  void complete(answer&& result) override {
    handle_ = {};
    auto& owner = owner_;
    const auto take = std::move(take_);
    const auto said = std::move(result);
    owner.questions_.erase(place);  // and this is gone
    if (!owner.guard_.failed())
      owner.guard_.attempt([&] { take(said); });
  }

  const reply_handle& handle() const { return handle_; }

  std::list<std::unique_ptr<question>>::iterator place;

 private:
  log_keeper_shell& owner_;
  taker take_;
  reply_handle handle_;
};

log_keeper_shell::log_keeper_shell(caf::actor_config& config, lane& on, switchboard& board,
                                   log_keeper_options options)
    : log_keeper_actor::base(config),
      lane_(on),
      board_(board),
      options_(std::move(options)),
      guard_(on, board, "keeper of logs of lane " + std::to_string(on.index()),
             options_.successor) {}

log_keeper_shell::~log_keeper_shell() = default;

log_keeper_shell::behavior_type log_keeper_shell::make_behavior() {
  return {
      [this](keep_log& command) { guard_.run(command, [this](keep_log& c) { keep(c); }); },
      [this](review_logs& command) { guard_.run(command, [this](review_logs& c) { review(c); }); },
  };
}

void log_keeper_shell::on_exit() {
  alive_.reset();
  questions_.clear();
  files_.reset();
  logs_.clear();
  guard_.hand_back();
}

template <class Work, class Then>
void log_keeper_shell::off_lane(Work work, Then then) {
  if (!files_)
    files_ = std::make_unique<file_pool>(1);
  files_->run([this, &on = lane_, still_here = std::weak_ptr<int>{alive_}, work = std::move(work),
               then = std::move(then)] {
    auto result = std::make_shared<decltype(work())>(work());
    on.post([this, still_here, then, result] {
      if (!still_here.expired() && !guard_.failed())
        guard_.attempt([&] { then(*result); });
    });
  });
}

template <class Command>
void log_keeper_shell::ask(Command command, taker take) {
  auto& made = questions_.emplace_front(std::make_unique<question>(*this, std::move(take)));
  made->place = questions_.begin();
  command.reply = made->handle();
  board_.tell(lane_, std::move(command));
}

// -- what was left --------------------------------------------------------------------------------

void log_keeper_shell::review(review_logs&) {
  off_lane([directory = options_.directory] { return find_left_spools(directory); },
           [this](const std::vector<left_spool>& all) {
             for (const auto& left : all)
               take_left(left);
           });
}

void log_keeper_shell::take_left(const left_spool& left) {
  const auto lanes = static_cast<std::uint16_t>(board_.lane_count());
  if (lane_of_shard(shard_of(left.task.view()), lanes) != lane_.index())
    return;
  if (left.finished)
    return begin({left.task, left.run});
  ask(get_status{left.task, {}}, [this, left](const answer& status) { take_status(left, status); });
}

// The run may have been resolved while nobody listened.
void log_keeper_shell::take_status(const left_spool& left, const answer& status) {
  if (status.error && status.error->code == error_code::resource_not_found)
    return settle({left.task, left.run}, &remove_spool);
  auto how = status.error ? std::string{} : how_resolved(status.body, left.run);
  if (!how.empty())
    board_.tell(lane_, log_run_resolved{left.task, left.run, std::move(how)});
}

// -- one log --------------------------------------------------------------------------------------

void log_keeper_shell::keep(keep_log& command) { begin({command.task, command.run}); }

void log_keeper_shell::begin(const run_name& run) {
  const auto [at, added] = logs_.try_emplace(run);
  if (!added)
    return;
  at->second.task = run.task;
  at->second.run = run.run;
  work(run);
}

void log_keeper_shell::work(const run_name& run) {
  const auto known = logs_.find(run);
  if (known == logs_.end())
    return;
  std::visit(
      [this, &run, &log = known->second](auto&& asked) {
        if constexpr (std::is_same_v<std::decay_t<decltype(asked)>, std::monostate>)
          upload(run, log);
        else
          ask(std::move(asked), [this, run](const answer& said) {
            if (const auto at = logs_.find(run); at != logs_.end())
              proceed(run, take_answer(at->second, said));
          });
      },
      question_of(known->second));
}

void log_keeper_shell::upload(const run_name& run, const kept_log& log) {
  off_lane([options = &options_, log] { return send_log(*options, log); },
           [this, run](const upload_result& result) {
             if (const auto at = logs_.find(run); at != logs_.end())
               proceed(run, take_upload(at->second, result.has_file, result.sent));
           });
}

void log_keeper_shell::proceed(const run_name& run, keeping_verdict verdict) {
  if (!verdict.warning.empty())
    log_message(severity::warning, verdict.warning);
  switch (verdict.what) {
    case keeping::goes_on:
      return work(run);
    case keeping::over:
      return settle(run, &forget_keeping);
    case keeping::gone:
      return settle(run, &remove_spool);
    case keeping::again:
      lane_.supervisor().after(pause_before(logs_.at(run)),
                               [this, still_here = std::weak_ptr<int>{alive_}, run] {
                                 if (!still_here.expired() && !guard_.failed())
                                   guard_.attempt([&] { work(run); });
                               });
  }
}

// Its file need not wait for anything any more.
void log_keeper_shell::settle(const run_name& run,
                              void (*how)(const std::string&, const task_id&, run_id)) {
  logs_.erase(run);
  off_lane(
      [how, directory = options_.directory, run] {
        how(directory, run.task, run.run);
        return true;
      },
      [](bool) {});
}

}  // namespace troupe
