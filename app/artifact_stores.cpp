#include "app/artifact_stores.hpp"

#include "gateways/rest/rest_gateway.hpp"
#include "runtime/crypto/percent_code.hpp"
#include "runtime/log/log.hpp"
#include "runtime/object_stores/local_backend.hpp"
#include "runtime/object_stores/s3_backend.hpp"

#include <memory>

namespace troupe {

namespace {

constexpr std::string_view public_prefix = "public/";
// An upload that begins as the URL is about to end is let in.
constexpr std::chrono::seconds put_slack{10};

s3_signer signer_of(const settings& config) {
  const bool own = !config.s3_endpoint.empty();
  const auto endpoint =
      own ? config.s3_endpoint : "https://s3." + config.s3_region + ".amazonaws.com";
  const bool by_host = config.s3_addressing == bucket_addressing::virtual_host ||
                       (config.s3_addressing == bucket_addressing::automatic && !own);
  return {s3_location_of(endpoint, config.s3_region,
                         by_host ? s3_addressing::virtual_host : s3_addressing::path),
          {config.s3_access_key_id, config.s3_secret}};
}

std::chrono::seconds between(timestamp now, timestamp until) {
  return std::chrono::duration_cast<std::chrono::seconds>(until - now);
}

/// Waits for several removals, and then tells how they went together.
struct several {
  std::size_t open = 0;
  outcome<void> result = boost::system::in_place_value;
  std::function<void(outcome<void>)> done;

  void take(const outcome<void>& one) {
    if (!one)
      result = one;
    if (--open == 0)
      done(result);
  }
};

}  // namespace

artifact_stores::artifact_stores(const settings& config, const clock& time,
                                 const std::string& data_dir, std::string url_key)
    : config_(config),
      time_(time),
      signer_(std::move(url_key)),
      local_(data_dir + "/artifacts"),
      uploader_(signer_, local_, time) {
  if (config.knows_s3())
    s3_ = signer_of(config);
  if (config.mirrors.sites.empty())
    return;
  sites_ = std::make_unique<mirror_sites>(config.mirrors);
  copies_ = std::make_unique<copier>(config.mirrors, signer_, local_, time);
}

artifact_stores::~artifact_stores() = default;

void artifact_stores::attach_objects(const std::vector<lane*>& lanes) {
  std::map<std::string, std::unique_ptr<object_backend>, std::less<>> backends;
  for (const auto& id : config_.objects.local)
    backends[id] = std::make_unique<local_backend>(signer_, local_);
  for (const auto& [id, store] : config_.objects.s3)
    backends[id] = std::make_unique<s3_backend>(id, store, lanes, time_);
  objects_ = std::make_unique<object_stores>(config_.objects, std::move(backends));
}

void artifact_stores::attach(const std::vector<lane*>& lanes) {
  attach_objects(lanes);
  if (!s3_)
    return;
  s3_remover_options options;
  options.bulk = config_.s3_bulk_delete;
  for (auto* on : lanes)
    removers_.emplace_back(on->io(), time_, *s3_, options, [](const std::string& what) {
      log_message(severity::error, "S3 store: " + what);
    });
}

void artifact_stores::equip(company_parts& parts) {
  parts.bucket_for = [this](std::string_view name) { return bucket_for(name); };
  parts.put_url = [this](const blob_place& at, const std::string& type, timestamp now,
                         timestamp until) { return put_url(at, type, now, until); };
  parts.get_url = [this](const blob_place& at, timestamp now, timestamp until, bool skip_cdn) {
    return get_url(at, now, until, skip_cdn);
  };
  parts.remove_blobs = [this](lane& on, std::vector<blob_place> places,
                              std::function<void(outcome<void>)> done) {
    remove(on, std::move(places), std::move(done));
  };
  parts.put_upload = [this](lane& on, const std::string& key, const std::string& type,
                            const std::string& bytes, std::function<void(outcome<void>)> done) {
    put_blob(local_, on, key, type, bytes, std::move(done));
  };
  parts.keep_upload = [this](lane& on, const std::string& from, const std::string& to,
                             const std::string& hashes, std::function<void(outcome<void>)> done) {
    keep_blob(local_, on, from, to, hashes, std::move(done));
  };
  parts.objects = objects_.get();
  parts.mirrors = &config_.mirrors;
  parts.copies = copies_.get();
}

void artifact_stores::equip(rest_gateway_parts& parts) {
  parts.signer = &signer_;
  parts.blobs = &local_;
  parts.sites = sites_.get();
  if (copies_)
    parts.copies = [this](std::string_view key) { return copies_->local_store(key); };
}

outcome<void> artifact_stores::open() {
  TROUPE_CHECK(local_.open());
  if (copies_)
    TROUPE_CHECK(copies_->open());
  return boost::system::in_place_value;
}

outcome<void> artifact_stores::remove_all_local() {
  TROUPE_CHECK(local_.remove_all());
  if (copies_)
    TROUPE_CHECK(copies_->remove_all_local());
  return boost::system::in_place_value;
}

std::string artifact_stores::bucket_for(std::string_view name) const {
  if (config_.artifacts_in == artifact_store::local)
    return {};
  return name.starts_with(public_prefix) ? config_.s3_public_bucket : config_.s3_private_bucket;
}

std::string artifact_stores::put_url(const blob_place& at, const std::string& type, timestamp now,
                                     timestamp until) const {
  if (at.bucket.empty())
    return signer_.put_url(at.key, type, until);
  if (!s3_)
    return {};
  return s3_->put_url({at.bucket, at.key}, type, now, between(now, until) + put_slack);
}

std::string artifact_stores::get_url(const blob_place& at, timestamp now, timestamp until,
                                     bool skip_cdn) const {
  if (!at.backend_id.empty()) {
    const auto* backend = objects_->find(at.backend_id);
    return backend == nullptr ? std::string{} : backend->get_url({at.key, {}}, now, until);
  }
  if (at.bucket.empty())
    return signer_.get_url(at.key, until);
  if (!s3_)
    return {};
  const bool open_to_all = at.bucket == config_.s3_public_bucket && !config_.s3_sign_public_urls;
  if (!open_to_all)
    return s3_->get_url({at.bucket, at.key}, now, between(now, until));
  if (skip_cdn || config_.s3_public_cdn.empty())
    return s3_->url({at.bucket, at.key});
  auto url = config_.s3_public_cdn + "/";
  append_percent_encoded(url, at.key, true);
  return url;
}

void artifact_stores::remove(lane& on, std::vector<blob_place> places,
                             std::function<void(outcome<void>)> done) {
  auto all = std::make_shared<several>();
  all->open = places.size();
  all->done = std::move(done);
  const auto take = [all](const outcome<void>& one) { all->take(one); };
  for (auto& place : places) {
    if (!place.backend_id.empty())
      remove_object(on, place, take);
    else if (place.bucket.empty())
      remove_local(on, std::move(place.key), take);
    else
      remove_in_s3(on, place, take);
  }
}

void artifact_stores::remove_local(lane& on, std::string key,
                                   std::function<void(outcome<void>)> done) {
  local_.pool().run([this, &on, key = std::move(key), done = std::move(done)] {
    auto removed = local_.remove(key);
    if (!removed)
      log_message(severity::warning,
                  "the data of artifact '" + key +
                      "' were not removed, which is tried again later: " + removed.error().message);
    on.post([done, removed] { done(removed); });
  });
}

void artifact_stores::remove_object(lane& on, const blob_place& at,
                                    std::function<void(outcome<void>)> done) {
  if (auto* backend = objects_->find(at.backend_id))
    return backend->remove(on, {at.key, {}}, std::move(done));
  log_message(severity::error, "the data of object '" + at.key +
                                   "' stay where they are: their backend '" + at.backend_id +
                                   "' is no longer configured");
  on.post([done = std::move(done)] { done(boost::system::in_place_value); });
}

void artifact_stores::remove_in_s3(lane& on, const blob_place& at,
                                   std::function<void(outcome<void>)> done) {
  if (!s3_) {
    log_message(severity::error, "the data of artifact '" + at.key + "' stay in bucket '" +
                                     at.bucket + "': no S3 store is configured that could have it");
    return on.post([done = std::move(done)] { done(boost::system::in_place_value); });
  }
  removers_[on.index()].remove({at.bucket, at.key},
                               [&on, done = std::move(done)](const outcome<void>& removed) {
                                 on.post([done, removed] { done(removed); });
                               });
}

}  // namespace troupe
