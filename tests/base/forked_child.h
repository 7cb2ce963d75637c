// Code that runs in a forked child.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

// Whether `work` returns true in a forked child, which has a minute for it.
template <class Work>
bool succeeds_in_child(Work work) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(work() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status == 0;
}
