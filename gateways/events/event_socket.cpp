#include "gateways/events/event_socket.hpp"

#include "gateways/events/event_feed.hpp"
#include "gateways/events/event_publisher.hpp"
#include "messages/json_parser.hpp"
#include "messages/json_text.hpp"
#include "runtime/envelope/envelope.hpp"
#include "runtime/events/event_id.hpp"
#include "runtime/lane/lane.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/json.hpp>

namespace troupe {

namespace beast = boost::beast;
namespace json = boost::json;
namespace websocket = beast::websocket;

namespace {

constexpr std::size_t longest_message = 256 * 1024;
constexpr std::size_t longest_reason = 120;
constexpr std::size_t most_unpublished = 1000;

websocket::close_reason reason_of(const api_error& why) {
  return {static_cast<websocket::close_code>(4000 + http_status(why.code)),
          fill_message(why).substr(0, longest_reason)};
}

std::string error_text(const api_error& why) {
  std::string text{R"({"error":{"code":")"};
  text += code_name(why.code);
  text += R"(","message":)";
  append_json_string(text, fill_message(why));
  return text + "}}";
}

std::string number_text(const json::value* id) {
  return id == nullptr ? "null" : json::serialize(*id);
}

// Why something was not published, with the number by which the client knows it.
std::string refusal_text(const api_error& why, const std::string& id) {
  auto text = error_text(why);
  text.pop_back();
  return text + ",\"id\":" + id + "}";
}

class event_socket final : public event_connection,
                           public std::enable_shared_from_this<event_socket> {
 public:
  event_socket(upgraded_connection&& connection, const event_place& at, signature_check check)
      : at_(at),
        check_(std::move(check)),
        door_(std::move(connection.door)),
        request_(std::move(connection.request)),
        socket_(std::move(connection.socket)),
        feed_(*at.hub, *at.store, event_form::message, [this] { write(); }) {
    // A peer that vanished without a word is noticed by pings, sent after half of the idle time.
    websocket::stream_base::timeout limits{};
    limits.handshake_timeout = std::chrono::seconds{30};
    limits.idle_timeout = std::chrono::seconds{60};
    limits.keep_alive_pings = true;
    socket_.set_option(limits);
    socket_.read_message_max(longest_message);
    socket_.text(true);
  }

  void start() {
    by_ = door_.by;
    allowed_ = at_.lets_all_in || may_read_events(*by_).has_value();
    socket_.async_accept(request_, [self = shared_from_this()](const beast::error_code& failed) {
      if (failed || self->closing_)
        return;
      self->at_.connections->add(self);
      self->read();
    });
  }

  void end() override { close({websocket::close_code::going_away, "the server ends"}); }

 private:
  void read() {
    socket_.async_read(input_,
                       [self = shared_from_this()](const beast::error_code& failed, std::size_t) {
                         if (failed)
                           return self->gone();
                         const auto text = beast::buffers_to_string(self->input_.data());
                         self->input_.clear();
                         self->take(text);
                         if (!self->closing_)
                           self->read();
                       });
  }

  void take(const std::string& text) {
    boost::system::error_code failed;
    const auto value = parse_json(text, failed);
    const auto* said = failed ? nullptr : value.if_object();
    if (said == nullptr)
      return complain("a message is a JSON object with \"subscribe\", \"publish\" or \"ping\"");
    if (const auto* header = said->if_contains("authorization"))
      return authorise(*header);
    const auto* what = said->if_contains("publish");
    if (!allowed_ && (what == nullptr || !may_publish_somewhere(*by_)))
      return close(reason_of(may_read_events(*by_).error()));
    if (what != nullptr)
      return publish(*what, number_text(said->if_contains("id")));
    if (const auto* number = said->if_contains("ping"))
      return feed_.say("{\"pong\":" + json::serialize(*number) + "}");
    if (const auto* list = said->if_contains("subscribe"))
      return subscribe(*list, said->if_contains("after"));
    complain("only \"authorization\", \"subscribe\", \"publish\" and \"ping\" are understood");
  }

  void authorise(const json::value& header) {
    auto who = header.is_string() ? check_(door_, header.get_string())
                                  : make_api_error(error_code::authentication_failed,
                                                   "\"authorization\" is a Hawk header");
    bool may_read = at_.lets_all_in;
    if (who && !may_read) {
      auto may = may_read_events(**who);
      may_read = may.has_value();
      if (!may_read && !may_publish_somewhere(**who))
        who = std::move(may).error();
    }
    if (!who)
      return close(reason_of(who.error()));
    by_ = *who;
    allowed_ = may_read;
    std::string text{R"({"authorized":)"};
    append_json_string(text, (*who)->client_id);
    feed_.say(text + "}");
  }

  void subscribe(const json::value& list, const json::value* after) {
    std::optional<event_id> from;
    if (after != nullptr && !after->is_null()) {
      if (after->is_string())
        from = parse_event_id(after->get_string());
      if (!from)
        return complain("\"after\" is the id of an event, like 1764000000000-7.42");
    }
    auto wanted = event_selection::read(list);
    if (!wanted)
      return feed_.say(error_text(wanted.error()));
    feed_.subscribe(std::move(*wanted), from, "{\"subscribed\":" + json::serialize(list) + "}");
  }

  void publish(const json::value& what, const std::string& id) {
    auto read = publication::read(what);
    if (!read)
      return feed_.say(refusal_text(read.error(), id));
    if (!at_.lets_all_in)
      if (const auto may = may_publish(*by_, read->exchange); !may)
        return feed_.say(refusal_text(may.error(), id));
    if (unpublished_ >= most_unpublished)
      return feed_.say(refusal_text(
          make_api_error(error_code::service_unavailable,
                         "too much is being published by this connection; wait for the answers"),
          id));
    ++unpublished_;
    at_.publisher->publish(
        *door_.on, std::move(*read), [self = shared_from_this(), id](const outcome<void>& done) {
          --self->unpublished_;
          self->feed_.say(done ? "{\"published\":" + id + "}" : refusal_text(done.error(), id));
        });
  }

  void complain(std::string text) {
    feed_.say(error_text(make_api_error(error_code::input_error, std::move(text))));
  }

  void write() {
    if (writing_ || closing_)
      return;
    writing_ = true;
    leaving_ = feed_.take();
    if (!leaving_) {
      writing_ = false;
      return;
    }
    socket_.async_write(boost::asio::buffer(*leaving_),
                        [self = shared_from_this()](const beast::error_code& failed, std::size_t) {
                          self->writing_ = false;
                          if (failed)
                            return self->gone();
                          self->write();
                        });
  }

  void close(const websocket::close_reason& reason) {
    if (std::exchange(closing_, true))
      return;
    leave();
    socket_.async_close(reason, [self = shared_from_this()](const beast::error_code&) {});
  }

  void gone() {
    closing_ = true;
    leave();
  }

  void leave() {
    feed_.detach();
    at_.connections->remove(*this);
  }

  const event_place at_;
  const signature_check check_;
  const door_request door_;
  beast::http::request<beast::http::empty_body> request_;
  websocket::stream<web_stream> socket_;
  beast::flat_buffer input_;
  event_feed feed_;
  feed_text leaving_;
  caller_ptr by_;
  bool allowed_ = false;  // to read
  std::size_t unpublished_ = 0;
  bool writing_ = false;
  bool closing_ = false;
};

}  // namespace

void serve_event_socket(upgraded_connection&& connection, const event_place& at,
                        const signature_check& check) {
  // A client waits for the handshake before it speaks, so nothing may have come after it.
  if (!connection.leftover.empty())
    return;
  std::make_shared<event_socket>(std::move(connection), at, check)->start();
}

}  // namespace troupe
