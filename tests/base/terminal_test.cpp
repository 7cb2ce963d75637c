#include "rushlight/base/terminal.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <memory>

using namespace rushlight;

namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

// The program's end of a terminal of our own, `columns` wide.
struct PseudoTerminal {
  explicit PseudoTerminal(unsigned short columns) {
    REQUIRE(grantpt(fileno(owner.get())) == 0);
    REQUIRE(unlockpt(fileno(owner.get())) == 0);
    program = File(std::fopen(ptsname(fileno(owner.get())), "w"), std::fclose);
    const winsize size{.ws_row = 40, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    REQUIRE(ioctl(fileno(program.get()), TIOCSWINSZ, &size) == 0);
  }
  File owner{fdopen(posix_openpt(O_RDWR | O_NOCTTY), "r+"), std::fclose};
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

}  // namespace

TEST_CASE("a file is no terminal") {
  const File file(std::tmpfile(), std::fclose);
  const Terminal terminal = inspect_terminal(file.get());
  CHECK_FALSE(terminal.interactive);
  CHECK_FALSE(terminal.colour);
  CHECK(terminal.columns == 80);
}

TEST_CASE("a terminal has a size and colours, unless NO_COLOR or a dumb terminal say otherwise") {
  const PseudoTerminal pty(133);
  const Variable term("TERM", "xterm");
  const Variable unset("NO_COLOR", "");
  Terminal terminal = inspect_terminal(pty.program.get());
  CHECK(terminal.interactive);
  CHECK(terminal.colour);
  CHECK(terminal.columns == 133);
  CHECK(terminal.rows == 40);
  {
    const Variable no_color("NO_COLOR", "1");
    terminal = inspect_terminal(pty.program.get());
    CHECK(terminal.interactive);
    CHECK_FALSE(terminal.colour);
  }
  const Variable dumb("TERM", "dumb");
  CHECK_FALSE(inspect_terminal(pty.program.get()).interactive);
}

TEST_CASE("text is cut by characters, not by bytes") {
  CHECK(display_width("naïve ━━") == 8);
  CHECK(fit_to_columns("abc", 3) == "abc");
  CHECK(fit_to_columns("abcd", 3) == "ab…");
  CHECK(fit_to_columns("━━━━", 3) == "━━…");
  CHECK(fit_to_columns("abcd", 1) == "…");
  CHECK(fit_to_columns("abcd", 0) == "");
}
