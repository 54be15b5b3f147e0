#include "gateways/zeromq/curve.hpp"

#include <zmq.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <vector>

namespace troupe {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t key_size = 40;
constexpr std::size_t raw_key_size = 32;

api_error refusal(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

bool is_key(const std::string& text) {
  std::array<unsigned char, raw_key_size> raw{};
  return text.size() == key_size && zmq_z85_decode(raw.data(), text.c_str()) != nullptr;
}

outcome<void> write_file(const fs::path& path, const std::string& text, unsigned mode) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  const auto line = text + "\n";
  const bool written =
      file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (file >= 0)
    ::close(file);
  if (!written)
    return refusal("cannot write " + path.string() + "; is its directory writable?");
  return boost::system::in_place_value;
}

outcome<std::string> server_key(const fs::path& directory) {
  const auto path = directory / "server.key";
  std::string secret;
  if (std::ifstream in{path}; in >> secret) {
    if (!is_key(secret))
      return refusal(path.string() + " does not hold a ZeroMQ secret key of 40 characters");
    return secret;
  }
  std::array<char, key_size + 1> made_public{};
  std::array<char, key_size + 1> made_secret{};
  if (zmq_curve_keypair(made_public.data(), made_secret.data()) != 0)
    return refusal("this libzmq has no CURVE; install one built with libsodium");
  TROUPE_CHECK(write_file(path, made_secret.data(), 0600));
  TROUPE_CHECK(write_file(directory / "server.pub", made_public.data(), 0644));
  return std::string{made_secret.data()};
}

// The public keys of a file with their names. Only used on one thread.
class client_list {
 public:
  explicit client_list(fs::path path) : path_(std::move(path)) {}

  // An empty text, or what is wrong.
  std::string load() {
    std::ifstream in{path_};
    if (!in)
      return "write the public keys of those who may subscribe to " + path_.string() +
             ", one a line with a name behind";
    std::map<std::string, std::string, std::less<>> read;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      // A key may begin with `#`, but holds no blank.
      const auto begin = line.find_first_not_of(" \t\r");
      if (begin == std::string::npos || (line + " ").substr(begin, 2) == "# ")
        continue;
      const auto key = line.substr(begin, key_size);
      if (!is_key(key))
        return path_.string() + ":" + std::to_string(number) +
               " does not begin with a public key of 40 characters";
      const auto name = line.find_first_not_of(" \t", begin + key_size);
      const auto last = line.find_last_not_of(" \t\r");
      read[key] = name == std::string::npos || last < name ? std::string{"client"}
                                                           : line.substr(name, last - name + 1);
    }
    known_ = std::move(read);
    seen_ = state_of_file();
    return {};
  }

  std::string name_of(std::string_view key) {
    // A list that cannot be read now leaves the former one in force.
    if (state_of_file() != seen_)
      load();
    const auto found = known_.find(key);
    return found == known_.end() ? std::string{} : found->second;
  }

 private:
  std::array<std::int64_t, 3> state_of_file() const {
    struct stat about {};
    if (::stat(path_.c_str(), &about) != 0)
      return {};
    return {about.st_mtim.tv_sec, about.st_mtim.tv_nsec, about.st_size};
  }

  fs::path path_;
  std::array<std::int64_t, 3> seen_{};
  std::map<std::string, std::string, std::less<>> known_;
};

}  // namespace

outcome<curve_access> load_curve_access(const std::string& directory) {
  std::error_code failed;
  fs::create_directories(directory, failed);
  curve_access access;
  TROUPE_TRY(access.server_secret_key, server_key(directory));
  const auto clients = std::make_shared<client_list>(fs::path{directory} / "clients");
  if (auto wrong = clients->load(); !wrong.empty())
    return refusal(std::move(wrong));
  access.name_of = [clients](std::string_view key) { return clients->name_of(key); };
  return access;
}

void demand_curve(zmq::socket_t& socket, const curve_access& access) {
  socket.set(zmq::sockopt::zap_domain, "troupe");
  socket.set(zmq::sockopt::curve_server, true);
  socket.set(zmq::sockopt::curve_secretkey, access.server_secret_key);
}

zap_handler::zap_handler(zmq::context_t& context, curve_access access)
    : socket_(context, zmq::socket_type::rep), access_(std::move(access)) {
  socket_.set(zmq::sockopt::linger, 0);
  socket_.bind("inproc://zeromq.zap.01");
}

void zap_handler::answer() {
  for (;;) {
    std::vector<zmq::message_t> frames;
    bool more = true;
    while (more) {
      auto& frame = frames.emplace_back();
      if (!socket_.recv(frame, zmq::recv_flags::dontwait))
        return;
      more = frame.more();
    }
    // version, request id, domain, address, identity, mechanism, key
    std::string name;
    if (frames.size() == 7 && frames[0].to_string_view() == "1.0" &&
        frames[5].to_string_view() == "CURVE" && frames[6].size() == raw_key_size) {
      std::array<char, key_size + 1> key{};
      zmq_z85_encode(key.data(), frames[6].data<std::uint8_t>(), raw_key_size);
      name = access_.name_of({key.data(), key_size});
    }
    const auto id = frames.size() > 1 ? frames[1].to_string() : std::string{};
    const std::array<std::string, 6> reply{
        "1.0", id, name.empty() ? "400" : "200", name.empty() ? "unknown key" : "OK", name, ""};
    for (std::size_t i = 0; i < reply.size(); ++i)
      socket_.send(zmq::buffer(reply[i]),
                   i + 1 < reply.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }
}

}  // namespace troupe
