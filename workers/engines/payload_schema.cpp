#include "workers/engines/payload_schema.hpp"

namespace troupe {

std::string_view payload_schema() {
  static constexpr std::string_view text = R"json({
  "$schema": "http://json-schema.org/draft-06/schema#",
  "title": "Payload of Troupe's own worker",
  "type": "object",
  "additionalProperties": false,
  "required": ["command", "maxRunTime"],
  "properties": {
    "command": {
      "type": "array", "minItems": 1,
      "items": {"type": "array", "minItems": 1, "items": {"type": "string"}}
    },
    "maxRunTime": {"type": "integer", "minimum": 1},
    "env": {"type": "object", "additionalProperties": {"type": "string"}},
    "artifacts": {
      "type": "array", "uniqueItems": true,
      "items": {
        "type": "object", "additionalProperties": false, "required": ["type", "path"],
        "properties": {
          "type": {"type": "string", "enum": ["file", "directory"]},
          "path": {"type": "string", "minLength": 1},
          "name": {"type": "string"},
          "expires": {"type": "string", "format": "date-time"},
          "contentType": {"type": "string"},
          "contentEncoding": {"type": "string", "enum": ["gzip", "identity"]},
          "optional": {"type": "boolean"}
        }
      }
    },
    "mounts": {
      "type": "array", "uniqueItems": true,
      "items": {
        "type": "object", "additionalProperties": false,
        "oneOf": [
          {"required": ["file", "content"]},
          {"required": ["directory", "cacheName"]},
          {"required": ["directory", "content", "format"], "not": {"required": ["cacheName"]}}
        ],
        "properties": {
          "file": {"type": "string", "minLength": 1},
          "directory": {"type": "string", "minLength": 1},
          "cacheName": {"type": "string", "minLength": 1},
          "format": {"type": "string", "minLength": 1},
          "content": {
            "type": "object", "additionalProperties": false,
            "oneOf": [
              {"required": ["artifact", "taskId"]},
              {"required": ["artifact", "namespace"]},
              {"required": ["url"]},
              {"required": ["raw"]},
              {"required": ["base64"]}
            ],
            "properties": {
              "artifact": {"type": "string", "minLength": 1},
              "taskId": {"type": "string", "minLength": 1},
              "namespace": {"type": "string", "minLength": 1},
              "url": {"type": "string", "pattern": "^https?://"},
              "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
              "raw": {"type": "string", "maxLength": 65536},
              "base64": {"type": "string", "maxLength": 65536}
            }
          }
        }
      }
    },
    "features": {
      "type": "object", "additionalProperties": false,
      "properties": {
        "backingLog": {"type": "boolean"},
        "chainOfTrust": {"type": "boolean"},
        "interactive": {"type": "boolean"},
        "liveLog": {"type": "boolean"},
        "loopbackAudio": {"type": "boolean"},
        "loopbackVideo": {"type": "boolean"},
        "resourceMonitor": {"type": "boolean"},
        "runTaskAsCurrentUser": {"type": "boolean"},
        "taskclusterProxy": {"type": "boolean"}
      }
    },
    "logs": {
      "type": "object", "additionalProperties": false,
      "properties": {"live": {"type": "string"}, "backing": {"type": "string"}}
    },
    "onExitStatus": {
      "type": "object", "additionalProperties": false,
      "properties": {
        "retry": {"type": "array", "items": {"type": "integer", "minimum": 1}},
        "purgeCaches": {"type": "array", "items": {"type": "integer", "minimum": 0}}
      }
    },
    "osGroups": {"type": "array", "maxItems": 0},
    "supersederUrl": {"type": "string", "pattern": "^https?://"},
    "taskclusterProxyInterface": {"type": "string", "enum": ["localhost"]}
  }
})json";
  return text;
}

}  // namespace troupe
