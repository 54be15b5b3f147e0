#include "workers/engines/container/gpu_devices.hpp"

#include "workers/engines/device_shelf.hpp"

#include <glob.h>

namespace troupe {

namespace {

std::vector<std::string> matching(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), GLOB_NOESCAPE, nullptr, &found) == 0)
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return paths;
}

bool is_name_of_cdi(const std::string& text) {
  const auto slash = text.find('/');
  const auto equals = text.find('=');
  return slash != std::string::npos && slash > 0 && equals != std::string::npos &&
         equals > slash + 1 && equals + 1 < text.size();
}

}  // namespace

outcome<std::vector<std::string>> find_gpus(const std::vector<std::string>& named) {
  std::vector<std::string> result;
  for (const auto& each : named) {
    const auto before = result.size();
    if (each.starts_with('/')) {
      for (const auto& path : matching(each))
        if (is_device(path))
          result.push_back(path);
    } else if (is_name_of_cdi(each)) {
      result.push_back(each);
    }
    if (result.size() == before)
      return make_api_error(error_code::input_error,
                            "--container-gpus: '" + each +
                                "' must be the absolute path of a device that is there, in which * "
                                "may stand, or a name of CDI (vendor/class=name)");
  }
  return result;
}

}  // namespace troupe
