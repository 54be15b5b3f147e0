#pragma once

#include "gateways/rest/api_pipeline.hpp"
#include "gateways/rest/door_routes.hpp"
#include "gateways/rest/http_request.hpp"
#include "gateways/rest/response_head.hpp"
#include "gateways/rest/session_stream.hpp"
#include "gateways/rest/socket_writer.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

class http_lane;

/// One HTTP connection: reads requests, one after the other, and writes their responses in order.
/// Reading goes through a buffer of the lane, so an idle connection holds no buffer of its own. A
/// read stays pending while a request waits, so that a peer that goes away is noticed.
class http_session final : public response_sink, public std::enable_shared_from_this<http_session> {
 public:
  /// With `tls` the connection speaks HTTPS; null: HTTP.
  http_session(http_lane& home, tcp_socket socket, std::string source_ip,
               std::unique_ptr<tls_channel> tls = nullptr);
  ~http_session() override;

  /// Begins to read.
  void start();

  /// Closes now; what was under way is abandoned.
  void close();

  /// Ends after the request under way, or at once without one (shutdown).
  void finish_soon();

  /// Called now and then: closes what took too long.
  void check_time(timestamp now);

  /// True while a request waits for its answer.
  bool busy() const { return phase_ == phase::calling; }

  /// The answer of the API.
  void on_response(api_response&& response) override;

  /// The place in the lane's list.
  std::size_t place = 0;

 private:
  friend class session_stream;

  enum class phase {
    head,       // waits for, or has a part of, the head of a request
    body,       // has the head
    calling,    // the API works on the answer
    streaming,  // a door answers, and may still take the body
    writing,    // the response is complete and has not left yet
    lingering,  // answered and closed our side; reads what the peer still sends
    closed,
  };

  // http_session.cpp: reading
  void arm_read();
  void on_readable();
  bool wants_bytes() const;
  void take(std::string_view bytes);
  void take_sealed(std::string_view sealed);
  std::size_t parse(std::string_view bytes);
  bool parse_some(std::string_view& bytes);
  void begin_request();
  void on_head(std::string_view rest);
  void make_ids();
  void on_parse_error(const boost::system::error_code& failed);
  void on_eof();
  void go_on();

  // session_dispatch.cpp: who serves a request
  void dispatch_call();
  void refuse_call(api_error error);
  bool dispatch_door(std::string_view rest);
  void run_page(const door_route& route, door_request&& door);
  void run_stream(const door_route& route, door_request&& door);
  void run_upgrade(const door_route& route, door_request&& door, std::string_view rest);
  std::optional<door_request> make_door_request(door_routes::match&& found);
  api_request make_api_request();
  bool decode_body();
  bool overloaded() const;

  // session_reply.cpp: writing
  void send_response(api_response&& response);
  void fill_head(response_head& head);
  void after_write(socket_writer::result sent);
  void finish_request();
  void linger();
  void watch_backlog();
  void stream_begin(std::uint16_t status, std::string_view content_type,
                    const std::vector<std::pair<std::string, std::string>>& headers,
                    std::optional<std::uint64_t> content_length, bool chunked);
  void stream_write(std::string_view prefix, std::shared_ptr<const std::string> bytes,
                    std::string_view suffix);
  void stream_end(std::string_view last);
  void resume_body();

  http_lane& home_;
  tcp_socket socket_;
  std::string source_ip_;
  std::unique_ptr<tls_channel> tls_;
  socket_writer writer_;
  http_request request_;
  std::optional<http_request_parser> parser_;
  std::string pending_;  // bytes read and not parsed yet
  api_call call_;
  std::shared_ptr<session_stream> stream_;
  std::shared_ptr<body_consumer> consumer_;
  std::vector<handed_out_run> delivering_;  // runs in the response that is being written
  std::string trace_id_;
  uuid_text request_id_{};
  phase phase_ = phase::head;
  timestamp since_;             // when the phase began, or progress was last seen
  std::uint64_t progress_ = 0;  // of the writer, when it was last looked at
  std::uint64_t lingered_ = 0;  // bytes thrown away
  bool reading_ = false;        // a wait for readable is pending
  bool parsing_ = false;        // within `parse`: a finished request must not parse the next one
  bool keep_alive_ = true;
  bool finish_soon_ = false;
  bool eof_ = false;
  bool body_paused_ = false;
  bool body_done_ = false;
};

}  // namespace troupe
