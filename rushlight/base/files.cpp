#include "rushlight/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "rushlight/base/error.h"
#include "rushlight/base/os.h"

namespace rushlight {

namespace {

constexpr size_t kMostAtOnce = size_t{1} << 30;  // some systems refuse more in one call

[[noreturn]] void complain(const char* what, const std::string& path, int code = errno) {
  fail(ErrorKind::runtime, "cannot ", what, " ", path, ": ", std::generic_category().message(code));
}

[[noreturn]] void complain_size(const std::string& path, size_t limit) {
  fail(ErrorKind::value, "cannot read ", path, ": it has more than ", limit, " bytes");
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_;
};

// Of a file that can be read.
struct stat status_of(const Descriptor& file, const std::string& path) {
  struct stat status;
  if (!file || fstat(file.number(), &status) != 0) complain("read", path);
  if (S_ISDIR(status.st_mode)) complain("read", path, EISDIR);
  return status;
}

// Reads up to `count` bytes; fewer at the end of the file.
size_t read_some(const Descriptor& file, char* to, size_t count, const std::string& path) {
  size_t done = 0;
  while (done < count) {
    const ssize_t got = read(file.number(), to + done, std::min(count - done, kMostAtOnce));
    if (got == 0) break;
    if (got > 0)
      done += static_cast<size_t>(got);
    else if (errno != EINTR)
      complain("read", path);
  }
  return done;
}

void make_room(std::string& bytes, size_t size, const std::string& path) try {
  bytes.resize(size);
} catch (const std::exception&) {
  fail(ErrorKind::out_of_memory, "cannot read ", path, ": there is no memory for its ", size, " bytes");
}

void write_all(const Descriptor& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t done = write(file.number(), bytes.data(), std::min(bytes.size(), kMostAtOnce));
    if (done >= 0)
      bytes.remove_prefix(static_cast<size_t>(done));
    else if (errno != EINTR)
      complain("write", path);
  }
}

void crash_if_asked(std::string_view step, uint64_t number) {
  const auto asked = environment("RUSHLIGHT_CRASH_AT");
  if (asked && (*asked == step || *asked == join_text(step, ":", number))) _exit(42);
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

constexpr std::string_view kFreshBegin = ".rushlight-", kFreshEnd = ".tmp";

// A file beside the one that it is to become, removed unless it does.
class FreshFile {
 public:
  explicit FreshFile(const std::string& target)
      : target_(target), name_(free_name(target)), file_(open_new(name_, target)) {}
  FreshFile(const FreshFile&) = delete;
  FreshFile& operator=(const FreshFile&) = delete;
  ~FreshFile() {
    if (!name_.empty()) unlink(name_.c_str());
  }
  void write(std::string_view bytes) const { write_all(file_, bytes, target_); }
  void keep_permissions() const {
    struct stat old;
    if (lstat(target_.c_str(), &old) != 0 || !S_ISREG(old.st_mode)) return;
    if (fchmod(file_.number(), old.st_mode & 07777) != 0) complain("set the permissions of", target_);
  }
  void sync() const {
    if (fsync(file_.number()) != 0) complain("write to the disk", target_);
  }
  void take_its_name() {
    if (rename(name_.c_str(), target_.c_str()) != 0) complain("replace", target_);
    name_.clear();
  }

 private:
  // Of no other write of this process; of another process with this id, only if that one crashed.
  static std::string free_name(const std::string& target) {
    static std::atomic<uint64_t> count{0};
    struct stat there;
    std::string name;
    do {
      name = join_text(target.find('/') == std::string::npos ? "" : folder_of(target), kFreshBegin,
                       process_id(), "-", count++, kFreshEnd);
    } while (lstat(name.c_str(), &there) == 0);
    return name;
  }
  static int open_new(const std::string& name, const std::string& target) {
    const int number = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (number < 0) complain("write", target);
    return number;
  }

  const std::string& target_;
  std::string name_;
  Descriptor file_;
};

// The name itself is on the disk only when its folder is. Some file systems cannot be asked, and need not be.
void sync_folder(const std::string& path) {
  const Descriptor folder(open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder && fsync(folder.number()) != 0 && errno != EINVAL && errno != ENOTSUP)
    complain("write to the disk the folder of", path);
}

}  // namespace

std::string read_file(const std::string& path, size_t limit) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const struct stat status = status_of(file, path);
  if (static_cast<uint64_t>(status.st_size) > limit) complain_size(path, limit);
  // A pipe does not say how long it is, and a file may grow: only what follows the last byte is the end.
  std::string bytes;
  size_t done = 0;
  for (size_t room = static_cast<size_t>(status.st_size) + 1;; room *= 2) {
    make_room(bytes, room, path);
    done += read_some(file, bytes.data() + done, room - done, path);
    if (done > limit) complain_size(path, limit);
    if (done < room) break;
  }
  bytes.resize(done);
  return bytes;
}

std::string read_beginning(const std::string& path, size_t most) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const struct stat status = status_of(file, path);
  std::string bytes;
  make_room(bytes, S_ISREG(status.st_mode) ? std::min(most, static_cast<size_t>(status.st_size)) : most,
            path);
  bytes.resize(read_some(file, bytes.data(), bytes.size(), path));
  return bytes;
}

void write_file_atomically(const std::string& path, std::span<const std::string_view> pieces) {
  static std::atomic<uint64_t> count{0};
  const uint64_t number = ++count;
  FreshFile file(path);
  crash_if_asked("opened", number);
  for (std::string_view piece : pieces) file.write(piece);
  file.keep_permissions();
  crash_if_asked("written", number);
  file.sync();
  crash_if_asked("synced", number);
  file.take_its_name();
  crash_if_asked("renamed", number);
  sync_folder(path);
  crash_if_asked("finished", number);
}

void remove_leftovers(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kFreshBegin) && name.ends_with(kFreshEnd)) std::filesystem::remove(entry.path());
  }
}

}  // namespace rushlight
