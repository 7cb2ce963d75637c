#include "rushlight/cli/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "rushlight/base/error.h"

namespace rushlight::cli {

namespace fs = std::filesystem;

std::string fresh_folder(const std::string& runs, std::string_view recipe) try {
  fs::create_directories(runs);
  for (int i = 1;; ++i) {
    std::string folder = join_text(runs, "/", recipe, "-", i);
    if (fs::create_directory(folder)) return folder;
  }
} catch (const fs::filesystem_error& error) {
  fail(ErrorKind::value, "no folder for the run can be made in ", runs, ": ", error.code().message());
}

std::string config_in(const std::string& run) {
  const std::string path = run + "/config.json";
  if (!fs::exists(path))
    fail(ErrorKind::value, run, " is no folder of a run, such as runs/mlp-1: it has no config.json");
  return path;
}

std::string model_file(const std::string& file_or_run) {
  if (!fs::is_directory(file_or_run)) return file_or_run;
  const std::string model = model_in(file_or_run);
  if (fs::exists(model)) return model;
  (void)config_in(file_or_run);
  fail(ErrorKind::value, file_or_run,
       " has no model.safetensors: its training has not ended; `rushlight train --resume ", file_or_run,
       "` goes on");
}

RunLock::RunLock(const std::string& run) : folder_(open(run.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (folder_ < 0) fail(ErrorKind::value, run, " cannot be opened: ", std::strerror(errno));
  if (flock(folder_, LOCK_EX | LOCK_NB) == 0) return;
  close(folder_);
  fail(ErrorKind::value, run, " is being trained by another process");
}
RunLock::~RunLock() { close(folder_); }

}  // namespace rushlight::cli
