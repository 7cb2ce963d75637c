// ChildProcess: another program at work, looked up on the PATH.
#pragma once

#include <string>
#include <vector>

namespace rushlight {

// Started by the constructor, which throws where there is no such program or it cannot be started. The
// destructor ends it if it still runs. Its input is empty and its output is dropped.
class ChildProcess {
 public:
  explicit ChildProcess(const std::vector<std::string>& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Whether it has ended, for which it waits at most so long.
  bool wait(int milliseconds);
  // Once it has ended: what it exited with, or 128 + the signal that ended it.
  int exit_code() const { return exit_code_; }
  // What it wrote to stderr so far.
  const std::string& complaints() const { return complaints_; }

 private:
  void read_complaints();
  void ask_for_end(int options);

  int process_ = -1, stderr_ = -1, exit_code_ = -1;
  std::string complaints_;
};

}  // namespace rushlight
