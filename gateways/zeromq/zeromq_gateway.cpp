#include "gateways/zeromq/zeromq_gateway.hpp"

#include "gateways/zeromq/curve.hpp"
#include "gateways/zeromq/event_frames.hpp"
#include "gateways/zeromq/newest_events.hpp"
#include "gateways/zeromq/replay_desk.hpp"
#include "gateways/zeromq/subscription_set.hpp"
#include "runtime/events/binding.hpp"
#include "runtime/log/log.hpp"

#include <zmq.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace troupe {

namespace {

constexpr int replay_high_water_mark = 10'000;
constexpr std::chrono::milliseconds look_pause{10};
constexpr std::int64_t longest_request_bytes = 64 * 1024;

bool is_loopback(const std::string& host) {
  return host.starts_with("127.") || host == "localhost" || host == "::1" || host == "[::1]";
}

std::string tcp_address(const std::string& host, std::uint16_t port) {
  const bool bare_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return "tcp://" + (bare_ipv6 ? "[" + host + "]" : host) + ":" +
         (port == 0 ? "*" : std::to_string(port));
}

}  // namespace

struct zeromq_gateway::impl {
  explicit impl(zeromq_options given)
      : options(std::move(given)),
        wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        pub(context, zmq::socket_type::xpub),
        router(context, zmq::socket_type::router),
        desk(router, options.redis) {}
  ~impl() { ::close(wake); }

  timestamp now() const { return options.time == nullptr ? machine.now() : options.time->now(); }
  outcome<void> open();
  outcome<void> guard_by_curve();
  outcome<std::uint16_t> bind(zmq::socket_t& socket, std::uint16_t port, std::string_view what,
                              std::string_view setting);
  void publish(const event& what);
  void publish_key(const event& what, std::string_view key);
  void take_subscriptions();
  void serve();
  void wake_server() const { ::eventfd_write(wake, 1); }
  std::optional<std::chrono::milliseconds> beat();
  void send_heartbeat();

  zeromq_options options;
  system_clock machine;
  int wake;
  zmq::context_t context{1};

  // Lanes publish from their own threads, so all of this is used under the guard.
  std::mutex guard;
  zmq::socket_t pub;
  subscription_set subscriptions;
  std::string topic;
  zmq::message_t meta;
  zmq::message_t payload;

  std::atomic<bool> anybody{false};           // somebody subscribed to something
  std::atomic<bool> heartbeat_wanted{false};  // somebody subscribed to heartbeats
  // Sending may swallow the signal that subscriptions changed, and looking costs a system call, so
  // after some sending the server's thread looks once.
  std::atomic<bool> look_soon{false};
  std::atomic<bool> ending{false};
  newest_events newest;

  // Used by the server's thread once it runs.
  zmq::socket_t router;
  replay_desk desk;
  std::unique_ptr<zap_handler> zap;
  std::int64_t last_beat_ms = 0;
  bool knows_log = false;

  std::thread server;
  std::uint16_t pub_port = 0;
  std::uint16_t router_port = 0;
};

zeromq_gateway::zeromq_gateway(zeromq_options options)
    : impl_(std::make_unique<impl>(std::move(options))) {}

zeromq_gateway::~zeromq_gateway() { stop(); }

std::uint16_t zeromq_gateway::pub_port() const { return impl_->pub_port; }
std::uint16_t zeromq_gateway::router_port() const { return impl_->router_port; }

// -- opening and closing --------------------------------------------------------------------------

outcome<void> zeromq_gateway::start() {
  TROUPE_CHECK(impl_->open());
  impl_->server = std::thread{[this] { impl_->serve(); }};
  return boost::system::in_place_value;
}

void zeromq_gateway::stop() {
  if (!impl_->server.joinable())
    return;
  impl_->ending = true;
  impl_->wake_server();
  impl_->server.join();
  const std::lock_guard lock{impl_->guard};
  impl_->anybody = false;
  impl_->pub.close();
  impl_->router.close();
  impl_->zap.reset();
}

outcome<void> zeromq_gateway::impl::guard_by_curve() {
  if (options.curve_directory.empty()) {
    if (is_loopback(options.host))
      return boost::system::in_place_value;
    return make_api_error(error_code::input_error,
                          "the event bus would be open to the network at " + options.host +
                              " without encryption; name a directory with its CURVE keys, or "
                              "let it listen on 127.0.0.1");
  }
  TROUPE_TRY(const auto access, load_curve_access(options.curve_directory));
  try {
    zap = std::make_unique<zap_handler>(context, access);
    demand_curve(pub, access);
    demand_curve(router, access);
  } catch (const zmq::error_t& failed) {
    return make_api_error(error_code::input_error,
                          "the event bus cannot be encrypted: " + std::string{failed.what()});
  }
  return boost::system::in_place_value;
}

outcome<std::uint16_t> zeromq_gateway::impl::bind(zmq::socket_t& socket, std::uint16_t port,
                                                  std::string_view what, std::string_view setting) {
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::ipv6, options.host.find(':') != std::string::npos);
  socket.set(zmq::sockopt::maxmsgsize, longest_request_bytes);
  // A peer that vanished without a word must not keep a queue for ever.
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::heartbeat_ivl, 30'000);
  socket.set(zmq::sockopt::heartbeat_timeout, 60'000);
  try {
    socket.bind(tcp_address(options.host, port));
  } catch (const zmq::error_t& failed) {
    return make_api_error(error_code::service_unavailable,
                          "cannot open port " + std::to_string(port) + " at " + options.host +
                              " for " + std::string{what} + ": " + failed.what() +
                              "; stop what uses it, or choose another port with --" +
                              std::string{setting} + " (0 picks a free one)");
  }
  const auto bound = socket.get(zmq::sockopt::last_endpoint);
  return static_cast<std::uint16_t>(std::stoi(bound.substr(bound.rfind(':') + 1)));
}

outcome<void> zeromq_gateway::impl::open() {
  TROUPE_CHECK(guard_by_curve());
  pub.set(zmq::sockopt::sndhwm, options.high_water_mark);
  router.set(zmq::sockopt::sndhwm, replay_high_water_mark);
  router.set(zmq::sockopt::router_mandatory, true);
  TROUPE_TRY(pub_port, bind(pub, options.pub_port, "events", "zmq-pub-port"));
  TROUPE_TRY(router_port,
             bind(router, options.router_port, "replays of events", "zmq-router-port"));
  return boost::system::in_place_value;
}

// -- publishing -----------------------------------------------------------------------------------

void zeromq_gateway::on_event(const event& what) {
  if (!impl_->anybody.load(std::memory_order_acquire))
    return impl_->newest.note(what.id);
  const std::lock_guard lock{impl_->guard};
  if (!impl_->ending)
    impl_->publish(what);
  // Only now, so that no heartbeat speaks of an event that was not sent.
  impl_->newest.note(what.id);
}

void zeromq_gateway::impl::publish(const event& what) {
  try {
    meta.rebuild();
    publish_key(what, what.routing_key);
    for (const auto& key : what.cc)
      publish_key(what, key);
    if (meta.size() != 0 && !look_soon.exchange(true))
      wake_server();
  } catch (const zmq::error_t& failed) {
    log_message(severity::error,
                "an event could not be published over ZeroMQ: " + std::string{failed.what()});
  }
}

void zeromq_gateway::impl::publish_key(const event& what, std::string_view key) {
  topic.assign(what.exchange);
  topic += '|';
  topic += key;
  topic += '.';
  if (!subscriptions.wants(topic))
    return;
  // Made for the first key that somebody wants, and shared by the others.
  if (meta.size() == 0) {
    const auto text = meta_frame(what, false);
    meta.rebuild(text.data(), text.size());
    payload.rebuild(what.payload.data(), what.payload.size());
  }
  zmq::message_t about;
  zmq::message_t body;
  about.copy(meta);
  body.copy(payload);
  pub.send(zmq::buffer(topic), zmq::send_flags::sndmore);
  pub.send(about, zmq::send_flags::sndmore);
  pub.send(body, zmq::send_flags::none);
}

void zeromq_gateway::impl::take_subscriptions() {
  zmq::message_t change;
  bool changed = false;
  while (pub.recv(change, zmq::recv_flags::dontwait)) {
    subscriptions.take(change.to_string_view());
    changed = true;
  }
  if (!changed)
    return;
  anybody.store(!subscriptions.empty(), std::memory_order_release);
  const bool wanted = subscriptions.wants(heartbeat_topic);
  if (heartbeat_wanted.exchange(wanted) != wanted)
    wake_server();
}

// -- the server's thread --------------------------------------------------------------------------

void zeromq_gateway::impl::serve() {
  // The socket itself is only touched under the guard; its descriptor tells when to look.
  const auto pub_signal = pub.get(zmq::sockopt::fd);
  std::vector<zmq::pollitem_t> items{{nullptr, wake, ZMQ_POLLIN, 0},
                                     {nullptr, pub_signal, ZMQ_POLLIN, 0},
                                     {router.handle(), 0, ZMQ_POLLIN, 0}};
  if (zap)
    items.push_back({zap->socket().handle(), 0, ZMQ_POLLIN, 0});
  bool paused_to_look = false;
  while (!ending) {
    try {
      if (std::exchange(paused_to_look, false))
        look_soon = false;
      {
        const std::lock_guard lock{guard};
        take_subscriptions();
      }
      if (zap)
        zap->answer();
      desk.take_requests();
      auto pause = desk.go_on();
      if (const auto until_beat = beat(); until_beat && (!pause || *until_beat < *pause))
        pause = until_beat;
      if (look_soon) {
        paused_to_look = true;
        pause = std::min(pause.value_or(look_pause), look_pause);
      }
      zmq::poll(items, pause.value_or(std::chrono::milliseconds{-1}));
      eventfd_t ignored = 0;
      ::eventfd_read(wake, &ignored);
    } catch (const zmq::error_t& failed) {
      if (failed.num() == EINTR)
        continue;
      log_message(severity::error, "the ZeroMQ door is closed: " + std::string{failed.what()});
      return;
    }
  }
}

// How long until the next heartbeat; nothing while nobody listens for them.
std::optional<std::chrono::milliseconds> zeromq_gateway::impl::beat() {
  if (!heartbeat_wanted)
    return std::nullopt;
  const auto time = now().ms;
  const auto since = time - last_beat_ms;
  if (since >= 0 && since < options.heartbeat.count())
    return options.heartbeat - std::chrono::milliseconds{since};
  last_beat_ms = time;
  send_heartbeat();
  return options.heartbeat;
}

void zeromq_gateway::impl::send_heartbeat() {
  // What was committed before this server started is only known to the log.
  if (!knows_log)
    if (const auto found = event_log_reader{options.redis}.newest()) {
      for (const auto& id : *found)
        newest.raise(id);
      knows_log = true;
    }
  const std::lock_guard lock{guard};
  std::string text = "{\"time\":\"";
  append_iso(text, now());
  text += "\",\"newest\":[";
  for (std::uint16_t stream = 0; stream < stream_count; ++stream)
    if (const auto id = newest.of(stream); id.n != 0)
      text += (text.back() == '[' ? "\"" : ",\"") + id.text() + '"';
  text += "]}";
  pub.send(zmq::buffer(heartbeat_topic), zmq::send_flags::sndmore);
  pub.send(zmq::buffer(text), zmq::send_flags::sndmore);
  pub.send(zmq::message_t{}, zmq::send_flags::none);
  look_soon = true;
}

}  // namespace troupe
