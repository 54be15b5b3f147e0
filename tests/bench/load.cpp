#include "tests/bench/load.hpp"

#include "tests/bench/clock.hpp"
#include "tests/bench/mode.hpp"
#include "tests/bench/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace troupe_load {

namespace {

std::uint64_t seed_of(const options& given) {
  return given.seed
             ? given.seed
             : static_cast<std::uint64_t>(now_ns()) ^ static_cast<std::uint64_t>(getpid()) << 32;
}

// A queue of its own for each run, so that leftovers of another run do not mix in.
options with_queue(options given, random_source& random) {
  if (!given.queue.empty())
    return given;
  given.queue = "bench/load-";
  for (int i = 0; i < 8; ++i)
    given.queue += static_cast<char>('a' + random() % 26);
  return given;
}

}  // namespace

load::load(options from)
    : random(seed_of(from)),
      given(with_queue(std::move(from), random)),
      server_(read_server_address(given)),
      own_(make_credentials(given.client_id, given.access_token, given.certificate)),
      requests_(server_, given.hash_payload, random),
      body_(given),
      claim_path_(server_.base_path + "/api/queue/v1/claim-work/" + url_encode(given.queue)),
      loop_(server_.socket, *this, seen),
      group_id_(given.group_id.empty() ? slugid(random) : given.group_id) {}

void load::make_connections(int count) {
  connections.clear();
  for (int i = 0; i < count; ++i)
    connections.push_back(std::make_unique<connection>());
}

void load::drop_connections() {
  for (const auto& one : connections) {
    loop_.close(*one);
    one->busy = false;
  }
}

void load::forget() {
  if (given.mode != "status")
    known.clear();
  seen = statistics{};
}

void load::run_stage(mode& how, long count) {
  mode_ = &how;
  now = progress{};
  now.target = count;
  now.began_ns = now_ns();
  to_complete.clear();
  how.forget();
  stopped_ = false;
  const auto deadline_ns = now.began_ns + static_cast<std::int64_t>(given.max_seconds * 1e9);
  idle_.clear();
  for (const auto& one : connections)
    if (!one->busy && !offer(*one))  // handoff: parked calls live on between stages
      idle_.push_back(one.get());
  while (!how.done()) {
    loop_.wait(how.before_wait(!idle_.empty()));
    if (now_ns() > deadline_ns) {
      ++seen.errors["time-limit"];
      break;
    }
  }
  stopped_ = true;
}

bool load::offer(connection& to) { return !stopped_ && mode_->dispatch(to); }

void load::kick() {
  if (!mode_->all_alike()) {
    for (auto* one : std::exchange(idle_, {}))
      if (!offer(*one))
        idle_.push_back(one);
    return;
  }
  while (!idle_.empty()) {
    auto* one = idle_.back();
    idle_.pop_back();
    if (!offer(*one))
      return idle_.push_back(one);
  }
}

connection* load::take_idle(int role) {
  const auto found = std::find_if(idle_.begin(), idle_.end(),
                                  [role](const auto* one) { return one->role == role; });
  if (found == idle_.end())
    return nullptr;
  auto* const result = *found;
  idle_.erase(found);
  return result;
}

// -- requests -------------------------------------------------------------------------------------

void load::start(connection& on, operation what, std::int64_t due_ns) {
  on.now.what = what;
  on.now.attempts = 0;
  on.now.began_ns = due_ns;
  send(on);
}

void load::start_create(connection& on, std::int64_t due_ns) {
  if (given.group_id.empty() && in_group_++ % std::max(1, given.group_size) == 0)
    group_id_ = slugid(random);
  on.now.group_id = group_id_;
  on.now.task_id = slugid(random);
  ++now.started;
  start(on, operation::create, due_ns);
}

void load::start_claim(connection& on, int tasks) {
  on.now.asked = tasks;
  ++seen.claim_calls;
  start(on, operation::claim);
}

bool load::start_complete(connection& on) {
  if (to_complete.empty())
    return false;
  on.now.claimed = std::move(to_complete.front());
  to_complete.pop_front();
  start(on, operation::complete);
  return true;
}

void load::send(connection& on) {
  const auto& at = server_.base_path;
  const auto& about = on.now;
  const auto task_path = [&](const std::string& id) { return at + "/api/queue/v1/task/" + id; };
  switch (about.what) {
    case operation::create:
      requests_.write(on.out, "PUT", task_path(about.task_id), &own_,
                      body_.of_group(about.group_id));
      break;
    case operation::claim: {
      char body[256];
      const int size =
          std::snprintf(body, sizeof body, R"({"tasks":%d,"workerGroup":"%s","workerId":"%s"})",
                        about.asked, given.worker_group.c_str(), given.worker_id.c_str());
      requests_.write(on.out, "POST", claim_path_, &own_,
                      {std::string_view(body, static_cast<std::size_t>(size)), {}, {}});
      break;
    }
    case operation::complete:
      requests_.write(
          on.out, "POST",
          task_path(about.claimed->task_id) + "/runs/" + about.claimed->run_id + "/completed",
          given.own_creds ? &own_ : &about.claimed->by, {"{}", {}, {}});
      break;
    case operation::status:
      requests_.write(on.out, "GET", task_path(about.task_id) + "/status", &own_);
      break;
    case operation::raw:
      requests_.write(on.out, given.method, at + given.path, nullptr,
                      given.method == "GET" ? body_pieces{} : body_.of_group(group_id_));
      break;
    case operation::list:
      requests_.write(on.out, "GET",
                      at + "/api/queue/v1/task-group/" + group_id_ + "/list" + list_query, &own_);
      break;
    case operation::call:
      requests_.write(on.out, about.verb, at + about.path, &own_, {about.body, {}, {}});
      break;
  }
  ++seen.requests;
  if (on.now.began_ns == 0)
    on.now.began_ns = now_ns();
  loop_.send(on);
}

// -- answers --------------------------------------------------------------------------------------

void load::on_broken(connection& of, const char* how) {
  // A keep-alive connection the server closed between requests is normal; anything else is counted.
  if (!of.used || of.in_size > 0)
    ++seen.errors[std::string("connection-") + how];
  ++seen.reconnects;
  if (++of.now.attempts > given.retries)
    die("connection keeps failing: " + std::string(how));
  of.used = false;
  send(of);
}

void load::on_response(connection& of) {
  const auto at_ns = now_ns();
  const auto body = of.response.body(of.received());
  of.busy = false;
  of.used = true;
  if (of.response.close_after())
    loop_.close(of);
  const bool succeeded = of.response.status() >= 200 && of.response.status() < 300;
  if (!succeeded && note_failure(of, body))
    return send(of);
  if (succeeded)
    seen.latency_us[static_cast<std::size_t>(of.now.what)].push_back(
        static_cast<float>(static_cast<double>(at_ns - of.now.began_ns) / 1e3));
  account(of, succeeded, body, at_ns);
  of.now.began_ns = 0;
  if (!offer(of))
    idle_.push_back(&of);
  kick();
}

// True when the request is to be repeated.
bool load::note_failure(connection& of, std::string_view body) {
  const int status = of.response.status();
  ++seen.errors[std::string(name_of(of.now.what)) + "-" + std::to_string(status)];
  seen.keep_first_error(body);
  if (status < 500 || of.now.attempts >= given.retries)
    return false;
  ++of.now.attempts;
  ++seen.retries;
  return true;
}

void load::account(connection& of, bool succeeded, std::string_view body, std::int64_t at_ns) {
  switch (of.now.what) {
    case operation::create:
      return account_create(of, succeeded, at_ns);
    case operation::claim:
      return account_claim(of, succeeded, body, at_ns);
    case operation::list:
      if (succeeded)
        mode_->on_page(body);
      break;
    case operation::complete:
      of.now.claimed.reset();
      break;
    case operation::status:
    case operation::raw:
    case operation::call:
      break;
  }
  ++now.finished;
}

void load::account_create(connection& of, bool succeeded, std::int64_t at_ns) {
  if (succeeded) {
    ++now.created;
    mode_->on_created(of, at_ns);
  } else {
    ++now.create_failed;
    mode_->on_create_failed();
  }
}

void load::account_claim(connection& of, bool succeeded, std::string_view body,
                         std::int64_t at_ns) {
  mode_->on_claim_answered(of.now.asked);
  const long before = now.claimed;
  const auto take = [&](claim_ptr one) {
    mode_->on_claimed(*one, at_ns);
    to_complete.push_back(std::move(one));
    ++now.claimed;
    ++seen.claimed;
  };
  if (succeeded && !read_claims(body, !given.own_creds, take)) {
    ++seen.errors["claim-unparsed"];
    seen.keep_first_error(body);
  }
  if (now.claimed == before)
    ++seen.empty_claims;
  constexpr long most_failures = 50;
  if (!succeeded && seen.errors["claim-" + std::to_string(of.response.status())] > most_failures)
    die("claimWork keeps failing: " + seen.first_error);
}

}  // namespace troupe_load
