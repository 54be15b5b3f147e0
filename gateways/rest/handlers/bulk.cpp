// Methods that read many tasks at once.

#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

namespace troupe::handlers {

namespace {

/// What one call asks at a time: enough to keep all lanes busy, and little enough to leave room for
/// the requests of others.
constexpr std::size_t most_asked = 128;

/// Asks tasks one by one, some at a time, and gathers their answers in order until the page is
/// full. Ends with the call: what then still comes is nobody's.
template <class Command>
class bulk_read {
 public:
  /// `list` is the name of the answer's member; `wrapped` says that tasks answer an object whose
  /// members go next to `taskId`, otherwise the answer becomes the member `task`.
  bulk_read(api_lane& here, std::vector<task_id> ids, std::size_t limit, std::string_view list,
            bool wrapped, reply_handle reply)
      : here_(here), ids_(std::move(ids)), limit_(limit), wrapped_(wrapped), reply_(reply) {
    body_ = "{\"";
    body_ += list;
    body_ += "\":[";
  }

  ~bulk_read() {
    for (auto& one : asked_)
      if (one.handle)
        here_.on.close_reply(one.handle);
  }

  void go_on() {
    // A task of this lane may answer while it is being asked.
    if (asking_)
      return;
    asking_ = true;
    while (!over_ && next_ < ids_.size() && asked_.size() < most_asked &&
           taken_ + asked_.size() <= limit_)
      ask(ids_[next_++]);
    asking_ = false;
    if (over_ || (asked_.empty() && next_ == ids_.size()))
      finish();
  }

 private:
  struct asked_task final : answer_sink {
    bulk_read* of = nullptr;
    task_id id;
    reply_handle handle;
    std::unique_ptr<answer> result;  // null until it came

    void complete(answer&& came) override {
      handle = {};
      result = std::make_unique<answer>(std::move(came));
      of->take();
    }
  };

  void ask(const task_id& id) {
    auto& one = asked_.emplace_back();
    one.of = this;
    one.id = id;
    one.handle = here_.on.open_reply(one);
    here_.board.tell(here_.on, Command{id, one.handle});
  }

  void take() {
    for (; !over_ && !asked_.empty() && asked_.front().result; asked_.pop_front())
      add(asked_.front());
    go_on();
  }

  void add(asked_task& one) {
    auto& result = *one.result;
    if (result.error && result.error->code == error_code::resource_not_found)
      return;
    if (result.error) {
      failure_ = std::move(result.error);
      over_ = true;
      return;
    }
    if (taken_ == limit_) {  // the one that tells that there are more
      more_ = over_ = true;
      return;
    }
    body_ += taken_++ == 0 ? "{\"taskId\":\"" : ",{\"taskId\":\"";
    body_ += one.id.view();
    body_ += '"';
    if (wrapped_) {
      body_ += ',';
      body_ += std::string_view{result.body}.substr(1);
    } else {
      body_ += ",\"task\":";
      body_ += result.body;
      body_ += '}';
    }
    last_ = one.id;
  }

  // The call ends with its answer, and this with the call: nothing may follow.
  void finish() {
    answer result;
    if (failure_) {
      result = answer{std::move(*failure_)};
    } else {
      result.body = std::move(body_) + "]}";
      if (more_)
        result.headers.emplace_back(std::string{next_position_header}, last_.str());
    }
    if (const auto reply = std::exchange(reply_, {}))
      here_.on.deliver(reply, std::move(result));
  }

  api_lane& here_;
  const std::vector<task_id> ids_;
  const std::size_t limit_;
  const bool wrapped_;
  reply_handle reply_;
  std::deque<asked_task> asked_;  // stays where it is: the lane knows the addresses
  std::size_t next_ = 0;
  std::size_t taken_ = 0;
  std::string body_;
  task_id last_;
  std::unique_ptr<api_error> failure_;
  bool more_ = false;
  bool asking_ = false;
  bool over_ = false;
};

/// The ids of the body in order, once each, from behind the token; whatever is no id is of no task.
std::vector<task_id> ids_of(const boost::json::array& texts, const std::optional<task_id>& after) {
  std::vector<task_id> ids;
  ids.reserve(texts.size());
  for (const auto& text : texts)
    if (const auto id = task_id::parse(text.get_string()); id && (!after || *id > *after))
      ids.push_back(*id);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

template <class Command>
void read_many(request_context& call, std::string_view method, std::string_view list,
               bool wrapped) {
  auto& here = call.here();
  const auto& body = call.body().as_object();
  if (auto allowed = call.authorize(body); !allowed)
    return call.fail(std::move(allowed).error());
  auto after = page_start(call, method, {});
  if (!after)
    return call.fail(std::move(after).error());
  auto ids = ids_of(body.at("taskIds").as_array(), *after);
  const auto reply = call.await_page({});
  auto reader = std::make_shared<bulk_read<Command>>(here, std::move(ids), page_limit(call), list,
                                                     wrapped, reply);
  call.keep(reader);
  reader->go_on();
}

}  // namespace

void tasks(request_context& call) { read_many<get_task>(call, "tasks", "tasks", false); }

void statuses(request_context& call) { read_many<get_status>(call, "statuses", "statuses", true); }

}  // namespace troupe::handlers
