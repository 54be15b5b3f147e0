#pragma once

#include "gateways/rest/api_call.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace troupe {

class auth_snapshot;
class lane;
struct api_lane;
struct api_method;
struct scope_question;

/// The API of a node without HTTP: the same pipeline, authentication and handlers, for doors that
/// bring calls by other means.
class api_door {
 public:
  using done = std::function<void(api_response&&)>;

  /// `lanes` by index.
  explicit api_door(std::vector<api_lane*> lanes) : lanes_(std::move(lanes)) {}

  /// A call under way; dropping it abandons the call: its answer is not wanted any more, and a
  /// waiting claim is withdrawn.
  class ticket {
   public:
    virtual ~ticket() = default;

    /// A waiting claim is answered now, with what it is getting or with no runs; other calls go on.
    virtual void end_wait() = 0;
  };

  /// Makes a call on the lane, which must be the current one. The texts of the request are copied.
  /// `then` is called on the same lane, perhaps before this returns, and may drop the ticket. Calls
  /// are answered within the times of the settings; `then` gives runs that it cannot deliver back
  /// by `give_back`.
  [[nodiscard]] std::shared_ptr<ticket> call(lane& on, const api_request& request, done then);

  /// Checks a call as `call` does and does nothing: answered at once, by 204 or by the error that
  /// the call would get. For methods whose scopes take their values from path and body.
  void rehearse(lane& on, const api_request& request, const done& then);

  /// Asks which scopes a call takes, and whether `by` has them, and does nothing. Calls whose
  /// scopes depend on a task, say, ask that task. `then` as above.
  using answered = std::function<void(scope_question&&)>;
  [[nodiscard]] std::shared_ptr<ticket> ask(lane& on, const api_request& request, const caller& by,
                                            answered then);

  /// The method of this name; null when it is not served.
  const api_method* method(std::string_view service, std::string_view name) const;

  /// Who may do what, as calls on this lane see it now.
  std::shared_ptr<const auth_snapshot> snapshot(lane& on) const;

  /// Answers a call by an error that the door met while it took the call in; logged like a call.
  void refuse(lane& on, const api_request& request, api_error why, const done& then);

  /// Gives back the runs of a response that could not be delivered.
  void give_back(lane& on, api_response& response);

  /// Who makes the request, by its signature; for doors that only need to know that.
  outcome<caller_ptr> authenticate(lane& on, const api_request& request);

 private:
  std::vector<api_lane*> lanes_;
};

}  // namespace troupe
