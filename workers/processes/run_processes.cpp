#include "workers/processes/run_processes.hpp"

#include "workers/processes/guard_message.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <initializer_list>
#include <utility>

namespace troupe {

namespace {

// A zero byte within a text would end it for the system, too.
void append_text(std::string& to, const std::string& text) {
  to += text.c_str();
  to += '\0';
}

bool write_all(int file, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto written = ::write(file, text.data() + at, text.size() - at);
    if (written <= 0)
      return false;
    at += static_cast<std::size_t>(written);
  }
  return true;
}

bool send_words(int socket, guard_word order, const started_words& what,
                std::initializer_list<int> streams) {
  std::string text;
  append_text(text, what.directory);
  for (const auto& word : what.words)
    append_text(text, word);
  for (const auto& [name, value] : what.env)
    append_text(text, name + "=" + value);
  // More than fits into a packet.
  const int file = ::memfd_create("command", MFD_CLOEXEC);
  const guard_message message{order, static_cast<std::int32_t>(what.words.size()),
                              static_cast<std::int32_t>(what.env.size())};
  std::vector<int> descriptors{file};
  descriptors.insert(descriptors.end(), streams);
  const bool sent = file >= 0 && write_all(file, text) && send_packet(socket, message, descriptors);
  if (file >= 0)
    ::close(file);
  return sent;
}

}  // namespace

run_processes::~run_processes() {
  ::close(socket_);
  ::close(output_);
  if (errors_ >= 0)
    ::close(errors_);
}

std::size_t run_processes::read_output(char* buffer, std::size_t size) {
  const auto got = ::read(output_, buffer, size);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

bool run_processes::start(const std::vector<std::string>& words, const std::string& directory,
                          const std::map<std::string, std::string>& env) {
  return send_words(socket_, guard_word::start, {words, directory, env}, {});
}

// The guard also gets the end that is read: for when the worker no longer does.
bool run_processes::start_apart(const started_words& what, int input) {
  if (errors_ >= 0)
    ::close(std::exchange(errors_, -1));
  int errors[2];
  if (::pipe2(errors, O_CLOEXEC) != 0)
    return false;
  ::fcntl(errors[0], F_SETFL, O_NONBLOCK);
  const bool sent = send_words(socket_, guard_word::start, what, {input, errors[1], errors[0]});
  ::close(errors[1]);
  errors_ = errors[0];
  return sent;
}

// Without a writer it would be readable for ever.
std::size_t run_processes::read_errors(char* buffer, std::size_t size) {
  if (errors_ < 0)
    return 0;
  const auto got = ::read(errors_, buffer, size);
  if (got == 0)
    ::close(std::exchange(errors_, -1));
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

bool run_processes::open_shell(const started_words& what, int terminal) {
  return send_words(socket_, guard_word::open_shell, what, {terminal});
}

void run_processes::stop(std::chrono::milliseconds grace) {
  send_packet(socket_, {guard_word::stop, static_cast<std::int32_t>(grace.count()), 0});
}

void run_processes::kill() { send_packet(socket_, {guard_word::kill, 0, 0}); }

void run_processes::leave() { send_packet(socket_, {guard_word::leave, 0, 0}); }

std::optional<process_news> run_processes::next_news() {
  guard_packet packet;
  switch (receive_packet(socket_, packet)) {
    case receive_result::nothing:
      return {};
    case receive_result::closed:
      return process_news{};
    case receive_result::got:
      break;
  }
  if (packet.message.word == guard_word::here) {
    guard_ = packet.message.a;
    return next_news();
  }
  if (packet.message.word == guard_word::ended)
    return process_news{process_news::kind::ended, {packet.message.a, packet.message.b}};
  return process_news{process_news::kind::all_gone, {}};
}

}  // namespace troupe
