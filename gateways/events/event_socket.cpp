#include "gateways/events/event_socket.hpp"

#include "gateways/events/event_feed.hpp"
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
    allowed_ = may_read_events(*door_.by).has_value();
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
      return complain("a message is a JSON object with \"subscribe\" or \"ping\"");
    if (const auto* header = said->if_contains("authorization"))
      return authorise(*header);
    if (!allowed_)
      return close(reason_of(may_read_events(*door_.by).error()));
    if (const auto* number = said->if_contains("ping"))
      return feed_.say("{\"pong\":" + json::serialize(*number) + "}");
    if (const auto* list = said->if_contains("subscribe"))
      return subscribe(*list, said->if_contains("after"));
    complain("only \"authorization\", \"subscribe\" and \"ping\" are understood");
  }

  void authorise(const json::value& header) {
    auto who = header.is_string() ? check_(door_, header.get_string())
                                  : make_api_error(error_code::authentication_failed,
                                                   "\"authorization\" is a Hawk header");
    if (who)
      if (auto may = may_read_events(**who); !may)
        who = std::move(may).error();
    if (!who)
      return close(reason_of(who.error()));
    allowed_ = true;
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
  websocket::stream<tcp_socket> socket_;
  beast::flat_buffer input_;
  event_feed feed_;
  feed_text leaving_;
  bool allowed_ = false;
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
