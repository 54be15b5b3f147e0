// Prints the events of a Troupe server, and misses none: it notices gaps by the numbers of the
// events, and after a reconnect, and asks the server to replay what it missed.
//
//   zeromq_subscriber [--pub ADDRESS] [--router ADDRESS] [--after ID] [EXCHANGE [PATTERN]]
//   zeromq_subscriber exchange/taskcluster-queue/v1/task-completed 'route.index.#'

#include "runtime/events/binding.hpp"
#include "runtime/events/event_id.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <zmq.hpp>

#include <cstring>
#include <deque>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace json = boost::json;
using frames = std::vector<std::string>;
using troupe::event_id;

namespace {

std::optional<event_id> id_of(const json::value& text) {
  return text.is_string() ? troupe::parse_event_id(std::string_view{text.get_string()})
                          : std::nullopt;
}

// -- what was seen --------------------------------------------------------------------------------

// An event comes once for each of its keys, and again by replays; the same id means the same event.
class seen_ids {
 public:
  bool add(const std::string& id) {
    if (!known_.insert(id).second)
      return false;
    order_.push_back(id);
    if (order_.size() > most_ids) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

 private:
  static constexpr std::size_t most_ids = 200'000;
  std::unordered_set<std::string> known_;
  std::deque<std::string> order_;
};

// The events of a stream are numbered without gaps, so who subscribes to all of them sees what is
// missing.
class numbering {
 public:
  // Whether events are missing before this one.
  bool passes_over(const event_id& id) {
    const auto known = newest_.find(id.stream);
    const bool gap = known == newest_.end() ? all_known_ && id.n > 1 : id.n > known->second + 1;
    raise(id);
    return gap;
  }

  // Takes the newest id of each stream; whether events are missing up to there.
  bool lacks(const std::vector<event_id>& newest) {
    bool gap = false;
    for (const auto& id : newest) {
      const auto known = newest_.find(id.stream);
      gap = gap || (known == newest_.end() ? all_known_ : id.n > known->second);
      raise(id);
    }
    all_known_ = true;  // streams that were not named have no events yet
    return gap;
  }

 private:
  void raise(const event_id& id) {
    auto& newest = newest_[id.stream];
    newest = std::max(newest, id.n);
  }

  std::map<std::uint16_t, std::uint64_t> newest_;
  bool all_known_ = false;
};

// -- the subscriber -------------------------------------------------------------------------------

struct options {
  std::string pub = "tcp://127.0.0.1:5701";
  std::string router = "tcp://127.0.0.1:5702";
  std::string after;
  std::string exchange;
  std::string pattern = "#";
};

class subscriber {
 public:
  explicit subscriber(const options& from)
      : wanted_{from.exchange, from.pattern},
        live_(context_, zmq::socket_type::sub),
        connection_(context_, zmq::socket_type::pair),
        replay_(context_, zmq::socket_type::dealer),
        after_(troupe::parse_event_id(from.after)) {
    live_.set(zmq::sockopt::rcvhwm, 0);
    replay_.set(zmq::sockopt::rcvhwm, 0);
    replay_.set(zmq::sockopt::linger, 0);
    zmq_socket_monitor(live_.handle(), "inproc://connection", ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    connection_.connect("inproc://connection");
    // All of ours share the words up to the pattern's first wildcard. Heartbeats come after them:
    // the first one says that the server knows the subscription.
    live_.set(zmq::sockopt::subscribe, filtered() ? wanted_.zeromq_prefix() : "exchange/");
    live_.set(zmq::sockopt::subscribe, std::string{troupe::heartbeat_topic});
    live_.connect(from.pub);
    replay_.connect(from.router);
  }

  [[noreturn]] void run() {
    std::vector<zmq::pollitem_t> items{{connection_.handle(), 0, ZMQ_POLLIN, 0},
                                       {live_.handle(), 0, ZMQ_POLLIN, 0},
                                       {replay_.handle(), 0, ZMQ_POLLIN, 0}};
    for (;;) {
      zmq::poll(items, std::chrono::milliseconds{-1});
      while (!receive(connection_).empty())
        connected();
      for (auto message = receive(live_); !message.empty(); message = receive(live_))
        take_live(message);
      for (auto message = receive(replay_); !message.empty(); message = receive(replay_))
        take_replayed(message);
    }
  }

 private:
  bool filtered() const { return !wanted_.exchange.empty(); }

  static frames receive(zmq::socket_t& socket) {
    frames message;
    zmq::message_t frame;
    while (socket.recv(frame, zmq::recv_flags::dontwait)) {
      message.push_back(frame.to_string());
      if (!frame.more())
        break;
    }
    return message;
  }

  void connected() {
    fresh_connection_ = after_.has_value();
    replaying_ = false;  // what was asked of the former server is not answered any more
    std::cerr << "connected\n";
    ask_for_replay();
  }

  // REPLAY gives everything after an id, beginning two seconds earlier, of all streams.
  void ask_for_replay() {
    if (!after_)
      return;
    ask_again_ = std::exchange(replaying_, true);
    if (ask_again_)
      return;
    silent_beats_ = 0;
    json::object request{{"after", after_->text()}};
    if (filtered()) {
      request["exchange"] = wanted_.exchange;
      request["pattern"] = wanted_.pattern;
    }
    replay_.send(zmq::str_buffer("REPLAY"), zmq::send_flags::sndmore | zmq::send_flags::dontwait);
    replay_.send(zmq::buffer(json::serialize(request)), zmq::send_flags::dontwait);
  }

  void take_live(const frames& message) {
    if (message.size() != 3)
      return;
    if (message[0] == troupe::heartbeat_topic)
      return take_heartbeat(json::parse(message[1]));
    const auto about = json::parse(message[1]);
    const auto id = id_of(about.at("id"));
    if (id && !filtered() && numbers_.passes_over(*id))
      notice_gap();
    show(about, id);
  }

  // All events up to the ids that it names were sent before it. Only the numbers of all events show
  // whether they came; who filters replays once more what a new connection may have missed.
  void take_heartbeat(const json::value& beat) {
    if (replaying_) {
      // The request or its answer was lost with a connection.
      if (++silent_beats_ > 2) {
        replaying_ = false;
        ask_for_replay();
      }
      return;
    }
    std::vector<event_id> newest;
    for (const auto& text : beat.at("newest").as_array())
      if (const auto id = id_of(text))
        newest.push_back(*id);
    if (std::exchange(fresh_connection_, false) && filtered())
      return ask_for_replay();
    if (!filtered() && numbers_.lacks(newest))
      return notice_gap();
    for (const auto& id : newest)
      if (!after_ || id.ms > after_->ms)
        after_ = id;
  }

  void notice_gap() {
    if (!replaying_)
      std::cerr << "gap: events passed by; asking for a replay\n";
    ask_for_replay();
  }

  void take_replayed(const frames& message) {
    silent_beats_ = 0;
    if (message.size() == 4 && message[0] == "MSG") {
      const auto about = json::parse(message[2]);
      return show(about, id_of(about.at("id")));
    }
    if (message.size() != 2)
      return;
    if (message[0] == "END") {
      const auto end = json::parse(message[1]);
      std::cerr << "replayed " << end.at("events").to_number<std::uint64_t>() << " events\n";
      if (end.at("gap").as_bool())
        std::cerr << "lost: some events are older than what the server keeps\n";
      for (const auto& text : end.at("newest").as_array())
        if (const auto id = id_of(text))
          numbers_.passes_over(*id);
    } else {
      std::cerr << "no replay: " << message[1] << "\n";
    }
    replaying_ = false;
    if (std::exchange(ask_again_, false))
      ask_for_replay();
  }

  void show(const json::value& about, const std::optional<event_id>& id) {
    const std::string exchange{about.at("exchange").as_string()};
    const std::string key{about.at("routingKey").as_string()};
    std::vector<std::string> cc;
    for (const auto& extra : about.at("cc").as_array())
      cc.emplace_back(extra.as_string());
    if (filtered() && !wanted_.matches(exchange, key, cc))
      return;
    if (!seen_.add(std::string{about.at("id").as_string()}))
      return;
    if (!after_)
      after_ = id;
    std::cout << std::string_view{about.at("id").as_string()} << ' '
              << exchange.substr(exchange.rfind('/') + 1) << ' ' << key
              << (about.at("redelivered").as_bool() ? " (replayed)\n" : "\n") << std::flush;
  }

  troupe::binding wanted_;
  zmq::context_t context_;
  zmq::socket_t live_;
  zmq::socket_t connection_;  // tells when `live_` is connected
  zmq::socket_t replay_;
  std::optional<event_id> after_;  // all up to here was seen
  seen_ids seen_;
  numbering numbers_;
  bool fresh_connection_ = false;
  bool replaying_ = false;
  bool ask_again_ = false;  // something may have been missed since the replay began
  int silent_beats_ = 0;    // heartbeats since the last word of the replay
};

}  // namespace

int main(int argc, char** argv) {
  options given;
  CLI::App app{"Prints the events of a Troupe server, and misses none."};
  app.add_option("--pub", given.pub, "the server's event feed")->capture_default_str();
  app.add_option("--router", given.router, "where it replays")->capture_default_str();
  app.add_option("--after", given.after, "id of the last event that was seen before")
      ->check([](const std::string& text) {
        return troupe::parse_event_id(text) ? "" : "'" + text + "' is not <ms>-<stream>.<n>";
      });
  app.add_option("exchange", given.exchange, "one exchange only; all without it");
  app.add_option("pattern", given.pattern, "routing keys, with * for a word and # for any words")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  subscriber{given}.run();
}
