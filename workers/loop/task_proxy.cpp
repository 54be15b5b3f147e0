#include "workers/loop/task_proxy.hpp"

#include "runtime/clock/clock.hpp"
#include "runtime/queue_client/queue_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <atomic>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace troupe {

namespace http = boost::beast::http;
using tcp = boost::asio::ip::tcp;

// Few requests come at a time, so each connection has a thread of its own.
struct task_proxy::impl {
  impl(std::string root, credentials with, std::vector<std::string> allowed,
       const std::vector<proxy_place>& places)
      : root_url(std::move(root)), by(std::move(with)), scopes(std::move(allowed)), acceptor(io) {
    listen(places);
    url = "http://" + place.host + (place.port == 80 ? "" : ":" + std::to_string(place.port));
    if (acceptor.is_open())
      accepting = std::thread{[this] { accept(); }};
  }

  ~impl() {
    ending = true;
    // Also wakes one in another network, to which there is no connection from here.
    boost::system::error_code ignored;
    if (acceptor.is_open())
      ::shutdown(acceptor.native_handle(), SHUT_RDWR);
    if (accepting.joinable())
      accepting.join();
    {
      const std::lock_guard lock{guard};
      for (auto& socket : open)
        socket.shutdown(tcp::socket::shutdown_both, ignored);
    }
    for (auto& thread : threads)
      thread.join();
  }

  void listen(const std::vector<proxy_place>& places) {
    boost::system::error_code failed;
    for (const auto& each : places) {
      place = each;
      if (each.within)
        return;
      const tcp::endpoint where{boost::asio::ip::make_address(each.address), each.port};
      acceptor = tcp::acceptor{io};
      acceptor.open(where.protocol(), failed);
      acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
      acceptor.bind(where, failed);
      if (!failed)
        acceptor.listen(tcp::acceptor::max_listen_connections, failed);
      if (failed)
        continue;
      place.port = acceptor.local_endpoint().port();
      return;
    }
    throw std::runtime_error{"the proxy of a task has no place to listen: " + failed.message()};
  }

  void serve(descriptor listener) {
    const auto own = ::fcntl(listener.get(), F_DUPFD_CLOEXEC, 0);
    boost::system::error_code failed;
    acceptor.assign(tcp::v4(), own, failed);
    accepting = std::thread{[this] { accept(); }};
  }

  void accept() {
    for (;;) {
      boost::system::error_code failed;
      tcp::socket socket{io};
      acceptor.accept(socket, failed);
      if (ending)
        return;
      if (failed)
        continue;
      const std::lock_guard lock{guard};
      open.push_back(std::move(socket));
      threads.emplace_back([this, at = std::prev(open.end())] { serve(*at); });
    }
  }

  void serve(tcp::socket& socket) {
    boost::beast::flat_buffer buffer;
    queue_client client{root_url};
    for (;;) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(64 * 1024 * 1024);
      boost::system::error_code failed;
      http::read(socket, buffer, parser, failed);
      if (failed)
        return;
      auto response = answer(client, parser.get());
      response.keep_alive(parser.get().keep_alive());
      response.prepare_payload();
      http::write(socket, response, failed);
      if (failed || !response.keep_alive())
        return;
    }
  }

  http::response<http::string_body> answer(queue_client& client,
                                           const http::request<http::string_body>& request) {
    credentials with;
    {
      const std::lock_guard lock{guard};
      with = by;
    }
    std::string target{request.target()};
    if (target == "/bewit")
      return sign_url(with, request.body());
    // `/queue/v1/...` is short for `/api/queue/v1/...`.
    if (!target.starts_with("/api/"))
      target = "/api" + target;
    auto type = std::string{request[http::field::content_type]};
    if (type.empty())
      type = "application/json";
    const auto result = client.call(with, std::string_view{request.method_string()}, target,
                                    request.body(), type, std::chrono::seconds{60}, scopes);
    http::response<http::string_body> response{
        result.status == 0 ? http::status::bad_gateway : static_cast<http::status>(result.status),
        11};
    response.set(http::field::content_type, "application/json; charset=utf-8");
    // The client decides whether it follows; what it finds there may need no signature.
    if (!result.location.empty())
      response.set(http::field::location, result.location);
    response.set("X-Taskcluster-Endpoint", root_url + target);
    response.set("X-Taskcluster-Proxy-Temp-ClientId", with.client_id);
    response.body() = result.status == 0 ? result.trouble : result.body;
    return response;
  }

  http::response<http::string_body> sign_url(const credentials& with, const std::string& asked) {
    const auto where = split_root_url(asked);
    const auto path = asked.find('/', asked.find("://") + 3);
    http::response<http::string_body> response{http::status::see_other, 11};
    if (path == std::string::npos) {
      response.result(http::status::bad_request);
      response.body() = "the body must be a URL";
      return response;
    }
    const auto resource = asked.substr(path);
    const auto bewit = make_bewit(with, resource, where.host, where.port,
                                  system_clock{}.now() + std::chrono::hours{1}, scopes);
    const auto signed_url =
        asked + (resource.find('?') == std::string::npos ? "?" : "&") + "bewit=" + bewit;
    response.set(http::field::location, signed_url);
    response.body() = signed_url;
    return response;
  }

  std::string root_url;
  std::mutex guard;
  credentials by;  // guarded
  std::vector<std::string> scopes;
  boost::asio::io_context io;
  tcp::acceptor acceptor;
  proxy_place place;
  std::string url;
  std::atomic<bool> ending{false};
  std::list<tcp::socket> open;  // guarded
  std::vector<std::thread> threads;
  std::thread accepting;
};

task_proxy::task_proxy(std::string root_url, credentials by, std::vector<std::string> scopes,
                       const std::vector<proxy_place>& places)
    : impl_(std::make_unique<impl>(std::move(root_url), std::move(by), std::move(scopes), places)) {
}

task_proxy::~task_proxy() = default;

const std::string& task_proxy::url() const { return impl_->url; }

const proxy_place& task_proxy::place() const { return impl_->place; }

void task_proxy::serve(descriptor listener) { impl_->serve(std::move(listener)); }

void task_proxy::use(credentials by) {
  const std::lock_guard lock{impl_->guard};
  impl_->by = std::move(by);
}

}  // namespace troupe
