// A terminal of our own, the program's end of it, and its environment variables.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

struct PseudoTerminal {
  explicit PseudoTerminal(unsigned short columns) {
    REQUIRE(grantpt(fileno(owner.get())) == 0);
    REQUIRE(unlockpt(fileno(owner.get())) == 0);
    program = File(std::fopen(ptsname(fileno(owner.get())), "w"), std::fclose);
    resize(columns);
  }
  void resize(unsigned short columns) const {
    const winsize size{.ws_row = 40, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    REQUIRE(ioctl(fileno(program.get()), TIOCSWINSZ, &size) == 0);
  }
  // What the program wrote since the last call; the terminal turns \n into \r\n. The system passes it on a
  // little later than it was written.
  std::string read_screen() {
    std::string text;
    char bytes[4096];
    pollfd waiting{.fd = fileno(owner.get()), .events = POLLIN, .revents = 0};
    while (poll(&waiting, 1, 100) > 0 && waiting.revents & POLLIN) {
      const ssize_t count = ::read(waiting.fd, bytes, sizeof bytes);
      if (count <= 0) break;
      text.append(bytes, static_cast<size_t>(count));
    }
    return text;
  }
  File owner{fdopen(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), "r+"), std::fclose};
  File program{nullptr, std::fclose};
};

struct Variable {  // sets an environment variable for one scope
  Variable(const char* name, const char* value) : name(name), before(getenv(name) ? getenv(name) : "") {
    setenv(name, value, 1);
  }
  ~Variable() { before.empty() ? unsetenv(name) : setenv(name, before.c_str(), 1); }
  const char* name;
  std::string before;
};
