#include "runtime/mirrors/copier.hpp"

#include "messages/ascii_case.hpp"
#include "runtime/log/log.hpp"
#include "runtime/mirrors/local_copies.hpp"
#include "runtime/mirrors/s3_copies.hpp"

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>

#include <algorithm>
#include <exception>
#include <map>
#include <thread>

namespace troupe {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds longest_pause{30};

class running_hash {
 public:
  running_hash() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }

  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }

  std::string end() {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    EVP_DigestFinal_ex(context_.get(), bytes, nullptr);
    std::string text;
    for (int i = 0; i < 32; ++i)
      for (const auto half : {bytes[i] >> 4, bytes[i] & 15})
        text += "0123456789abcdef"[half];
    return text;
  }

 private:
  struct freeing {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, freeing> context_{EVP_MD_CTX_new()};
};

// Hashes are of the content before it was encoded.
void check_hash(const std::string& seen, const std::string& wanted) {
  if (!wanted.empty() && seen != lower_case(wanted))
    throw copy_trouble{"the data have the sha256 " + seen + " instead of " + wanted, true};
}

}  // namespace

struct copier::impl {
  impl(const mirror_settings& settings, const blob_signer& signer, blob_store& disk,
       const clock& clock)
      : config(settings), local(disk) {
    // The system's authorities; OpenSSL lets SSL_CERT_FILE and SSL_CERT_DIR name others. Asio keeps
    // errors of connections apart by itself; see s3_remover.
    SSL_CTX_set_info_callback(tls.native_handle(), nullptr);
    tls.set_default_verify_paths();
    for (const auto& site : config.sites)
      stores[site.id] = make_store(site, signer, clock);
  }

  std::unique_ptr<copy_store> make_store(const mirror_site_settings& site,
                                         const blob_signer& signer, const clock& clock) {
    if (const auto* there = std::get_if<local_mirror_settings>(&site.store)) {
      auto& disk = disks[site.id];
      disk = std::make_unique<blob_store>(there->directory, 1);
      return std::make_unique<local_copies>(signer, *disk);
    }
    return std::make_unique<s3_copies>(
        std::get<s3_backend_settings>(site.store), site.part_bytes,
        copy_line{io, tls, longest_pause}, clock, [id = site.id](const std::string& what) {
          log_message(severity::error, "copies at site '" + id + "': " + what);
        });
  }

  asio::awaitable<std::unique_ptr<copy_reader>> open_source(blob_source from) {
    if (!from.local_key.empty())
      co_return read_local(local, from.local_key);
    co_return co_await read_url({io, tls, longest_pause}, std::move(from.url));
  }

  asio::awaitable<std::uint64_t> make(const copy_order& order, copy_progress& progress);
  static asio::awaitable<std::uint64_t> fill(const copy_order& order, copy_progress& progress,
                                             copy_reader& from, copy_writer& to);
  asio::awaitable<void> work(copy_order order, std::shared_ptr<copy_progress> progress,
                             std::function<void(copy_result)> done);

  const mirror_settings& config;
  blob_store& local;
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
  asio::ssl::context tls{asio::ssl::context::tls_client};
  std::map<std::string, std::unique_ptr<blob_store>, std::less<>> disks;
  std::map<std::string, std::unique_ptr<copy_store>, std::less<>> stores;
  std::thread thread;
};

asio::awaitable<std::uint64_t> copier::impl::make(const copy_order& order,
                                                  copy_progress& progress) {
  const auto reader = co_await open_source(order.source);
  const auto& head = reader->head();
  if (head.size > order.largest_bytes)
    throw copy_trouble{"it has " + std::to_string(head.size) + " bytes, and a copy there has " +
                           std::to_string(order.largest_bytes) + " at most",
                       true};
  const auto writer = co_await stores.at(order.site)->begin(order.key, head);
  std::exception_ptr failed;
  try {
    co_return co_await fill(order, progress, *reader, *writer);
  } catch (...) {
    failed = std::current_exception();
  }
  co_await writer->abandon();
  std::rethrow_exception(failed);
}

// The last piece is held back until all is known to be right: before it has that, no store has a
// copy.
asio::awaitable<std::uint64_t> copier::impl::fill(const copy_order& order, copy_progress& progress,
                                                  copy_reader& from, copy_writer& to) {
  const auto& head = from.head();
  running_hash hash;
  std::uint64_t read = 0;
  std::string held;
  for (;;) {
    if (progress.unwanted)
      throw copy_trouble{"it is no longer wanted"};
    auto piece = co_await from.read();
    hash.add(piece);
    read += piece.size();
    if (read > head.size || (piece.empty() && read < head.size))
      throw copy_trouble{"there were " + std::to_string(read) + " bytes instead of " +
                         std::to_string(head.size)};
    if (piece.empty())
      break;
    if (!held.empty())
      co_await to.write(held);
    progress.bytes += held.size();
    held = std::move(piece);
  }
  const auto seen = hash.end();
  check_hash(seen, from.sha256());
  if (head.encoding.empty())
    check_hash(seen, order.sha256);
  if (!held.empty())
    co_await to.write(held);
  co_await to.finish();
  co_return read;
}

asio::awaitable<void> copier::impl::work(copy_order order, std::shared_ptr<copy_progress> progress,
                                         std::function<void(copy_result)> done) {
  copy_result result;
  const auto began = std::chrono::steady_clock::now();
  try {
    result.bytes = co_await make(order, *progress);
  } catch (copy_trouble& trouble) {
    result.trouble = std::move(trouble.why);
    result.lasting = trouble.lasting;
  } catch (const std::exception& unforeseen) {
    result.trouble = unforeseen.what();
  }
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  done(std::move(result));
}

copier::copier(const mirror_settings& config, const blob_signer& signer, blob_store& local,
               const clock& time)
    : impl_(std::make_unique<impl>(config, signer, local, time)) {
  for (const auto& site : config.sites)
    counts_[site.id];
  impl_->thread = std::thread([this] { impl_->io.run(); });
}

copier::~copier() {
  impl_->io.stop();
  impl_->thread.join();
}

outcome<void> copier::open() {
  for (const auto& [site, disk] : impl_->disks)
    TROUPE_CHECK(disk->open());
  return boost::system::in_place_value;
}

outcome<void> copier::remove_all_local() {
  for (const auto& [site, disk] : impl_->disks)
    TROUPE_CHECK(disk->remove_all());
  return boost::system::in_place_value;
}

blob_store* copier::local_store(std::string_view key) {
  constexpr std::string_view prefix = "mirror/";
  if (!key.starts_with(prefix))
    return nullptr;
  key.remove_prefix(prefix.size());
  const auto found = impl_->disks.find(key.substr(0, std::min(key.size(), key.find('/'))));
  return found == impl_->disks.end() ? nullptr : found->second.get();
}

std::shared_ptr<copy_progress> copier::copy(copy_order order,
                                            std::function<void(copy_result)> done) {
  auto progress = std::make_shared<copy_progress>();
  asio::co_spawn(impl_->io, impl_->work(std::move(order), progress, std::move(done)),
                 [](const std::exception_ptr& unforeseen) {
                   if (unforeseen)
                     std::rethrow_exception(unforeseen);
                 });
  return progress;
}

void copier::remove(const std::string& site, std::string key,
                    std::function<void(outcome<void>)> done) {
  asio::post(impl_->io, [this, site, key = std::move(key), done = std::move(done)] {
    impl_->stores.at(site)->remove(key, done);
  });
}

std::string copier::get_url(const std::string& site, const std::string& key, timestamp now,
                            timestamp until) const {
  return impl_->stores.at(site)->get_url(key, now, until);
}

}  // namespace troupe
