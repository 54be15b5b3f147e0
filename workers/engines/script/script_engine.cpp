#include "workers/engines/script/script_engine.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

class script_engine : public engine {
 public:
  explicit script_engine(script_engine_options options)
      : options_(std::move(options)),
        schema_(json::serialize(schema_of_scripts(*options_.config))) {}

  std::string_view name() const override { return "script"; }

  std::string_view schema() const override { return schema_; }

  bool is_meant_by(const json::value& payload) const override { return is_for_scripts(payload); }

  std::unique_ptr<engine_run> open(const run_facts& facts,
                                   std::vector<std::string>& problems) override {
    return std::make_unique<script_run>(options_, facts, problems);
  }

 private:
  const script_engine_options options_;
  const std::string schema_;
};

}  // namespace

std::shared_ptr<engine> make_script_engine(script_engine_options options) {
  return std::make_shared<script_engine>(std::move(options));
}

}  // namespace troupe
