// The certificate of what a run was and made: the workers contract, section 4.

#include "messages/json_members.hpp"
#include "workers/files/running_digest.hpp"
#include "workers/files/signing_key.hpp"
#include "workers/loop/certificate.hpp"
#include "workers/loop/task_mounts.hpp"
#include "workers/loop/task_proxy.hpp"
#include "workers/loop/task_run.hpp"
#include "workers/shells/shell_host.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr const char* additional_name = "/work/chain-of-trust-additional-data.json";
constexpr off_t most_additional = 1024 * 1024;

// What the task adds; nothing when that is no object, or too much.
std::optional<json::object> read_additional(const std::string& path) {
  const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)};
  if (!file)
    return json::object{};
  struct stat found;
  if (::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode) ||
      found.st_size > most_additional)
    return {};
  std::string text(static_cast<std::size_t>(found.st_size), '\0');
  const auto got = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  if (failed || !value.is_object())
    return {};
  return std::move(value.get_object());
}

}  // namespace

// The log as it is now is certified, too, under a name of its own: the other one goes on.
void task_run::certify() {
  auto additional = read_additional(directory_ + additional_name);
  if (!additional) {
    log_->note_error("[chain-of-trust] " + std::string{additional_name + 6} +
                     " must be a JSON object of at most 1 MiB.");
    return blame(verdict::failed);
  }
  certificate_facts facts{task_id_,
                          static_cast<int>(claim_.run().run),
                          options_.worker_group,
                          options_.worker_id,
                          task_,
                          {},
                          execution_->certified_environment()};
  for (const auto& [name, record] : uploaded_)
    if (!record.sha256.empty())
      facts.sums[name] = record.sha256;
  const auto log_size = log_->size();
  const std::string log_name{certified_log_name};
  const auto log_sum = sha256_of_file(log_->file(), log_size);
  if (const auto trouble = store({log_name, log_->file(), log_size, "text/plain; charset=utf-8",
                                  true, text_of(task_, "expires")})) {
    log_->note_error("Artifact " + log_name + " could not be uploaded.");
    return blame(*trouble);
  }
  facts.sums[log_name] = log_sum;
  const auto text = json::serialize(make_certificate(facts, std::move(*additional)));
  store_certificate(std::string{certificate_name}, text, "application/json");
  store_certificate(std::string{signature_name}, options_.key->sign(text),
                    "application/octet-stream");
}

void task_run::store_certificate(const std::string& name, const std::string& bytes,
                                 const std::string& type) {
  const auto path = directory_ + "/certificate";
  const descriptor file{
      ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  const bool written =
      file && ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  const auto trouble =
      written ? store({name, file.get(), bytes.size(), type, false, text_of(task_, "expires")})
              : std::optional{verdict::unavailable};
  if (!trouble)
    return;
  log_->note_error("Artifact " + name + " could not be uploaded.");
  blame(*trouble);
}

}  // namespace troupe
