#include "tests/bench/request_writer.hpp"

#include <cstdio>

namespace troupe_load {

void request_writer::append_authorization(std::string& out, std::string_view method,
                                          std::string_view path, const credentials& by,
                                          const body_pieces& body) const {
  std::string hash;
  if (hash_payloads_ && body.size() > 0)
    hash = hash_payload(body.first, body.second, body.third);
  append_hawk(out, {method, path, to_.host, to_.port, hash}, by, random_());
}

void request_writer::write(std::string& out, std::string_view method, std::string_view path,
                           const credentials* by, const body_pieces& body) const {
  out.clear();
  out.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: ");
  out.append(to_.host_header).append("\r\n");
  if (by != nullptr && !by->client_id.empty()) {
    out.append("Authorization: ");
    append_authorization(out, method, path, *by, body);
    out.append("\r\n");
  }
  if (body.size() > 0) {
    char head[80];
    const int size =
        std::snprintf(head, sizeof head,
                      "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", body.size());
    out.append(head, static_cast<std::size_t>(size));
    out.append(body.first).append(body.second).append(body.third);
  } else if (method != "GET") {
    out.append("Content-Length: 0\r\n\r\n");
  } else {
    out.append("\r\n");
  }
}

}  // namespace troupe_load
