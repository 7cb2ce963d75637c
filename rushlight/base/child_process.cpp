#include "rushlight/base/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "rushlight/base/clock.h"
#include "rushlight/base/error.h"

extern char** environ;

namespace rushlight {

namespace {

struct FileActions {
  posix_spawn_file_actions_t actions;
  FileActions() { posix_spawn_file_actions_init(&actions); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
};

int spawn(const std::vector<std::string>& command, int error_pipe, pid_t& process) {
  FileActions files;
  posix_spawn_file_actions_addopen(&files.actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files.actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&files.actions, error_pipe, 2);
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  return posix_spawnp(&process, arguments[0], &files.actions, nullptr, arguments.data(), environ);
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    fail(ErrorKind::runtime, "[base] no pipe to ", command[0], ": ", std::strerror(errno));
  const int problem = spawn(command, ends[1], process_);
  close(ends[1]);
  stderr_ = ends[0];
  if (problem == 0) return;
  close(stderr_);
  if (problem == ENOENT)
    fail(ErrorKind::runtime, "[base] the program ", command[0], " is not installed; try: apt install ",
         command[0]);
  fail(ErrorKind::runtime, "[base] ", command[0], " cannot be started: ", std::strerror(problem));
}

ChildProcess::~ChildProcess() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    ask_for_end(0);
  }
  close(stderr_);
}

void ChildProcess::ask_for_end(int options) {
  int status = 0;
  pid_t ended;
  do ended = waitpid(process_, &status, options);
  while (ended < 0 && errno == EINTR);
  if (ended == 0) return;
  process_ = -1;
  if (ended > 0) exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void ChildProcess::read_complaints() {
  char some[4096];
  for (ssize_t count; (count = read(stderr_, some, sizeof some)) > 0;)
    complaints_.append(some, static_cast<size_t>(count));
}

bool ChildProcess::wait(int milliseconds) {
  const int64_t end = monotonic_ns() + int64_t{milliseconds} * 1'000'000;
  for (;;) {
    read_complaints();
    if (process_ > 0) ask_for_end(WNOHANG);
    if (process_ < 0) {
      read_complaints();  // what it wrote last
      return true;
    }
    if (monotonic_ns() >= end) return false;
    poll(nullptr, 0, 5);
  }
}

}  // namespace rushlight
