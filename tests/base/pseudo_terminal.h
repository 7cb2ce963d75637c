// A terminal of our own, the program's end of it, and its environment variables.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
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
    const winsize size{.ws_row = 40, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    REQUIRE(ioctl(fileno(program.get()), TIOCSWINSZ, &size) == 0);
  }
  // What the program wrote since the last call; the terminal turns \n into \r\n.
  std::string read_screen() {
    char bytes[4096];
    const ssize_t count = ::read(fileno(owner.get()), bytes, sizeof bytes);
    return std::string(bytes, count > 0 ? count : 0);
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
