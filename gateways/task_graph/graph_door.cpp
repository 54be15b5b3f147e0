#include "gateways/task_graph/graph_door.hpp"

#include "gateways/rest/door_access.hpp"
#include "gateways/rest/door_call.hpp"
#include "gateways/rest/rest_gateway.hpp"
#include "gateways/task_graph/graph_intake.hpp"
#include "gateways/task_graph/graph_splitter.hpp"
#include "messages/answer.hpp"
#include "messages/api/troupe_methods.hpp"
#include "runtime/auth/credentials.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <mutex>

namespace troupe {

namespace {

constexpr std::string_view door_name = "createTaskGraph";
constexpr std::size_t most_bytes = 64 * 1024 * 1024;
constexpr std::size_t most_tasks = 10'000;
// So many bodies are held in memory at a time.
constexpr int most_at_once = 4;
// A slice of the intake is over after so many tasks, or bytes of them: well below a millisecond.
constexpr std::size_t tasks_per_slice = 32;
constexpr std::size_t bytes_per_slice = 64 * 1024;
// Longer than the largest graph takes by far.
constexpr std::chrono::seconds longest_wait{120};

// What the requests of this door share; it outlives them.
struct door_parts {
  switchboard& board;
  const settings& config;
  task_law law;
  std::once_flag law_ready;
  std::atomic<int> under_way{0};

  door_parts(switchboard& all, const settings& with) : board(all), config(with) {}

  // The root URL is known when the first request comes.
  const task_law& ready_law() {
    std::call_once(law_ready, [this] {
      law = law_of_create_task({config.max_dependencies, config.max_task_deadline_days});
      law.root_url = config.root_url;
    });
    return law;
  }
};

// What the request says of its body; 0 when it says nothing.
std::size_t length_of(const door_request& request) {
  const auto length = request.header("content-length");
  std::size_t bytes = 0;
  std::from_chars(length.data(), length.data() + length.size(), bytes);
  return bytes;
}

class graph_call final : public door_call, public answer_sink, public timer_target {
 public:
  graph_call(std::shared_ptr<door_parts> parts, const door_request& request,
             std::shared_ptr<response_stream> to)
      : door_call(door_name, request, std::move(to)),
        parts_(std::move(parts)),
        splitter_(most_bytes, most_tasks),
        intake_(parts_->ready_law(), request.by, request.on->now()) {
    ++parts_->under_way;
    splitter_.expect(length_of(request));
  }
  ~graph_call() override { --parts_->under_way; }

  bool on_bytes(std::string_view bytes) override {
    if (!awaited())
      return true;
    if (body_is_signed())
      signed_text_ += bytes;
    if (auto taken = splitter_.take(bytes); !taken)
      fail(taken.error());
    return true;
  }

  void complete(answer&& result) override {
    handle_ = {};
    if (result.error)
      return fail(*result.error);
    api_response response;
    response.status = result.status;
    response.body = std::move(result.body);
    respond(std::move(response));
  }

  void on_timer() override {
    timer_ = 0;
    fail(make_api_error(error_code::service_unavailable,
                        "The server is too busy, or Redis does not answer. Whether the graph is "
                        "created is not known; repeat the call with the same key, which is safe."));
  }

 private:
  outcome<void> begin() override {
    TROUPE_CHECK(check_body(std::exchange(signed_text_, {})));
    TROUPE_CHECK(splitter_.finish());
    std::vector<std::pair<std::string_view, std::string_view>> members;
    for (const auto& [key, value] : splitter_.members())
      members.emplace_back(key, value);
    TROUPE_TRY(key_, read_graph_key(members));
    if (splitter_.tasks() == 0)
      return make_api_error(error_code::input_validation_error,
                            "a graph needs 'tasks': an object with 1 to " +
                                std::to_string(most_tasks) +
                                " task definitions, as createTask takes them, by their taskIds");
    take_slice();
    return boost::system::in_place_value;
  }

  void take_slice() {
    if (!awaited())
      return;
    std::size_t bytes = 0;
    for (std::size_t n = 0; next_ < splitter_.tasks() && n < tasks_per_slice &&
                            bytes < bytes_per_slice && !intake_.has_seen_enough();
         ++n) {
      const auto task = splitter_.task(next_++);
      bytes += task.value.size();
      intake_.take(task.key, task.value);
    }
    if (next_ == splitter_.tasks() || intake_.has_seen_enough())
      return hand_on();
    on().post([weak = weak_from_this()] {
      if (const auto self = weak.lock())
        static_cast<graph_call&>(*self).take_slice();
    });
  }

  void hand_on() {
    if (const auto refusal = intake_.refusal(splitter_.tasks()))
      return fail(*refusal);
    auto command = intake_.command(key_);
    splitter_ = graph_splitter(most_bytes, most_tasks);
    handle_ = on().open_reply(*this);
    timer_ = on().add_timer(on().now() + longest_wait, *this);
    command.reply = handle_;
    parts_->board.tell(on(), std::move(command));
  }

  // The graph goes on.
  void on_let_go() override {
    on().cancel_timer(std::exchange(timer_, 0));
    if (handle_)
      on().close_reply(std::exchange(handle_, {}));
  }

  const std::shared_ptr<door_parts> parts_;
  std::string signed_text_;  // only of a body whose hash is signed
  graph_splitter splitter_;
  graph_intake intake_;
  std::string key_;
  std::size_t next_ = 0;
  reply_handle handle_;
  timer_id timer_ = 0;
};

// Whoever may not create a single task need not send its graph.
bool may_create_any(const scope_set& have) {
  static constexpr std::string_view wanted = "queue:create-task:";
  const auto& all = have.list();
  return std::any_of(all.begin(), all.end(), [](std::string_view scope) {
    if (scope.starts_with(wanted))
      return true;
    return scope.ends_with('*') && wanted.starts_with(scope.substr(0, scope.size() - 1));
  });
}

outcome<void> check_head(const door_request& request, const door_parts& parts) {
  if (!may_create_any(*request.by->scopes))
    return insufficient_scopes(*request.by->scopes, scope_expression::one("queue:create-task:*"),
                               request.by->client_id, request.by->authenticated);
  const auto coding = request.header("content-encoding");
  if (!coding.empty() && coding != "identity")
    return make_api_error(error_code::unsupported_encoding,
                          "a task graph is sent as it is, without content encoding");
  if (length_of(request) > most_bytes)
    return make_api_error(
        error_code::input_too_large,
        "The graph is too large: its body may have " + std::to_string(most_bytes) + " bytes");
  if (parts.under_way >= most_at_once)
    return make_api_error(error_code::service_unavailable,
                          "The server takes in as many graphs as it can; repeat in a moment");
  return boost::system::in_place_value;
}

}  // namespace

void add_task_graph_routes(rest_gateway& rest, switchboard& board, const settings& config) {
  const auto parts = std::make_shared<door_parts>(board, config);
  const auto& row = troupe_method(door_name);
  rest.add_stream(
      std::string{row.verb}, troupe_route(row), door_access::caller_of_body,
      [parts](door_request&& request,
              std::shared_ptr<response_stream> stream) -> std::shared_ptr<body_consumer> {
        if (auto fine = check_head(request, *parts); fine)
          return std::make_shared<graph_call>(parts, request, std::move(stream));
        else
          stream->respond(door_failure(*request.on, door_name, fine.error()));
        return nullptr;
      });
}

}  // namespace troupe
