#include "workers/engines/container/container_payload.hpp"

namespace troupe {

std::string_view container_payload_schema() {
  static constexpr std::string_view text = R"json({
  "$schema": "http://json-schema.org/draft-06/schema#",
  "title": "Payload of containers on Troupe's own worker",
  "type": "object",
  "additionalProperties": false,
  "required": ["image", "maxRunTime"],
  "properties": {
    "image": {
      "oneOf": [
        {"type": "string", "minLength": 1},
        {
          "type": "object", "additionalProperties": false, "required": ["type", "name"],
          "properties": {
            "type": {"type": "string", "enum": ["docker-image"]},
            "name": {"type": "string", "minLength": 1}
          }
        },
        {
          "type": "object", "additionalProperties": false, "required": ["type", "namespace", "path"],
          "properties": {
            "type": {"type": "string", "enum": ["indexed-image"]},
            "namespace": {"type": "string", "minLength": 1},
            "path": {"type": "string", "minLength": 1}
          }
        },
        {
          "type": "object", "additionalProperties": false, "required": ["type", "taskId", "path"],
          "properties": {
            "type": {"type": "string", "enum": ["task-image"]},
            "taskId": {"type": "string", "minLength": 1},
            "path": {"type": "string", "minLength": 1}
          }
        }
      ]
    },
    "command": {"type": "array", "items": {"type": "string"}},
    "env": {"type": "object", "additionalProperties": {"type": "string"}},
    "encryptedEnv": {"type": "array", "maxItems": 0},
    "maxRunTime": {"type": "integer", "minimum": 1},
    "onExitStatus": {
      "type": "object", "additionalProperties": false,
      "properties": {
        "retry": {"type": "array", "items": {"type": "integer", "minimum": 1}},
        "purgeCaches": {"type": "array", "items": {"type": "integer", "minimum": 0}}
      }
    },
    "supersederUrl": {"type": "string", "pattern": "^https?://"},
    "cache": {"type": "object", "additionalProperties": {"type": "string", "pattern": "^/[^:]+$"}},
    "artifacts": {
      "type": "object",
      "additionalProperties": {
        "type": "object", "additionalProperties": false, "required": ["type", "path"],
        "properties": {
          "type": {"type": "string", "enum": ["file", "directory", "volume"]},
          "path": {"type": "string", "minLength": 1},
          "expires": {"type": "string", "format": "date-time"}
        }
      }
    },
    "capabilities": {
      "type": "object", "additionalProperties": false,
      "properties": {
        "privileged": {"type": "boolean"},
        "disableSeccomp": {"type": "boolean"},
        "devices": {
          "type": "object", "additionalProperties": false,
          "properties": {
            "hostSharedMemory": {"type": "boolean"},
            "kvm": {"type": "boolean"},
            "loopbackAudio": {"type": "boolean"},
            "loopbackVideo": {"type": "boolean"}
          }
        }
      }
    },
    "features": {
      "type": "object", "additionalProperties": false,
      "properties": {
        "allowPtrace": {"type": "boolean"},
        "artifacts": {"type": "boolean"},
        "balrogStageVPNProxy": {"type": "boolean", "enum": [false]},
        "balrogVPNProxy": {"type": "boolean", "enum": [false]},
        "bulkLog": {"type": "boolean"},
        "chainOfTrust": {"type": "boolean"},
        "dind": {"type": "boolean"},
        "dockerSave": {"type": "boolean"},
        "interactive": {"type": "boolean"},
        "localLiveLog": {"type": "boolean"},
        "relengAPIProxy": {"type": "boolean", "enum": [false]},
        "taskclusterProxy": {"type": "boolean"},
        "testdroidProxy": {"type": "boolean", "enum": [false]}
      }
    },
    "log": {"type": "string"}
  }
})json";
  return text;
}

}  // namespace troupe
