#include "gateways/explain/explain_door.hpp"

#include "gateways/explain/explain_facts.hpp"
#include "gateways/explain/explain_rules.hpp"
#include "gateways/rest/door_access.hpp"
#include "gateways/rest/rest_gateway.hpp"
#include "messages/answer.hpp"
#include "messages/api/troupe_methods.hpp"
#include "messages/explain_commands.hpp"
#include "messages/task_commands.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

#include <deque>
#include <functional>
#include <utility>

namespace troupe {

namespace json = boost::json;

namespace {

// Longer than a busy server needs by far, and shorter than who asks waits.
constexpr std::chrono::seconds longest_wait{10};

json::value parsed(const answer& result) {
  boost::system::error_code failed;
  return json::parse(result.body, failed);
}

// One answer in the making, on the lane of the connection. It owns itself until it is given.
class explanation final : public timer_target, public std::enable_shared_from_this<explanation> {
 public:
  explanation(lane& on, switchboard& board, std::shared_ptr<response_stream> to)
      : lane_(on), board_(board), to_(std::move(to)) {}

  void begin(const task_id& id) {
    self_ = shared_from_this();
    timer_ = lane_.add_timer(lane_.now() + longest_wait, *this);
    to_->on_gone([weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->let_go();
    });
    ask(explain_task{id, {}}, [this](answer&& result) { take_task(std::move(result)); });
  }

  void on_timer() override {
    timer_ = 0;
    fail(make_api_error(error_code::service_unavailable,
                        "The server is too busy to explain, or Redis does not answer; ask again in "
                        "a moment."));
  }

 private:
  struct question final : answer_sink {
    question(explanation& asker, std::function<void(answer&&)> taker)
        : of(asker), take(std::move(taker)) {}
    void complete(answer&& result) override {
      const auto keep = of.shared_from_this();
      handle = {};
      if (of.to_ == nullptr)
        return;
      take(std::move(result));
      of.one_came();
    }
    explanation& of;
    std::function<void(answer&&)> take;
    reply_handle handle;
  };

  template <class Command>
  void ask(Command command, std::function<void(answer&&)> take) {
    if (to_ == nullptr)
      return;  // it failed between two questions
    auto& asked = questions_.emplace_back(*this, std::move(take));
    asked.handle = lane_.open_reply(asked);
    command.reply = asked.handle;
    ++missing_;
    board_.tell(lane_, std::move(command));
  }

  // Others may answer at once, while this answer still counts as missing: nothing is complete
  // before all are asked.
  void take_task(answer&& result) {
    if (result.error)
      return fail(*result.error);
    auto& told = told_["task"] = parsed(result);
    if (!told.is_object())
      return fail(make_api_error(error_code::internal_server_error, "a task told no facts"));
    const auto task = read_task_facts(told.get_object());
    if (task.is_resolved())
      return;
    ask(explain_group{task.group, {}}, taking("group"));
    if (task.is_unscheduled())
      ask_dependencies(task);
    if (!task.is_pending())
      return;
    ask(explain_run{task.queue,
                    task.id,
                    task.last_run ? task.last_run->id : 0,
                    task.priority,
                    task.enqueued_us,
                    {}},
        taking("queue"));
    ask(explain_workers{task.queue, {}}, taking("workers"));
    ask(explain_pool{task.queue, {}}, taking("pool"));
  }

  // A group that is not there has nothing to tell.
  std::function<void(answer&&)> taking(std::string_view name) {
    return [this, name](answer&& result) {
      if (!result.error)
        told_[name] = parsed(result);
      else if (result.error->code != error_code::resource_not_found)
        fail(*result.error);
    };
  }

  void ask_dependencies(const task_facts& task) {
    auto& list = told_["dependencies"].emplace_array();
    list.resize(task.open_dependencies.size());
    for (std::size_t place = 0; place < task.open_dependencies.size(); ++place) {
      const auto id = task.open_dependencies[place];
      ask(get_status{id, {}}, [this, id, place](answer&& result) {
        if (result.error && result.error->code != error_code::resource_not_found)
          return fail(*result.error);
        const auto status = result.error ? json::value{} : parsed(result);
        const auto* told = status.if_object();
        told_["dependencies"].get_array()[place] =
            dependency_entry(id.view(), told == nullptr ? json::object{} : *told);
      });
    }
  }

  void one_came() {
    if (--missing_ > 0 || to_ == nullptr)
      return;
    const auto facts = read_facts(told_, lane_.now());
    api_response response;
    response.body = explanation_text(facts, std::move(told_));
    respond(std::move(response));
  }

  void fail(const api_error& error) { respond(door_failure(lane_, "explain", error)); }

  void respond(api_response&& response) {
    if (const auto to = to_) {
      const auto keep = let_go();
      to->respond(std::move(response));
    }
  }

  // Nobody is answered any more. Who calls this may be a part of it.
  std::shared_ptr<explanation> let_go() {
    to_ = nullptr;
    lane_.cancel_timer(std::exchange(timer_, 0));
    for (auto& asked : questions_)
      if (asked.handle)
        lane_.close_reply(std::exchange(asked.handle, {}));
    return std::move(self_);
  }

  lane& lane_;
  switchboard& board_;
  std::shared_ptr<response_stream> to_;  // null once it was answered, or is gone
  json::object told_;
  std::deque<question> questions_;
  std::size_t missing_ = 0;
  timer_id timer_ = 0;
  std::shared_ptr<explanation> self_;
};

outcome<task_id> read_request(const door_request& request) {
  const auto& text = request.params[0];
  const auto id = task_id::parse(text);
  if (!id)
    return make_api_error(error_code::invalid_request_arguments,
                          "taskId must be a slugid of 22 characters, not '" + text + "'");
  TROUPE_CHECK(demand_scope(*request.by, "queue:status:" + text));
  return *id;
}

}  // namespace

void add_explain_routes(rest_gateway& rest, switchboard& board) {
  const auto& row = troupe_method("explain");
  rest.add_stream(
      std::string{row.verb}, troupe_route(row), door_access::caller,
      [&board](door_request&& request,
               std::shared_ptr<response_stream> stream) -> std::shared_ptr<body_consumer> {
        auto& on = *request.on;
        if (const auto id = read_request(request))
          std::make_shared<explanation>(on, board, std::move(stream))->begin(*id);
        else
          stream->respond(door_failure(on, "explain", id.error()));
        return nullptr;
      });
}

}  // namespace troupe
