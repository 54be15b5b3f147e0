#include "runtime/uploads/artifact_uploader.hpp"

#include "messages/api/router.hpp"
#include "runtime/queue_client/queue_client.hpp"

#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

namespace troupe {

namespace {

constexpr std::size_t piece = 256 * 1024;

api_error trouble(std::string text) {
  return make_api_error(error_code::service_unavailable, std::move(text));
}

}  // namespace

artifact_uploader::artifact_uploader(const blob_signer& signer, blob_store& local,
                                     const clock& time)
    : signer_(signer), local_(local), time_(time) {}

outcome<void> artifact_uploader::put(const std::string& url, const uploaded_file& what) {
  return is_local(url) ? put_here(url, what) : put_there(url, what);
}

void artifact_uploader::close() {
  const std::lock_guard lock{guard_};
  closed_ = true;
  for (auto* client : sending_)
    client->wake();
}

bool artifact_uploader::is_local(const std::string& url) const {
  return url.starts_with(signer_.root_url() + std::string{blob_signer::path_prefix});
}

outcome<void> artifact_uploader::put_here(const std::string& url, const uploaded_file& what) {
  auto path =
      std::string_view{url}.substr(signer_.root_url().size() + blob_signer::path_prefix.size());
  const auto mark = std::min(path.find('?'), path.size());
  std::string key;
  if (!percent_decode(path.substr(0, mark), key))
    return trouble("the URL of the upload cannot be read");
  TROUPE_TRY(const auto blob,
             signer_.verify("PUT", key, path.substr(std::min(mark + 1, path.size())), time_.now()));
  TROUPE_TRY(const auto writer, local_.create(blob.key, blob.content_type, what.content_encoding));
  std::string bytes(piece, '\0');
  for (std::uint64_t at = 0; at < what.size;) {
    if (closed_)
      return trouble("the server ends");
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(piece, what.size - at));
    const auto got = ::pread(what.file, bytes.data(), wanted, static_cast<off_t>(at));
    if (got <= 0)
      return trouble(std::string{"the file cannot be read: "} +
                     (got == 0 ? "it is shorter than it was" : std::strerror(errno)));
    TROUPE_CHECK(writer->write({bytes.data(), static_cast<std::size_t>(got)}));
    at += static_cast<std::uint64_t>(got);
  }
  TROUPE_CHECK(writer->finish());
  return boost::system::in_place_value;
}

outcome<void> artifact_uploader::put_there(const std::string& url, const uploaded_file& what) {
  queue_client client{url, &closed_};
  {
    const std::lock_guard lock{guard_};
    sending_.insert(&client);
  }
  std::vector<std::string> headers{"Content-Type: " + what.content_type};
  if (!what.content_encoding.empty())
    headers.push_back("Content-Encoding: " + what.content_encoding);
  const auto sent = client.put_file(url, what.file, what.size, headers);
  {
    const std::lock_guard lock{guard_};
    sending_.erase(&client);
  }
  if (sent.good())
    return boost::system::in_place_value;
  return trouble(sent.trouble.empty() ? "the store answered " + std::to_string(sent.status)
                                      : sent.trouble);
}

}  // namespace troupe
