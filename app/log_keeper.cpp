#include "app/log_keeper.hpp"

#include "messages/answer.hpp"
#include "messages/json_members.hpp"
#include "messages/log_commands.hpp"
#include "messages/task_commands.hpp"
#include "runtime/files/descriptor.hpp"
#include "runtime/files/gzip_file.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"
#include "runtime/log/log.hpp"
#include "runtime/queue_client/queue_client.hpp"
#include "runtime/store/lane_store.hpp"
#include "runtime/store/shard.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <charconv>
#include <filesystem>
#include <functional>
#include <list>
#include <utility>

namespace troupe {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* log_type = "text/plain; charset=utf-8";

struct run_name {
  task_id task;
  run_id run = 0;
};

// `<taskId>-<run>`, with an ending that was taken off.
std::optional<run_name> read_name(std::string_view text) {
  const auto dash = text.rfind('-');
  if (dash == std::string_view::npos)
    return std::nullopt;
  const auto task = task_id::parse(text.substr(0, dash));
  run_name name;
  const auto* end = text.data() + text.size();
  if (!task || std::from_chars(text.data() + dash + 1, end, name.run).ptr != end)
    return std::nullopt;
  name.task = *task;
  return name;
}

// The run that an event may have left without a worker: that of an exception, or the one before a
// run that is pending.
std::optional<run_name> run_behind(const event& what) {
  constexpr std::string_view queue = "exchange/taskcluster-queue/v1/";
  if (!what.exchange.starts_with(queue))
    return std::nullopt;
  const auto kind = what.exchange.substr(queue.size());
  const bool pending = kind == "task-pending";
  if (!pending && kind != "task-exception")
    return std::nullopt;
  // `primary.<task>.<run>. ...`
  const auto first = what.routing_key.find('.');
  const auto second = what.routing_key.find('.', first + 1);
  const auto third = what.routing_key.find('.', second + 1);
  if (third == std::string_view::npos)
    return std::nullopt;
  const auto task = task_id::parse(what.routing_key.substr(first + 1, second - first - 1));
  run_name name;
  if (!task || std::from_chars(what.routing_key.data() + second + 1,
                               what.routing_key.data() + third, name.run)
                       .ec != std::errc{})
    return std::nullopt;
  if (pending && name.run-- == 0)
    return std::nullopt;
  name.task = *task;
  return name;
}

// How a run that had a worker was resolved, of a text with the status of its task; empty unless it
// was as an exception.
std::string how_resolved(std::string_view text, run_id run) {
  boost::system::error_code failed;
  const auto body = json::parse(text, failed);
  if (failed)
    return {};
  const auto* found = body.find_pointer("/status/runs/" + std::to_string(run), failed);
  if (found == nullptr || !found->is_object())
    return {};
  const auto& about = found->get_object();
  return text_of(about, "state") == "exception" && about.contains("started")
             ? text_of(about, "reasonResolved")
             : std::string{};
}

}  // namespace

/// A log on its way to become an artifact.
struct log_keeper::one_log {
  lane& on;
  task_id task;
  run_id run = 0;
  timestamp expires;
  std::string backing = "public/logs/live_backing.log";
  std::string live = "public/logs/live.log";

  std::string text() const { return task.str() + "/" + std::to_string(run); }
};

/// Takes an answer, removes itself from those that wait, and hands it on.
class log_keeper::question final : public answer_sink {
 public:
  question(lane& on, std::function<void()> remove, std::function<void(answer&&)> then)
      : on_(on), remove_(std::move(remove)), then_(std::move(then)) {
    handle_ = on_.open_reply(*this);
  }
  ~question() override { on_.close_reply(handle_); }
  question(const question&) = delete;
  question& operator=(const question&) = delete;

  void complete(answer&& result) override {
    handle_ = {};
    const auto then = std::move(then_);
    const auto remove = std::move(remove_);
    remove();  // and this is gone
    then(std::move(result));
  }

  const reply_handle& handle() const { return handle_; }

 private:
  lane& on_;
  std::function<void()> remove_;
  std::function<void(answer&&)> then_;
  reply_handle handle_;
};

/// What is of one lane.
class log_keeper::lane_ear final : public event_listener {
 public:
  lane_ear(lane& at, switchboard& board) : on(at), board_(board) {}

  void on_event(const event& what) override {
    const auto name = run_behind(what);
    if (!name)
      return;
    auto how = how_resolved(what.payload, name->run);
    if (!how.empty())
      board_.tell(on, log_run_resolved{name->task, name->run, std::move(how)});
  }

  lane& on;
  std::list<std::unique_ptr<question>> questions;

 private:
  switchboard& board_;
};

log_keeper::log_keeper(switchboard& board, std::string directory)
    : board_(board), directory_(std::move(directory)) {}

log_keeper::~log_keeper() { close(); }

void log_keeper::close() {
  const std::lock_guard lock{guard_};
  closed_ = true;
  if (sending_ != nullptr)
    sending_->wake();
}

void log_keeper::listen_to(lane& on, lane_store& store) {
  store.add_listener(ears_.emplace_back(on, board_));
}

// -- what nobody listened to ----------------------------------------------------------------------

void log_keeper::look_back(lane& on) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator{directory_, failed}) {
    const auto& path = entry.path();
    const auto name = path.extension() == ".log" ? read_name(path.stem().string()) : std::nullopt;
    std::error_code ignored;
    if (name &&
        lane_of_shard(shard_of(name->task.view()), static_cast<std::uint16_t>(ears_.size())) ==
            on.index() &&
        !fs::exists(path.string() + ".done", ignored))
      look_at(on, name->task, name->run);
  }
}

void log_keeper::look_at(lane& on, const task_id& task, run_id run) {
  ask(
      on,
      [this, &on, task](reply_handle reply) {
        board_.tell(on, get_status{task, std::move(reply)});
      },
      [this, &on, task, run](answer&& status) {
        auto how = how_resolved(status.body, run);
        if (!how.empty())
          board_.tell(on, log_run_resolved{task, run, std::move(how)});
      });
}

// -- one log --------------------------------------------------------------------------------------

void log_keeper::ask(lane& on, std::function<void(reply_handle)> send,
                     std::function<void(answer&&)> then) {
  auto& all = ears_[on.index()].questions;
  all.emplace_front();
  const auto place = all.begin();
  *place = std::make_unique<question>(
      on, [&all, place] { all.erase(place); }, std::move(then));
  send((*place)->handle());
}

void log_keeper::keep(lane& on, const task_id& task, run_id run) {
  auto about = std::make_shared<one_log>(one_log{on, task, run, {}});
  ask(
      on,
      [&](reply_handle reply) {
        board_.tell(on, get_task{task, std::move(reply)});
      },
      [this, about](answer&& definition) { read_definition(about, definition); });
}

// Names and expiry are those that the worker would have used.
void log_keeper::read_definition(const std::shared_ptr<one_log>& about, const answer& definition) {
  boost::system::error_code failed;
  const auto task = json::parse(definition.body, failed);
  if (failed || !task.is_object())
    return;
  const auto expires = parse_date_time(text_of(task.get_object(), "expires"));
  if (!expires)
    return;
  about->expires = *expires;
  if (const auto* names = task.find_pointer("/payload/logs", failed); names && names->is_object()) {
    for (const auto& [key, name] :
         {std::pair{"backing", &about->backing}, std::pair{"live", &about->live}})
      if (auto given = text_of(names->get_object(), key); !given.empty())
        *name = std::move(given);
  }
  // What the worker has kept after all stays.
  ask(
      about->on,
      [&](reply_handle reply) {
        board_.tell(about->on,
                    describe_artifact{about->task, about->run, about->backing, std::move(reply)});
      },
      [this, about](answer&& known) {
        if (known.error && http_status(known.error->code) == 404)
          create(about);
      });
}

void log_keeper::create(const std::shared_ptr<one_log>& about) {
  create_artifact command;
  command.task = about->task;
  command.run = about->run;
  command.name = about->backing;
  command.content_type = log_type;
  command.expires = about->expires;
  ask(
      about->on,
      [&](reply_handle reply) {
        command.reply = std::move(reply);
        board_.tell(about->on, std::move(command));
      },
      [this, about](answer&& created) { upload(about, created); });
}

void log_keeper::upload(const std::shared_ptr<one_log>& about, const answer& created) {
  boost::system::error_code failed;
  const auto answered = json::parse(created.body, failed);
  if (created.error || failed || !answered.is_object())
    return log_message(severity::warning,
                       "the log of " + about->text() + ", which its worker has left, is not kept" +
                           (created.error ? ": " + created.error->message : std::string{}));
  const auto& place = answered.get_object();
  files_.run([this, about, url = text_of(place, "putUrl"), type = text_of(place, "contentType")] {
    if (send(*about, url, type))
      about->on.post([this, about] { link(about); });
  });
}

// On the thread for files.
bool log_keeper::send(const one_log& about, const std::string& url, const std::string& type) {
  const auto path = directory_ + "/" + about.task.str() + "-" + std::to_string(about.run);
  const auto packed_path = path + ".gz";
  const descriptor log{::open((path + ".log").c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat found {};
  if (closed_ || !log || ::fstat(log.get(), &found) != 0 ||
      !gzip_file(log.get(), static_cast<std::uint64_t>(found.st_size), packed_path))
    return false;
  const descriptor packed{::open(packed_path.c_str(), O_RDONLY | O_CLOEXEC)};
  ::unlink(packed_path.c_str());
  if (!packed || ::fstat(packed.get(), &found) != 0)
    return false;
  queue_client client{url, &closed_};
  const auto use = [this](queue_client* now) {
    const std::lock_guard lock{guard_};
    sending_ = now;
  };
  use(&client);
  const auto put = client.put_file(url, packed.get(), static_cast<std::uint64_t>(found.st_size),
                                   {"Content-Type: " + type, "Content-Encoding: gzip"});
  use(nullptr);
  if (!put.good() && !closed_)
    log_message(severity::warning,
                "the log of " + about.text() + ", which its worker has left, cannot be uploaded: " +
                    (put.trouble.empty() ? std::to_string(put.status) : put.trouble));
  return put.good();
}

void log_keeper::link(const std::shared_ptr<one_log>& about) {
  create_artifact command;
  command.task = about->task;
  command.run = about->run;
  command.name = about->live;
  command.storage = artifact_storage::link;
  command.content_type = log_type;
  command.details = about->backing;
  command.expires = about->expires;
  ask(
      about->on,
      [&](reply_handle reply) {
        command.reply = std::move(reply);
        board_.tell(about->on, std::move(command));
      },
      [](answer&&) {});
}

}  // namespace troupe
