#pragma once

#include "messages/api_error.hpp"
#include "workers/engines/device_wish.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

class run_desk;

/// The loopback devices that a worker lends to its tasks, each to one at a time. From any thread.
class device_shelf {
  struct shelf;

 public:
  /// Devices that a run has until the object goes.
  class loan {
   public:
    loan() = default;
    explicit loan(std::shared_ptr<shelf> from) : from_(std::move(from)) {}
    ~loan();
    loan(loan&& other) noexcept { *this = std::move(other); }
    loan& operator=(loan&& other) noexcept;

    const std::string& video() const { return video_; }               ///< empty: none
    const std::vector<std::string>& audio() const { return audio_; }  ///< the files of one device

    /// All files of the devices.
    std::vector<std::string> paths() const;

   private:
    friend class device_shelf;
    std::shared_ptr<shelf> from_;
    std::string video_;
    std::vector<std::string> audio_;
  };

  device_shelf();

  /// Each of `video` is the file of a device, each of `audio` the files of one, by commas; a
  /// directory stands for those in it. The error says which of them is none.
  static outcome<std::shared_ptr<device_shelf>> open(const std::vector<std::string>& video,
                                                     const std::vector<std::string>& audio);

  /// Which kinds there are at all.
  device_wish kinds() const;

  /// Waits until all that is wanted is free at once. Nothing when the run is interrupted.
  std::optional<loan> lend(const device_wish& wish, run_desk& desk) const;

 private:
  std::optional<loan> take(const device_wish& wish) const;

  std::shared_ptr<shelf> shelf_;
};

/// Whether it is the file of a device, or a directory of such files.
bool is_device(const std::string& path);

}  // namespace troupe
