#include "rushlight/base/terminal.h"

#include <doctest/doctest.h>

#include "tests/base/pseudo_terminal.h"

using namespace rushlight;

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

TEST_CASE("characters of East Asia take two columns, accents of their own none") {
  CHECK(display_width("größer") == 6);
  CHECK(display_width("日本語") == 6);
  CHECK(display_width("한국, カナ, Ａ") == 14);
  CHECK(display_width("\U0001f408") == 2);
  CHECK(display_width("gro\u0308ßer") == 6);
  CHECK(display_width("a\xff\xe6\x97") == 4);  // what is no UTF-8: a column for each byte
  CHECK(cut_to_columns("日本語", 3) == "日");
  CHECK(cut_to_columns("o\u0308o", 1) == "o\u0308");
  CHECK(cut_to_columns("abc", -1) == "");
  CHECK(fit_to_columns("日本語", 5) == "日本…");
  CHECK(fit_to_columns("日本語", 4) == "日…");
  CHECK(align_right("日本", 6) == "  日本");
  CHECK(align_left("größer", 7) == "größer ");
  CHECK(align_left("größer", 3) == "größer");
}
