#include "gateways/rest/http_lane.hpp"

#include "gateways/rest/api_pipeline.hpp"
#include "gateways/rest/http_session.hpp"
#include "messages/http_date.hpp"
#include "runtime/clock/random.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/tls/server_certificate.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr std::size_t read_buffer_bytes = 64 * 1024;
// All time-outs are seconds; none needs to be exact.
constexpr std::chrono::seconds sweep_interval{5};

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "localhost" || address == "::1";
}

}  // namespace

http_lane::http_lane(api_lane& api, const door_routes& doors, const settings& config)
    : api_(api),
      doors_(doors),
      config_(config),
      buffer_(read_buffer_bytes),
      most_calls_(std::max<std::size_t>(1, config.max_requests_in_flight / api.on.lane_count())),
      trusts_proxy_(config.trust_proxy == proxy_trust::yes ||
                    (config.trust_proxy == proxy_trust::automatic && is_loopback(config.listen))),
      strict_transport_(config.root_url.starts_with("https://")) {}

http_lane::~http_lane() { close_all(); }

lane& http_lane::on() { return api_.on; }

void http_lane::adopt(accepted_connection&& connection) {
  using boost::asio::ip::tcp;
  tcp_socket socket(on().io().get_executor());
  boost::system::error_code failed;
  socket.assign(connection.v6 ? tcp::v6() : tcp::v4(), connection.descriptor, failed);
  if (failed) {
    count_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  socket.set_option(tcp::no_delay(true), failed);
  std::unique_ptr<tls_channel> tls;
  if (connection.certificate != nullptr)
    tls = std::make_unique<tls_channel>(connection.certificate->context());
  auto session = std::make_shared<http_session>(*this, std::move(socket),
                                                std::move(connection.source_ip), std::move(tls));
  session->place = sessions_.size();
  sessions_.push_back(session);
  if (draining_) {
    session->close();
    return;
  }
  session->start();
  arm_sweep();
}

void http_lane::remove(http_session& session) {
  const auto place = session.place;
  if (place >= sessions_.size() || sessions_[place].get() != &session)
    return;
  if (place + 1 != sessions_.size()) {
    sessions_[place] = std::move(sessions_.back());
    sessions_[place]->place = place;
  }
  sessions_.pop_back();
  count_.fetch_sub(1, std::memory_order_relaxed);
}

void http_lane::drain() {
  draining_ = true;
  const auto sessions = sessions_;
  for (const auto& session : sessions)
    session->finish_soon();
}

void http_lane::close_all() {
  const auto sessions = sessions_;
  for (const auto& session : sessions)
    session->close();
}

std::string_view http_lane::date() {
  const auto now = on().now();
  if (now.ms / 1000 != date_second_) {
    date_second_ = now.ms / 1000;
    date_ = to_http_date(now);
  }
  return date_;
}

uuid_text http_lane::new_uuid() {
  auto& random = thread_random();
  const auto high = random.next();
  return format_uuid(high, random.next());
}

void http_lane::arm_sweep() {
  if (sweep_ == 0)
    sweep_ = on().add_timer(on().now() + sweep_interval, *this);
}

void http_lane::on_timer() {
  sweep_ = 0;
  const auto sessions = sessions_;
  const auto now = on().now();
  for (const auto& session : sessions)
    session->check_time(now);
  if (!sessions_.empty())
    arm_sweep();
}

}  // namespace troupe
