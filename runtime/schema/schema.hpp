#pragma once

#include <boost/json/value.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe {

/// A JSON schema made ready for quick checks (api-conventions, section 10).
class schema {
 public:
  struct node;

  schema(std::string id, const node& root) : id_(std::move(id)), root_(&root) {}

  /// `schemas/queue/v1/create-task-request`
  const std::string& id() const { return id_; }

  /// Writes the schema's defaults into the value, wherever the parent exists and the member does
  /// not.
  void apply_defaults(boost::json::value& value) const;

  /// Whether the value agrees with the schema; all problems are added in words, when a list is
  /// given.
  bool validate(const boost::json::value& value, std::vector<std::string>* problems) const;

 private:
  std::string id_;
  const node* root_;
};

/// Schemas that refer to each other, compiled once.
class schema_set {
 public:
  /// `documents` by id; throws std::runtime_error when one cannot be compiled.
  explicit schema_set(const boost::json::object& documents);
  ~schema_set();

  /// The schemas that are built into the program.
  static const schema_set& builtin();

  /// Null when there is no schema of that id.
  const schema* find(std::string_view id) const;

  std::size_t size() const { return schemas_.size(); }

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
  std::unordered_map<std::string, schema> schemas_;
};

/// The message of an InputValidationError (api-conventions, section 9).
std::string validation_message(std::string_view root_url, const schema& rejecting,
                               const std::vector<std::string>& problems);

}  // namespace troupe
