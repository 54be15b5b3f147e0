#pragma once

#include <stdlib.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace troupe {

/// A directory that goes with the test.
class scratch {
 public:
  scratch() {
    char name[] = "/tmp/troupe-files-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  std::string write(const std::string& name, const std::string& bytes) const {
    const auto file = *this / name;
    std::filesystem::create_directories(std::filesystem::path{file}.parent_path());
    std::ofstream{file, std::ios::binary} << bytes;
    return file;
  }

  std::string read(const std::string& name) const {
    std::ifstream file{*this / name, std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  bool has(const std::string& name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(*this / name));
  }

 private:
  std::string path_;
};

}  // namespace troupe
