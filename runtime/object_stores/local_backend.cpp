#include "runtime/object_stores/local_backend.hpp"

#include "runtime/lane/lane.hpp"
#include "runtime/objects/content_hashes.hpp"

namespace troupe {

namespace {

// Uploads of artifacts have keys of another form: `upload/<uploadId>`.
std::string upload_key_of(const stored_object& object) {
  return std::string{blob_store::uploads} + "object/" + object.upload_id;
}

std::string key_of(const stored_object& object) { return "object/" + object.name; }

template <class Job>
void run(blob_store& store, lane& on, Job job, object_backend::done_handler done) {
  store.pool().run([&on, job = std::move(job), done = std::move(done)] {
    on.post([done, result = outcome<void>{job()}] { done(result); });
  });
}

outcome<void> write(blob_store& store, const std::string& key, const std::string& content_type,
                    const std::string& bytes) {
  TROUPE_TRY(const auto writer, store.create(key, content_type, {}));
  TROUPE_CHECK(writer->write(bytes));
  TROUPE_CHECK(writer->finish());
  return boost::system::in_place_value;
}

// First moved, then looked at: what comes by the URL of the upload meanwhile does not get in.
outcome<void> keep(blob_store& store, const std::string& from, const std::string& to,
                   const std::string& hashes) {
  TROUPE_CHECK(store.move(from, to));
  TROUPE_TRY(const auto opened, store.read(to));
  const auto& info = opened->info();
  if (!info.content_encoding.empty())
    return boost::system::in_place_value;  // hashes are those of the content before it was encoded
  auto checked = check_hashes(hashes, {info.sha256, info.sha512});
  if (!checked)
    TROUPE_CHECK(store.move(to, from));
  return checked;
}

}  // namespace

void put_blob(blob_store& store, lane& on, std::string key, std::string content_type,
              std::string bytes, object_backend::done_handler done) {
  run(
      store, on,
      [&store, key = std::move(key), type = std::move(content_type), bytes = std::move(bytes)] {
        return write(store, key, type, bytes);
      },
      std::move(done));
}

void keep_blob(blob_store& store, lane& on, std::string from, std::string to, std::string hashes,
               object_backend::done_handler done) {
  run(
      store, on,
      [&store, from = std::move(from), to = std::move(to), hashes = std::move(hashes)] {
        return keep(store, from, to, hashes);
      },
      std::move(done));
}

outcome<void> local_backend::accepts(std::string_view) const {
  return boost::system::in_place_value;
}

std::string local_backend::put_url(const stored_object& object, const upload_proposal& proposed,
                                   timestamp, timestamp until) const {
  return signer_.put_url(upload_key_of(object), proposed.content_type, until);
}

std::string local_backend::get_url(const stored_object& object, timestamp, timestamp until) const {
  return signer_.get_url(key_of(object), until);
}

blob_source local_backend::source_of(const stored_object& object, timestamp, timestamp) const {
  return {key_of(object), {}};
}

void local_backend::put(lane& on, const stored_object& object, std::string content_type,
                        std::string bytes, done_handler done) {
  put_blob(store_, on, upload_key_of(object), std::move(content_type), std::move(bytes),
           std::move(done));
}

void local_backend::finish(lane& on, const stored_object& object, std::string hashes,
                           done_handler done) {
  keep_blob(store_, on, upload_key_of(object), key_of(object), std::move(hashes), std::move(done));
}

void local_backend::remove(lane& on, const stored_object& object, done_handler done) {
  run(
      store_, on,
      [&store = store_, object]() -> outcome<void> {
        TROUPE_CHECK(store.remove(upload_key_of(object)));
        return store.remove(key_of(object));
      },
      std::move(done));
}

}  // namespace troupe
