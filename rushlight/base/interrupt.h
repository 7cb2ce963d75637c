// Ctrl-C as a request: the program ends where it is safe to.
#pragma once

namespace rushlight {

// While one lives, the first SIGINT or SIGTERM is a request to stop, to all that live; a second one ends the
// process at once, with 130.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool requested() const noexcept;
};

}  // namespace rushlight
