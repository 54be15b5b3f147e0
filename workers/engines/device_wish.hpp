#pragma once

namespace troupe {

/// Loopback devices: those that a task wants for itself (workers contract 3.1.3, 3.2), or a worker
/// has.
struct device_wish {
  bool video = false;  ///< one that stands for a camera
  bool audio = false;  ///< one that stands for a sound card

  bool any() const { return video || audio; }
};

}  // namespace troupe
