#include "tests/unit/actors/task_queue/some_queue.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

unsigned number_of(const task_id& id) {
  return static_cast<unsigned>(std::stoul(id.str().substr(11, 10)));
}

reply_handle reply_of(unsigned call) { return reply_handle{0, 0, call, 1}; }

std::string name_of(const task_id& task, run_id run) {
  return std::to_string(number_of(task)) + "/" + std::to_string(run);
}

}  // namespace

task_id task_number(unsigned number) {
  auto digits = std::to_string(number);
  digits.insert(0, 10 - digits.size(), '0');
  return *task_id::parse("AAAAAAAAQAC" + digits + "A");
}

words some_queue::enqueue(unsigned task, task_priority priority, run_id run) {
  const enqueue_run command{state.id, task_number(task), run, priority, ++next_us, deadline};
  enqueued.push_back(command);
  return tell(on_enqueue(state, command, now));
}

void some_queue::dequeue(unsigned task, run_id run) {
  for (const auto& known : enqueued)
    if (known.task == task_number(task) && known.run == run)
      on_dequeue(state, dequeue_run{state.id, known.task, run, known.priority, known.enqueued_us});
}

words some_queue::reprioritise(unsigned task, task_priority to, run_id run) {
  for (auto& known : enqueued)
    if (known.task == task_number(task) && known.run == run) {
      const auto from = std::exchange(known.priority, to);
      return tell(on_reprioritise(
          state,
          reprioritise_run{state.id, known.task, run, from, to, known.enqueued_us, known.deadline},
          now));
    }
  return {};
}

void some_queue::take(unsigned task, unsigned worker, run_id run) {
  dequeue(task, run);
  on_resume_claim(state,
                  resume_claim{state.id, task_number(task), run, {"g", std::to_string(worker)}});
}

bool some_queue::admits(unsigned worker) const {
  const admit_claim command{
      state.id, task_number(1), 0, {"g", std::to_string(worker)}, reply_of(1)};
  const auto answer = on_admit(state, command, now);
  CHECK(answer.task == command.task);
  CHECK(answer.worker == command.worker);
  CHECK(answer.reply == command.reply);
  return !answer.barred;
}

void some_queue::release(unsigned task, run_id run) {
  on_release(state, release_run{state.id, task_number(task), run});
}

words some_queue::claim_work(unsigned call, std::uint32_t count) {
  return claim_work(call, count, call);
}

words some_queue::claim_work(unsigned call, std::uint32_t count, unsigned worker) {
  const troupe::claim_work command{state.id, {"g", std::to_string(worker)}, count, reply_of(call)};
  return tell(on_claim_work(state, command, now, now + wait));
}

words some_queue::withdraw(unsigned call) {
  return tell(on_withdraw(state, withdraw_claim{state.id, reply_of(call)}));
}

words some_queue::hurry(unsigned call) {
  return tell(on_withdraw(state, withdraw_claim{state.id, reply_of(call), true}));
}

words some_queue::accept(unsigned task) { return answer_claim(task, true); }

words some_queue::refuse(unsigned task) { return answer_claim(task, false); }

words some_queue::answer_claim(unsigned task, bool accepts) {
  const auto found = std::find_if(asked.begin(), asked.end(), [task](const claim_run& claim) {
    return claim.task == task_number(task);
  });
  REQUIRE(found != asked.end());
  const auto claim = *found;
  asked.erase(found);
  claim_answered result{state.id, claim.task, claim.run, claim.collector, claim.position, {}};
  if (accepts)
    result.claim_json = "\"" + name_of(claim.task, claim.run) + "\"";
  return tell(on_claim_answered(state, std::move(result), now));
}

words some_queue::timer() { return tell(on_timer(state, now)); }

words some_queue::quarantine(unsigned worker, timestamp until) {
  return tell(
      on_quarantine(state, set_quarantine{state.id, {"g", std::to_string(worker)}, until}, now));
}

std::pair<unsigned, unsigned> some_queue::counts() {
  // The claims of these tests have no age.
  const auto counted = count_runs_of(state, now, std::chrono::hours{24 * 365 * 1000});
  const auto text = json::parse(counts_text(state.id, counted));
  CHECK(text.at("taskQueueId") == "proj/ci");
  CHECK(text.at("provisionerId") == "proj");
  CHECK(text.at("workerType") == "ci");
  return {text.at("pendingTasks").to_number<unsigned>(),
          text.at("claimedTasks").to_number<unsigned>()};
}

words some_queue::tell(task_queue_decision&& decision) {
  words result;
  for (const auto& claim : decision.claims) {
    asked.push_back(claim);
    result.push_back("claim " + name_of(claim.task, claim.run) + " for w" + claim.worker.id);
  }
  for (const auto& back : decision.returned)
    result.push_back("return " + name_of(back.task, back.run));
  for (const auto& [reply, answer] : decision.answers) {
    std::string word = "answer w" + std::to_string(reply.slot) + ":";
    const auto body = json::parse(answer.body);
    const auto& claims = body.at("tasks").as_array();
    REQUIRE(claims.size() == answer.handed_out.size());
    for (std::size_t i = 0; i < claims.size(); ++i) {
      const auto& run = answer.handed_out[i];
      CHECK(claims[i].as_string() == name_of(run.task, run.run));
      word += " " + name_of(run.task, run.run);
    }
    result.push_back(claims.empty() ? word + " nothing" : word);
  }
  return result;
}

}  // namespace troupe
