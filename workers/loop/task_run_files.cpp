// What comes out of a run: logs, and bytes on their way to an artifact.

#include "messages/json_members.hpp"
#include "runtime/files/gzip_file.hpp"
#include "workers/files/trees.hpp"
#include "workers/loop/certificate.hpp"
#include "workers/loop/queue_calls.hpp"
#include "workers/loop/run_interrupt.hpp"
#include "workers/loop/task_run.hpp"
#include "workers/shells/shell_host.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr const char* log_type = "text/plain; charset=utf-8";

}  // namespace

// -- logs -----------------------------------------------------------------------------------------

call_result task_run::create_artifact_by(queue_client& by, const std::string& name,
                                         const json::object& body) const {
  const auto target = target_of(claim_.run()) + "/artifacts/" + encode_segment(name);
  const auto text = json::serialize(body);
  return repeat([&] { return by.call(claim_.by(), "POST", target, text, "application/json"); });
}

call_result task_run::create_artifact(const std::string& name, const json::object& body) {
  return create_artifact_by(client_, name, body);
}

void task_run::create_live_log() {
  json::object body;
  body["storageType"] = "reference";
  body["url"] = options_.root_url + "/api/troupe/v1/log/" + task_id_ + "/" + run_id_;
  body["contentType"] = log_type;
  body["expires"] = text_of(task_, "expires");
  create_artifact(payload_.live_log, body);
}

// The whole log becomes an artifact, and the live one a link to it. Who follows the log hears of
// its end first; if the server is away, then when it is back.
void task_run::keep_logs() {
  const bool told = log_->finish();
  const auto expires = text_of(task_, "expires");
  if (payload_.keeps_backing_log)
    store({payload_.backing_log, log_->file(), log_->size(), log_type, true, expires});
  if (!told)
    log_->finish();
  if (!payload_.keeps_backing_log || !payload_.keeps_live_log)
    return;
  json::object link;
  link["storageType"] = "link";
  link["artifact"] = payload_.backing_log;
  link["contentType"] = log_type;
  link["expires"] = expires;
  create_artifact(payload_.live_log, link);
}

// -- artifacts ------------------------------------------------------------------------------------

// The first that goes wrong decides what becomes of a task that is fine otherwise.
void task_run::blame(verdict because) {
  if (!artifact_trouble_)
    artifact_trouble_ = because;
}

bool task_run::is_reserved(const std::string& name) const {
  if (name == payload_.live_log || name == payload_.backing_log)
    return true;
  if (payload_.interactive && (name == shell_artifact || name == display_artifact))
    return true;
  return payload_.chain_of_trust && is_of_chain_of_trust(name);
}

std::optional<task_run::verdict> task_run::store(const outgoing& sends) {
  return store_by(client_, sends, "packed");
}

// What went wrong, if anything did. Packed before the queue is asked where to, because what it
// answers does not hold for ever. `room` is a name for what is packed, which nobody else uses at
// this time.
std::optional<task_run::verdict> task_run::store_by(queue_client& by, const outgoing& sends,
                                                    const std::string& room) const {
  const auto packed_path = directory_ + "/" + room;
  descriptor packed;
  auto file = sends.file;
  auto size = sends.size;
  if (sends.compress) {
    if (!gzip_file(sends.file, sends.size, packed_path))
      return verdict::unavailable;
    packed = descriptor{::open(packed_path.c_str(), O_RDONLY | O_CLOEXEC)};
    ::unlink(packed_path.c_str());
    file = packed.get();
    size = size_of_plain(file).value_or(0);
  }
  json::object body;
  body["storageType"] = "s3";
  body["contentType"] = sends.type;
  body["expires"] = sends.expires;
  const auto made = create_artifact_by(by, sends.name, body);
  const auto answer = made.json();
  if (!made.good() || !answer.is_object()) {
    if (made.passing())
      return verdict::unavailable;
    // The queue refuses what is not as it was created before.
    return made.status == 409 ? verdict::malformed : verdict::internal;
  }
  const auto url = text_of(answer.get_object(), "putUrl");
  const std::vector<std::string> headers = {
      "Content-Type: " + text_of(answer.get_object(), "contentType"),
      std::string{"Content-Encoding: "} + (sends.compress ? "gzip" : "identity")};
  for (int i = 0; i < 6; ++i) {
    const auto put = by.put_file(url, file, size, headers);
    if (put.good())
      return {};
    if (!put.passing() && put.status != 400)
      break;
    interrupt_.pause(200ms * (1 << i));
  }
  return verdict::unavailable;
}

}  // namespace troupe
