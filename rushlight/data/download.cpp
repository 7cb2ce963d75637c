#include "rushlight/data/download.h"

#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "rushlight/base/child_process.h"
#include "rushlight/base/error.h"
#include "rushlight/base/progress.h"
#include "rushlight/base/sha256.h"

namespace rushlight::data {

namespace {

namespace fs = std::filesystem;

constexpr int kMostAttempts = 10;
constexpr int kPollMilliseconds = 50;
// Exit codes of curl.
enum : int { kDone = 0, kRefusedByServer = 22, kNoRanges = 33 };

struct Attempt {
  int exit_code;
  std::string complaints;
  // It cannot go on from where a former attempt ended (416: no such range).
  bool wants_start() const {
    return exit_code == kNoRanges ||
           (exit_code == kRefusedByServer && complaints.find(" 416") != complaints.npos);
  }
};

int64_t size_of_file(const fs::path& path) {
  std::error_code missing;
  const auto size = fs::file_size(path, missing);
  return missing ? 0 : static_cast<int64_t>(size);
}

void expect_sensible(const Download& file) {
  if (!file.url.starts_with("http://") && !file.url.starts_with("https://"))
    fail(ErrorKind::value, "[download] \"", file.url, "\" does not begin with http:// or https://");
  if (file.sha256.size() != 64 || file.sha256.find_first_not_of("0123456789abcdef") != std::string::npos)
    fail(ErrorKind::value, "[download] a SHA-256 has 64 digits of 0-9 and a-f, not \"", file.sha256, "\"");
}

std::vector<std::string> curl_command(const Download& file, const std::string& part) {
  const std::string patience = std::to_string(file.patience_seconds);
  return {"curl",          "--disable",   "--silent",          "--show-error",
          "--fail",        "--location",  "--max-redirs",      "10",
          "--proto",       "=http,https", "--connect-timeout", patience,
          "--speed-limit", "1",           "--speed-time",      patience,
          "--continue-at", "-",           "--output",          part,
          "--url",         file.url};
}

// One run of curl, which goes on behind what is there.
Attempt fetch(const Download& file, const std::string& part, Progress& progress) {
  ChildProcess curl(curl_command(file, part));
  int64_t seen = size_of_file(part);
  for (bool ended = false; !ended;) {
    ended = curl.wait(kPollMilliseconds);
    const int64_t size = size_of_file(part);
    progress.advance(size - seen);
    seen = size;
    if (file.bytes > 0 && size > file.bytes) {
      fs::remove(part);
      fail(ErrorKind::value, "[download] ", file.url, " sends more than the ", file.bytes,
           " bytes that it should have");
    }
  }
  return {curl.exit_code(), curl.complaints()};
}

// Tries as long as each attempt brings something.
void fetch_all(const Download& file, const std::string& part) {
  Progress progress(fs::path(file.path).filename().string(), file.bytes);
  progress.resume_at(size_of_file(part));
  for (int attempt = 0;; ++attempt) {
    const int64_t before = size_of_file(part);
    if (file.bytes > 0 && before == file.bytes) return;
    const Attempt result = fetch(file, part, progress);
    if (result.exit_code == kDone) return;
    if (before > 0 && result.wants_start()) {
      fs::remove(part);
      progress.resume_at(0);
    } else if (size_of_file(part) <= before || attempt == kMostAttempts) {
      fail(ErrorKind::runtime, "[download] ", file.url, " could not be had (curl's code ", result.exit_code,
           "): ", result.complaints,
           size_of_file(part) > 0 ? "What came is kept; the next try goes on from there." : "");
    }
  }
}

void expect_checksum(const Download& file, const std::string& part) {
  const std::string found = sha256_of_file(part);
  if (found == file.sha256) return;
  fs::remove(part);  // nothing can be made of it
  fail(ErrorKind::value, "[download] ", file.url, " is not the file that was meant: its SHA-256 is ", found,
       ", not ", file.sha256);
}

}  // namespace

std::string sha256_of_file(const std::string& path) {
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rb"));
  if (!file) fail(ErrorKind::runtime, "[data] ", path, " cannot be opened: ", std::strerror(errno));
  Sha256 sum;
  std::string some(1 << 16, '\0');
  while (!std::feof(file.get()) && !std::ferror(file.get())) {
    const size_t count = std::fread(some.data(), 1, some.size(), file.get());
    sum.add(std::string_view(some).substr(0, count));
  }
  if (std::ferror(file.get()))
    fail(ErrorKind::runtime, "[data] ", path, " cannot be read: ", std::strerror(errno));
  return sum.hex();
}

void download(const Download& file) {
  expect_sensible(file);
  const std::string part = file.path + ".part";
  try {
    if (fs::exists(file.path) && sha256_of_file(file.path) == file.sha256) return;
    if (fs::path(file.path).has_parent_path()) fs::create_directories(fs::path(file.path).parent_path());
    if (file.bytes > 0 && size_of_file(part) > file.bytes) fs::remove(part);
    const bool resumes = size_of_file(part) > 0;
    fetch_all(file, part);
    if (resumes && sha256_of_file(part) != file.sha256) {  // what a former call left may be to blame
      fs::remove(part);
      fetch_all(file, part);
    }
    expect_checksum(file, part);
    fs::rename(part, file.path);
  } catch (const fs::filesystem_error& problem) {
    fail(ErrorKind::runtime, "[download] ", problem.what());
  }
}

}  // namespace rushlight::data
