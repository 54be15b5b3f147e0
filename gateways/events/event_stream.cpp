#include "gateways/events/event_stream.hpp"

#include "gateways/events/event_feed.hpp"
#include "messages/ids.hpp"
#include "messages/json_parser.hpp"
#include "runtime/events/event_id.hpp"
#include "runtime/lane/lane.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds ping_interval{30};
constexpr std::size_t most_under_way = 64 * 1024;

class event_stream final : public event_connection,
                           public timer_target,
                           public std::enable_shared_from_this<event_stream> {
 public:
  event_stream(lane& on, const event_place& at, std::shared_ptr<response_stream> stream)
      : lane_(on),
        at_(at),
        stream_(std::move(stream)),
        feed_(*at.hub, *at.store, event_form::stream, [this] { write(); }) {}

  void start(event_selection wanted, std::optional<event_id> after) {
    at_.connections->add(shared_from_this());
    stream_->on_gone([weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->leave();
    });
    stream_->on_drained([weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->write();
    });
    stream_->begin(200, "text/event-stream",
                   {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}, std::nullopt);
    feed_.subscribe(std::move(wanted), after, "retry: 1000\n" + stream_text("ready", "{}"));
    arm();
  }

  void end() override {
    leave();
    stream_->end();
  }

  void on_timer() override {
    timer_ = 0;
    feed_.say(stream_text("ping", "{\"time\":\"" + to_iso(lane_.now()) + "\"}"));
    arm();
  }

 private:
  void arm() { timer_ = lane_.add_timer(lane_.now() + ping_interval, *this); }

  void write() {
    if (std::exchange(writing_, true))
      return;
    while (!left_ && stream_->backlog_bytes() < most_under_way) {
      auto text = feed_.take();
      if (!text)
        break;
      stream_->write(std::move(text));
    }
    writing_ = false;
  }

  void leave() {
    if (std::exchange(left_, true))
      return;
    lane_.cancel_timer(std::exchange(timer_, 0));
    feed_.detach();
    at_.connections->remove(*this);
  }

  lane& lane_;
  const event_place at_;
  std::shared_ptr<response_stream> stream_;
  event_feed feed_;
  timer_id timer_ = 0;
  bool writing_ = false;
  bool left_ = false;
};

api_error bad(std::string text) {
  return make_api_error(error_code::invalid_request_arguments, std::move(text));
}

outcome<event_selection> selection_of(const door_request& request) {
  event_selection wanted;
  if (const auto text = request.query_value("bindings")) {
    boost::system::error_code failed;
    const auto value = parse_json(*text, failed);
    const auto* object = failed ? nullptr : value.if_object();
    const auto* list = object == nullptr ? nullptr : object->if_contains("bindings");
    if (list == nullptr)
      return bad(
          "bindings must be JSON like {\"bindings\": [{\"exchange\": "
          "\"exchange/taskcluster-queue/v1/#\"}]}");
    TROUPE_TRY(wanted, event_selection::read(*list));
  }
  for (const auto* name : {"taskId", "taskGroupId"}) {
    const auto id = request.query_value(name);
    if (!id)
      continue;
    if (!is_slugid(*id))
      return bad(std::string{name} + " must be a slugid, not '" + *id + "'");
    wanted.add(std::string_view{name} == "taskId" ? event_selection::of_task(*id)
                                                  : event_selection::of_group(*id));
  }
  if (wanted.entries().empty())
    return bad(
        "say which events: by bindings, taskId or taskGroupId; with a WebSocket by "
        "\"subscribe\"");
  return wanted;
}

outcome<std::optional<event_id>> place_of(const door_request& request) {
  auto after = request.query_value("after");
  if (const auto last = request.header("last-event-id"); !last.empty())
    after = last;
  if (!after)
    return std::optional<event_id>{};
  const auto id = parse_event_id(*after);
  if (!id)
    return bad("'" + *after + "' is not the id of an event, like 1764000000000-7.42");
  return std::optional<event_id>{id};
}

}  // namespace

void serve_event_stream(const door_request& request, std::shared_ptr<response_stream> stream,
                        const event_place& at) {
  auto wanted = selection_of(request);
  const auto after = place_of(request);
  if (auto allowed = may_read_events(*request.by); !allowed && !at.lets_all_in)
    return stream->respond(event_failure(*request.on, allowed.error()));
  if (!wanted || !after)
    return stream->respond(event_failure(*request.on, wanted ? after.error() : wanted.error()));
  std::make_shared<event_stream>(*request.on, at, std::move(stream))
      ->start(std::move(*wanted), *after);
}

}  // namespace troupe
