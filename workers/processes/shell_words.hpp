#pragma once

#include <string>
#include <vector>

namespace troupe {

/// The words as a shell reads them, each as it is.
std::string shell_words(const std::vector<std::string>& words);

}  // namespace troupe
