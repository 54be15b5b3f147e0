#include "tests/bench/clock.hpp"
#include "tests/bench/json_walker.hpp"
#include "tests/bench/mode.hpp"
#include "tests/bench/text.hpp"

#include <ctime>
#include <string>
#include <utility>

namespace troupe_load {

namespace {

/// One kind of operation, as fast as answers come, or (--rate) when each is due.
class paced_mode : public mode {
 public:
  using mode::mode;

  bool dispatch(connection& on) final {
    if (load_.now.started >= load_.now.target)
      return false;
    std::int64_t due = 0;
    if (load_.given.rate > 0) {
      due = next_due();
      if (due > now_ns())
        return false;
    }
    begin(on, due);
    return true;
  }

  std::int64_t before_wait(bool some_idle) final {
    if (load_.given.rate <= 0 || load_.now.started >= load_.now.target || !some_idle)
      return mode::before_wait(some_idle);
    load_.kick();
    return next_due() - now_ns();
  }

 protected:
  virtual void begin(connection& on, std::int64_t due_ns) = 0;

 private:
  std::int64_t next_due() const {
    return load_.now.began_ns + static_cast<std::int64_t>(static_cast<double>(load_.now.started) *
                                                          1e9 / load_.given.rate);
  }
};

class create_mode final : public paced_mode {
 public:
  using paced_mode::paced_mode;

  void on_created(connection& of, std::int64_t at_ns) override {
    ++load_.now.finished;
    mode::on_created(of, at_ns);
  }

  void on_create_failed() override { ++load_.now.finished; }

 private:
  void begin(connection& on, std::int64_t due_ns) override { load_.start_create(on, due_ns); }
};

class status_mode final : public paced_mode {
 public:
  using paced_mode::paced_mode;

  void prepare() override {
    mode::prepare();
    const auto rate = std::exchange(load_.given.rate, 0);
    create_mode creating{load_};
    load_.run_stage(creating, load_.given.prefill);
    load_.given.rate = rate;
    if (load_.known.empty())
      die("status mode: no task could be created: " + load_.seen.first_error);
  }

 private:
  void begin(connection& on, std::int64_t due_ns) override {
    on.now.task_id = load_.known[static_cast<std::size_t>(load_.now.started) % load_.known.size()];
    ++load_.now.started;
    load_.start(on, operation::status, due_ns);
  }
};

class raw_mode final : public paced_mode {
 public:
  using paced_mode::paced_mode;

 private:
  void begin(connection& on, std::int64_t due_ns) override {
    ++load_.now.started;
    load_.start(on, operation::raw, due_ns);
  }
};

/// Turns the pages of one task group, and begins again after the last.
class list_mode final : public paced_mode {
 public:
  using paced_mode::paced_mode;

  // A page is known only when the one before has come.
  void prepare() override {
    load_.make_connections(1);
    turn({});
  }

  void on_page(std::string_view body) override {
    std::string token;
    json_walker json{body};
    json.object([&](std::string_view key) {
      if (key == "continuationToken")
        token = json.text();
      else
        json.skip();
    });
    turn(token);
  }

 private:
  void turn(std::string_view token) {
    load_.list_query = "?limit=" + std::to_string(load_.given.page_size);
    if (!token.empty())
      load_.list_query += "&continuationToken=" + url_encode(token);
  }

  void begin(connection& on, std::int64_t due_ns) override {
    ++load_.now.started;
    load_.start(on, operation::list, due_ns);
  }
};

class get_mode final : public paced_mode {
 public:
  using paced_mode::paced_mode;

 private:
  void begin(connection& on, std::int64_t due_ns) override {
    on.now.verb = load_.given.body.empty() ? "GET" : "POST";
    on.now.path = load_.given.path;
    on.now.body = load_.given.body;
    ++load_.now.started;
    load_.start(on, operation::call, due_ns);
  }
};

/// Paths of the index as projects use them: a thousand namespaces of the same size.
std::string index_task(std::uint64_t number) {
  return "/api/index/v1/task/bench.project.revision-" + std::to_string(number % 1000) + ".linux-" +
         std::to_string(number / 1000);
}

class index_insert_mode final : public paced_mode {
 public:
  using paced_mode::paced_mode;

 private:
  void begin(connection& on, std::int64_t due_ns) override {
    on.now.verb = "PUT";
    on.now.path = index_task(next_++);
    on.now.body = R"({"taskId":")" + slugid(load_.random) + R"(","rank":0,"data":{},"expires":")" +
                  expires_ + "\"}";
    ++load_.now.started;
    load_.start(on, operation::call, due_ns);
  }

  const std::string expires_ = iso_time(std::time(nullptr) + 30 * 24 * 3600);
  std::uint64_t next_ = 0;
};

class index_find_mode final : public paced_mode {
 public:
  using paced_mode::paced_mode;

 private:
  void begin(connection& on, std::int64_t due_ns) override {
    on.now.verb = "GET";
    on.now.path = index_task(load_.random() % static_cast<std::uint64_t>(load_.given.prefill));
    on.now.body.clear();
    ++load_.now.started;
    load_.start(on, operation::call, due_ns);
  }
};

}  // namespace

std::unique_ptr<mode> make_create_mode(load& of) { return std::make_unique<create_mode>(of); }
std::unique_ptr<mode> make_status_mode(load& of) { return std::make_unique<status_mode>(of); }
std::unique_ptr<mode> make_raw_mode(load& of) { return std::make_unique<raw_mode>(of); }
std::unique_ptr<mode> make_list_mode(load& of) { return std::make_unique<list_mode>(of); }

std::unique_ptr<mode> make_get_mode(load& of) { return std::make_unique<get_mode>(of); }

std::unique_ptr<mode> make_index_insert_mode(load& of) {
  return std::make_unique<index_insert_mode>(of);
}

std::unique_ptr<mode> make_index_find_mode(load& of) {
  return std::make_unique<index_find_mode>(of);
}

}  // namespace troupe_load
