#include "actors/object/object_actor.hpp"

#include "runtime/log/log.hpp"

#include <utility>

namespace troupe {

namespace {

constexpr std::string_view rows_key = "troupe:{object}:objects";
constexpr std::chrono::minutes put_url_lasts{45};
constexpr std::chrono::minutes get_url_lasts{30};
// So many at a time, so that others have their turn between them.
constexpr std::size_t most_removed = 100;
constexpr std::chrono::minutes tried_again_after{1};

api_error starting_again() {
  return make_api_error(error_code::service_unavailable,
                        "The object service is starting again; repeat the call.");
}

}  // namespace

object_shell::object_shell(caf::actor_config& config, const stage& where,
                           std::function<void()> successor)
    : service_actor(config, where.on, where.board, "object service", std::move(successor)),
      stage_(where) {}

object_shell::behavior_type object_shell::make_behavior() {
  using self = object_shell;
  return {
      opens<open_objects>(&self::open), receive(&self::create),
      receive(&self::finish),           receive(&self::find),
      receive(&self::remove_ended),     receive(&self::expire),
  };
}

// -- the beginning --------------------------------------------------------------------------------

void object_shell::open() {
  using self = object_shell;
  read<self>({{rows_key, &self::take_row}}, &self::begin);
}

void object_shell::take_row(std::string_view name, std::string_view text) {
  if (auto row = read_object_row(text))
    return apply_object(state_, std::string{name}, std::move(*row));
  log_message(severity::error,
              "the record of object '" + std::string{name} + "' cannot be read: it was changed");
}

void object_shell::leave() {
  for (const auto& [name, waiting] : finishing_)
    for (const auto& command : waiting)
      stage_.on.deliver(command.reply, answer{starting_again()});
  finishing_.clear();
  state_ = {};
}

// -- what all need --------------------------------------------------------------------------------

// What a backend answers comes on this lane, but not as a message. A successor knows nothing of it:
// who waits is to repeat the call.
template <class Job>
object_backend::done_handler object_shell::later(Job job, reply_handle waiting) {
  return [this, self = own_handle(), job, waiting](const outcome<void>& result) {
    const auto run = [&] {
      job(result);
      arm_timer();
    };
    if (!guard_.failed() && guard_.attempt(run))
      return;
    if (waiting)
      stage_.on.deliver(waiting, answer{starting_again()});
  };
}

object_backend* object_shell::backend_of(const std::string& id, const reply_handle& waiting) {
  auto* backend = stage_.parts.objects == nullptr ? nullptr : stage_.parts.objects->find(id);
  if (backend == nullptr)
    refuse(waiting, make_api_error(error_code::input_error,
                                   "The data of the object are at the backend '" + id +
                                       "', which is no longer configured at this server."));
  return backend;
}

std::optional<std::string> object_shell::backend_for(const create_object& command) const {
  if (const auto* known = known_object_of(state_, command.name))
    return known->backend_id;
  if (stage_.parts.objects == nullptr)
    return std::nullopt;
  return stage_.parts.objects->choose(command.project_id, command.name);
}

void object_shell::write(const std::string& name, object_row row) {
  if (const auto* known = known_object_of(state_, name); known != nullptr && *known == row)
    return;
  commit([&](resp_writer& to) { to.command("HSET", rows_key, name, object_row_text(row)); });
  apply_object(state_, name, std::move(row));
}

// -- requests -------------------------------------------------------------------------------------

void object_shell::create(create_object& command) {
  const auto now = stage_.on.now();
  const auto chosen = backend_for(command);
  if (!chosen)
    return refuse(command.reply,
                  make_api_error(error_code::no_matching_backend,
                                 "No backend of this server keeps objects of project '" +
                                     command.project_id + "' with such a name."));
  auto* backend = backend_of(*chosen, command.reply);
  if (backend == nullptr)
    return;
  if (auto accepted = backend->accepts(command.name); !accepted)
    return refuse(command.reply, std::move(accepted).error());
  auto row = decide_create(state_, command, *chosen, now);
  if (!row)
    return refuse(command.reply, std::move(row).error());
  write(command.name, std::move(*row));
  const stored_object object{command.name, command.upload_id};
  const auto method = choose_upload(command.proposed);
  const auto until = now + put_url_lasts;
  const auto url = method == upload_method::put_url
                       ? backend->put_url(object, command.proposed, now, until)
                       : std::string{};
  auto text = create_upload_text(command.project_id, command.upload_id, command.expires,
                                 command.proposed, method, url, until);
  if (method != upload_method::data_inline)
    return reply(command.reply, answer{std::move(text)});
  // Data are only there for objects that Redis knows.
  auto answering = later(
      [this, to = command.reply, text = std::move(text)](const outcome<void>& kept) {
        reply(to, kept ? answer{text} : answer{kept.error()});
      },
      command.reply);
  stage_.store().when_safe(
      written(), [this, self = own_handle(), backend, object, put = std::move(answering),
                  type = std::move(command.proposed.inline_type),
                  bytes = std::move(command.proposed.inline_bytes)]() mutable {
        backend->put(stage_.on, object, std::move(type), std::move(bytes), std::move(put));
      });
}

void object_shell::finish(finish_object& command) {
  auto row = decide_finish(state_, command, stage_.on.now());
  if (!row)
    return refuse(command.reply, std::move(row).error());
  if (known_object_of(state_, command.name)->finished)
    return reply(command.reply, answer{"{}"});
  auto* backend = backend_of(row->backend_id, command.reply);
  if (backend == nullptr)
    return;
  if (const auto [at, first] = finishing_.try_emplace(command.name); !first)
    return at->second.push_back(std::move(command));
  backend->finish(stage_.on, {command.name, row->upload_id}, row->hashes,
                  later([this, command](const outcome<void>& kept) { finished(command, kept); },
                        command.reply));
}

void object_shell::finished(const finish_object& command, const outcome<void>& kept) {
  auto others = std::move(finishing_.extract(command.name).mapped());
  // It may have changed meanwhile.
  auto row =
      kept ? decide_finish(state_, command, stage_.on.now()) : outcome<object_row>{kept.error()};
  if (row) {
    write(command.name, std::move(*row));
    reply(command.reply, answer{"{}"});
  } else {
    refuse(command.reply, std::move(row).error());
  }
  for (auto& other : others)
    tell_self_later(std::move(other));
}

void object_shell::find(find_object& command) {
  const auto now = stage_.on.now();
  auto row = decide_find(state_, command.name, now);
  if (!row)
    return refuse(command.reply, std::move(row).error());
  const auto until = now + get_url_lasts;
  std::string url;
  const bool may_be_cached =
      command.as == object_reading::simple || command.as == object_reading::redirect;
  if (may_be_cached && stage_.parts.objects != nullptr)
    url = stage_.parts.objects->cached_url(command.name).value_or("");
  if (url.empty() && command.as != object_reading::metadata &&
      command.as != object_reading::unknown_method) {
    const auto* backend = backend_of(row->backend_id, command.reply);
    if (backend == nullptr)
      return;
    url = backend->get_url({command.name, row->upload_id}, now, until);
  }
  auto form = [as = command.as, row = *row](const std::string& at, timestamp good_until) {
    return object_answer(as, {row.project_id, row.expires, row.hashes}, at, good_until);
  };
  if (url.empty() || command.site.empty() || stage_.parts.copies == nullptr)
    return reply(command.reply, form(url, until));
  find_by_copy(command, *row, {command.site, {}, url, until, std::move(form), command.reply});
}

// The keeper of copies says where the caller is sent to.
void object_shell::find_by_copy(const find_object& command, const object_row& row, find_copy wish) {
  const auto* backend = backend_of(row.backend_id, command.reply);
  if (backend == nullptr)
    return;
  const auto now = stage_.on.now();
  wish.blob.name = command.name;
  wish.blob.source = backend->source_of({command.name, row.upload_id}, now, now + get_url_lasts);
  wish.blob.expires = row.expires;
  wish.blob.sha256 = hash_by(row.hashes, "sha256");
  // Nobody is told of anything that a crash could still undo.
  stage_.store().when_safe(written(),
                           [this, self = own_handle(), wish = std::move(wish)]() mutable {
                             stage_.board.tell(stage_.on, std::move(wish));
                           });
}

// -- time -----------------------------------------------------------------------------------------

std::optional<timestamp> object_shell::next_due() const {
  const auto end = next_end(state_);
  if (!end || leaving_ >= most_removed)
    return std::nullopt;
  return *end + stage_.parts.expiration_delay + std::chrono::milliseconds{1};
}

void object_shell::remove_ended(objects_timer_fired&) {
  remove(take_ended(state_, stage_.on.now() - stage_.parts.expiration_delay, most_removed), {});
}

void object_shell::expire(expire_now& command) {
  auto of = std::make_shared<round>();
  of->reply = command.reply;
  const auto names = take_ended(state_, command.as_of, state_.by_end.size());
  if (names.empty())
    return reply(command.reply, answer{R"({"removed":0})"});
  of->open = names.size();
  remove(names, of);
}

void object_shell::remove(const std::vector<std::string>& names, const std::shared_ptr<round>& of) {
  leaving_ += names.size();
  for (const auto& name : names) {
    const auto* row = known_object_of(state_, name);
    auto* backend = row == nullptr || stage_.parts.objects == nullptr
                        ? nullptr
                        : stage_.parts.objects->find(row->backend_id);
    if (backend != nullptr) {
      backend->remove(
          stage_.on, {name, row->upload_id},
          later([this, name, of](const outcome<void>& gone) { removed(name, gone, of); },
                of ? of->reply : reply_handle{}));
      continue;
    }
    log_message(severity::error,
                "the data of object '" + name +
                    "' stay where they are: their backend is no longer configured");
    removed(name, boost::system::in_place_value, of);
  }
}

void object_shell::removed(const std::string& name, const outcome<void>& gone,
                           const std::shared_ptr<round>& of) {
  --leaving_;
  if (gone) {
    commit([&](resp_writer& to) { to.command("HDEL", rows_key, name); });
    apply_removal(state_, name);
    if (stage_.parts.copies != nullptr)
      stage_.board.tell(stage_.on, forget_copies{name});
  } else {
    try_again(state_, name, stage_.on.now() + tried_again_after - stage_.parts.expiration_delay);
  }
  if (!of)
    return;
  of->removed += gone ? 1 : 0;
  if (--of->open == 0)
    reply(of->reply, answer{"{\"removed\":" + std::to_string(of->removed) + "}"});
}

}  // namespace troupe
