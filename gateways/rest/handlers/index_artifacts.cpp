// The way from a path of the index to an artifact of the task that it leads to.

#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "messages/index_commands.hpp"
#include "messages/json_text.hpp"
#include "messages/json_walk.hpp"
#include "messages/task_commands.hpp"
#include "runtime/auth/credentials.hpp"
#include "runtime/crypto/percent_code.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

#include <memory>

namespace troupe::handlers {

namespace {

constexpr std::chrono::minutes link_lasts{15};

// The value of a member that is a plain text; empty when there is none.
std::string plain_member(std::string_view object, std::string_view name) {
  auto members = json_walk::members(object);
  std::string text;
  while (members.next())
    if (members.key() == name && read_json_string(members.value(), text))
      return text;
  return {};
}

answer redirect_to(std::string url) {
  answer result{303, R"({"url":)"};
  append_json_string(result.body, url);
  result.body += '}';
  result.headers.emplace_back("Location", std::move(url));
  return result;
}

// Asks the index, and then perhaps the task. Ends with the call.
class artifact_redirect {
 public:
  artifact_redirect(api_lane& here, std::string name, reply_handle reply)
      : here_(here), name_(std::move(name)), reply_(reply), entry_(*this), artifact_(*this) {}

  ~artifact_redirect() {
    for (const auto& handle : {entry_.handle, artifact_.handle})
      if (handle)
        here_.on.close_reply(handle);
  }

  void begin(std::string path) {
    entry_.handle = here_.on.open_reply(entry_);
    here_.board.tell(here_.on, find_indexed{std::move(path), entry_.handle});
  }

 private:
  struct entry_sink final : answer_sink {
    explicit entry_sink(artifact_redirect& asker) : of(asker) {}
    void complete(answer&& result) override {
      handle = {};
      of.take_entry(std::move(result));
    }
    artifact_redirect& of;
    reply_handle handle;
  };

  struct artifact_sink final : answer_sink {
    explicit artifact_sink(artifact_redirect& asker) : of(asker) {}
    void complete(answer&& result) override {
      handle = {};
      of.take_artifact(result);
    }
    artifact_redirect& of;
    reply_handle handle;
  };

  // Each of these may end the call, and this with it.

  void take_entry(answer&& result) {
    if (result.error)
      return finish(std::move(result));
    const auto task = task_id::parse(plain_member(result.body, "taskId"));
    if (!task)
      return finish(
          answer{make_api_error(error_code::internal_server_error, "the index answered no task")});
    task_ = *task;
    const auto& everybody = here_.snapshot->anonymous();
    if (!everybody->satisfies("queue:get-artifact:" + name_))
      return finish(redirect_to(signed_url()));
    // Asked on behalf of everybody: a link to something private is followed by nobody here.
    auto who = std::make_shared<caller>();
    who->scopes = everybody;
    artifact_.handle = here_.on.open_reply(artifact_);
    troupe::get_artifact command;
    command.task = task_;
    command.name = name_;
    command.as_content = true;
    command.by = std::move(who);
    command.reply = artifact_.handle;
    here_.board.tell(here_.on, std::move(command));
  }

  // Whatever is wrong with the artifact, the queue says it better.
  void take_artifact(const answer& result) {
    auto url = result.error ? std::string{} : plain_member(result.body, "url");
    finish(
        redirect_to(url.empty() ? std::string{here_.root_url()} + queue_path() : std::move(url)));
  }

  std::string queue_path() const {
    std::string path{"/api/queue/v1/task/"};
    path += task_.view();
    path += "/artifacts/";
    append_percent_encoded(path, name_, false);
    return path;
  }

  std::string signed_url() const {
    const auto path = queue_path();
    const auto at = split_root_url(here_.root_url());
    return std::string{here_.root_url()} + path + "?bewit=" +
           make_bewit(here_.index_client, path, at.host, at.port, here_.on.now() + link_lasts);
  }

  void finish(answer&& result) {
    if (const auto reply = std::exchange(reply_, {}))
      here_.on.deliver(reply, std::move(result));
  }

  api_lane& here_;
  const std::string name_;
  reply_handle reply_;
  task_id task_;
  entry_sink entry_;
  artifact_sink artifact_;
};

}  // namespace

void find_artifact_from_task(request_context& call) {
  auto redirect = std::make_shared<artifact_redirect>(call.here(), std::string{call.param("name")},
                                                      call.await_answer());
  call.keep(redirect);
  redirect->begin(std::string{call.param("indexPath")});
}

}  // namespace troupe::handlers
