#pragma once

#include "tests/bench/load.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace troupe_load {

/// What a run of the generator consists of.
class mode {
 public:
  explicit mode(load& of) : load_(of) {}
  virtual ~mode() = default;

  /// Opens the connections and whatever comes before measuring.
  virtual void prepare() { load_.make_connections(load_.given.concurrency); }

  /// Starts the next operation of a free connection; false when there is none at present.
  virtual bool dispatch(connection& on) = 0;

  /// Whether a connection without work says that the others have none, too.
  virtual bool all_alike() const { return true; }

  virtual bool done() const { return load_.now.finished >= load_.now.target; }

  /// Called before each wait; the longest that this may last.
  virtual std::int64_t before_wait(bool some_idle);

  virtual void on_created(connection& of, std::int64_t at_ns);
  virtual void on_create_failed() {}
  /// claimWork was answered; the claims in it are told next, one by one.
  virtual void on_claim_answered(int /*asked*/) {}
  virtual void on_claimed(const claim& /*one*/, std::int64_t /*at_ns*/) {}
  virtual void on_page(std::string_view /*body*/) {}

  /// Forgets what belongs to the stage before.
  virtual void forget() {}

 protected:
  load& load_;
};

/// The mode of that name, which must be one of the load generator's.
std::unique_ptr<mode> make_mode(std::string_view name, load& of);

std::unique_ptr<mode> make_create_mode(load& of);
std::unique_ptr<mode> make_status_mode(load& of);
std::unique_ptr<mode> make_raw_mode(load& of);
std::unique_ptr<mode> make_list_mode(load& of);
std::unique_ptr<mode> make_lifecycle_mode(load& of);
std::unique_ptr<mode> make_handoff_mode(load& of);
std::unique_ptr<mode> make_get_mode(load& of);
std::unique_ptr<mode> make_index_insert_mode(load& of);
std::unique_ptr<mode> make_index_find_mode(load& of);

}  // namespace troupe_load
