#include "rushlight/base/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <mutex>

namespace rushlight {

namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};
std::atomic<int> requests = 0;  // lock-free, as a handler needs it
std::mutex lock;                // of what follows
struct sigaction before[2];
int holders = 0;

void request(int) {
  if (requests.fetch_add(1) == 0) return;
  constexpr char kWords[] = "\n\nstopped\n";  // below a progress bar, which leaves the cursor above itself
  (void)!write(STDERR_FILENO, kWords, sizeof kWords - 1);
  _exit(130);
}

}  // namespace

Interrupt::Interrupt() {
  const std::lock_guard guard(lock);
  if (holders++ > 0) return;
  requests = 0;
  struct sigaction action = {};
  action.sa_handler = request;
  action.sa_flags = SA_RESTART;
  for (int i = 0; i < 2; ++i) sigaction(kSignals[i], &action, &before[i]);
}

Interrupt::~Interrupt() {
  const std::lock_guard guard(lock);
  if (--holders > 0) return;
  for (int i = 0; i < 2; ++i) sigaction(kSignals[i], &before[i], nullptr);
}

bool Interrupt::requested() const noexcept { return requests > 0; }

}  // namespace rushlight
