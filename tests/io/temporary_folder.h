// A folder of its own for a test, gone with all that is in it at the end.
#pragma once

#include <filesystem>
#include <string>

#include "rushlight/base/error.h"

namespace rushlight {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "rushlight-XXXXXX").string();
    if (!mkdtemp(name.data())) fail(ErrorKind::runtime, "there is no folder to test in: ", name);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string operator/(const std::string& name) const { return path_ / name; }
  int count_files() const {
    return static_cast<int>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

}  // namespace rushlight
