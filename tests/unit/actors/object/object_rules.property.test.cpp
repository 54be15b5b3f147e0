// Whatever calls come in whatever order, objects are what a plain model says.

#include "actors/object/object_rules.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <boost/json.hpp>

#include <map>

using namespace troupe;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

struct plain_object {
  std::string project, upload;
  timestamp expires, given_up;
  std::map<std::string, std::string> hashes;
  bool finished = false;
  bool over(timestamp now) const { return expires <= now || (!finished && given_up <= now); }
};

struct both {
  object_state state;
  std::map<std::string, plain_object> model;
  timestamp now{1'764'000'000'000};

  std::string some_name() { return *rc::gen::element<std::string>("a", "b", "c/d"); }
  std::string some_upload() { return *rc::gen::element<std::string>("U1", "U2", "U3", "U4"); }
  std::string some_project() { return *rc::gen::element<std::string>("p", "p", "p", "q"); }
  std::map<std::string, std::string> some_hashes() {
    std::map<std::string, std::string> all;
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i)
      all[*rc::gen::element<std::string>("x", "y")] = *rc::gen::element<std::string>("1", "1", "2");
    return all;
  }
  static std::string text(const std::map<std::string, std::string>& hashes) {
    return hashes.empty() ? std::string{} : json::serialize(json::value_from(hashes));
  }
  static bool fit(const plain_object& object, const std::map<std::string, std::string>& given) {
    for (const auto& [algorithm, value] : given) {
      const auto known = object.hashes.find(algorithm);
      if (known == object.hashes.end() ? object.finished : known->second != value)
        return false;
    }
    return true;
  }

  void create() {
    create_object command;
    command.name = some_name();
    command.project_id = some_project();
    command.upload_id = some_upload();
    command.expires =
        timestamp{1'764'000'000'000} + std::chrono::hours{*rc::gen::element(10, 10, 40, 100)};
    const auto hashes = some_hashes();
    command.hashes = text(hashes);
    const auto decided = decide_create(state, command, "local", now);
    const auto there = model.find(command.name);
    bool good = command.expires > now;
    for (const auto& [name, object] : model)
      good = good && (name == command.name || object.upload != command.upload_id);
    if (there != model.end()) {
      const auto& object = there->second;
      good = !object.over(now) && !object.finished && object.upload == command.upload_id &&
             object.project == command.project_id && object.expires == command.expires &&
             fit(object, hashes);
    }
    RC_ASSERT(decided.has_value() == good);
    if (!good)
      return;
    apply_object(state, command.name, *decided);
    auto& object = model[command.name];
    if (there == model.end())
      object = {command.project_id, command.upload_id, command.expires, now + 24h, {}, false};
    object.hashes.insert(hashes.begin(), hashes.end());
  }

  void finish() {
    const auto hashes = some_hashes();
    const finish_object command{some_name(), some_project(), some_upload(), text(hashes), {}};
    const auto decided = decide_finish(state, command, now);
    const auto there = model.find(command.name);
    const bool good = there != model.end() && !there->second.over(now) &&
                      there->second.project == command.project_id &&
                      (there->second.finished || there->second.upload == command.upload_id) &&
                      fit(there->second, hashes);
    RC_ASSERT(decided.has_value() == good);
    if (!good)
      return;
    apply_object(state, command.name, *decided);
    there->second.finished = true;
    there->second.hashes.insert(hashes.begin(), hashes.end());
  }

  void pass_time() {
    now = now + std::chrono::hours{*rc::gen::inRange(1, 15)};
    if (*rc::gen::arbitrary<bool>())
      return;
    for (const auto& name : take_ended(state, now, 2)) {
      RC_ASSERT(model.at(name).over(now));
      apply_removal(state, name);
      model.erase(name);
    }
  }

  void compare() {
    RC_ASSERT(state.rows.size() == model.size());
    RC_ASSERT(state.uploads.size() == model.size());
    RC_ASSERT(state.by_end.size() == model.size());
    for (const auto& [name, object] : model) {
      const auto found = decide_find(state, name, now);
      RC_ASSERT(found.has_value() == (object.finished && !object.over(now)));
      if (found)
        RC_ASSERT(json::value_to<decltype(object.hashes)>(
                      json::parse(found->hashes.empty() ? "{}" : found->hashes)) == object.hashes);
    }
  }
};

}  // namespace

TEST_CASE("section 2 sequences of createUpload and finishUpload obey the contract") {
  rc::check([] {
    both all;
    for (int i = *rc::gen::inRange(1, 60); i > 0; --i) {
      switch (*rc::gen::inRange(0, 7)) {
        case 0:
          all.pass_time();
          break;
        case 1:
        case 2:
          all.finish();
          break;
        default:
          all.create();
      }
      all.compare();
    }
  });
}
