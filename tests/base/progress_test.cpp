#include "rushlight/base/progress.h"

#include <doctest/doctest.h>

#include <memory>

#include "tests/base/pseudo_terminal.h"

using namespace rushlight;

namespace {

const Terminal kWide{.interactive = true, .colour = false, .columns = 100, .rows = 24};

ProgressState half_way() {
  return {.label = "training", .done = 50, .total = 100, .seconds = 2, .postfix = "loss 0.31"};
}

std::string bar_at(const ProgressState& state, int columns) {
  return progress_bar(state, {.interactive = true, .colour = false, .columns = columns, .rows = 24});
}

std::string contents(std::FILE* file) {
  std::string text(1 << 16, '\0');
  std::rewind(file);
  text.resize(std::fread(text.data(), 1, text.size(), file));
  return text;
}

}  // namespace

TEST_CASE("the bar: fraction, count, rate, time left, postfix") {
  CHECK(progress_bar(half_way(), kWide) ==
        "training  ━━━━━━━━━━━━━━━───────────────   50%  50/100  25.0/s  0:02 left  loss 0.31");
}

TEST_CASE("the bar has half steps, is empty at the start and full at the end") {
  ProgressState state{.label = "x", .done = 0, .total = 60, .seconds = 0, .postfix = ""};
  CHECK(progress_bar(state, kWide) == "x  ──────────────────────────────    0%  0/60  0.00/s  0:00");
  state.done = 1;
  state.seconds = 1;
  CHECK(progress_bar(state, kWide) == "x  ╸─────────────────────────────    1%  1/60  1.00/s  0:59 left");
  state.done = 60;
  state.seconds = 4000;
  CHECK(progress_bar(state, kWide) == "x  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  100%  60/60  0.01/s  in 1:06:40");
}

TEST_CASE("what an earlier run has done counts, but not as work of this one") {
  const ProgressState state{
      .label = "x", .done = 75, .total = 100, .before = 50, .seconds = 5, .postfix = ""};
  CHECK(progress_text(state) == "x: 75/100 (75%), 5.00/s, 0:05 left");
}

TEST_CASE("99.9 % is not 100 %") {
  const ProgressState state{.label = "x", .done = 999, .total = 1000, .seconds = 1, .postfix = ""};
  CHECK(progress_text(state) == "x: 999/1000 (99%), 999/s, 0:00 left");
}

TEST_CASE("the bar never leaves the terminal: it shrinks, goes, and is cut") {
  for (int columns = 1; columns < 100; ++columns)
    CHECK(display_width(bar_at(half_way(), columns)) <= columns);
  CHECK(bar_at(half_way(), 63) == "training  ━━━━╸────   50%  50/100  25.0/s  0:02 left  loss 0.31");
  CHECK(bar_at(half_way(), 20) == "training   50%  50/…");
}

TEST_CASE("colour changes nothing but colour") {
  Terminal coloured = kWide;
  coloured.colour = true;
  std::string text = progress_bar(half_way(), coloured);
  CHECK(text != progress_bar(half_way(), kWide));
  for (size_t at; (at = text.find('\x1b')) != std::string::npos;) text.erase(at, text.find('m', at) + 1 - at);
  CHECK(text == progress_bar(half_way(), kWide));
}

TEST_CASE("without a known end there is no bar") {
  const ProgressState state{.label = "reading", .done = 1234, .total = 0, .seconds = 4, .postfix = ""};
  CHECK(progress_bar(state, kWide) == "reading  1234  308/s  0:04");
  CHECK(progress_text(state) == "reading: 1234, 308/s, 0:04");
}

TEST_CASE("a file gets plain lines, and no more than one for a short job") {
  const File file(std::tmpfile(), std::fclose);
  {
    Progress progress("training", 1000, file.get());
    for (int i = 0; i < 1000; ++i) {
      progress.set_postfix("loss 0.5");
      CHECK_FALSE(progress.has_room_above(1));
      progress.advance();
    }
    progress.finish();
  }
  const std::string text = contents(file.get());
  CHECK(text.starts_with("training: 1000/1000 (100%), "));
  CHECK(text.ends_with(", loss 0.5\n"));
  CHECK(text.find('\n') == text.size() - 1);
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("in a terminal the bar and what is above it are redrawn in place") {
  PseudoTerminal terminal(60);
  const Variable term("TERM", "xterm"), no_color("NO_COLOR", "1");
  Progress progress("x", 4, terminal.program.get());
  CHECK(progress.has_room_above(39));
  CHECK_FALSE(progress.has_room_above(40));
  progress.advance();
  CHECK(terminal.read_screen() == "");  // too early
  usleep(110'000);
  CHECK(progress.is_due());
  progress.show_above("one\ntwo\n");
  progress.advance();
  CHECK_FALSE(progress.is_due());
  std::string screen = terminal.read_screen();
  CHECK(screen.starts_with("\r\x1b[Jone\r\ntwo\r\nx  ━"));
  CHECK(screen.find("2/4") != std::string::npos);
  progress.advance(2);
  progress.finish();
  screen = terminal.read_screen();
  CHECK(screen.starts_with("\r\x1b[2A\x1b[Jone\r\ntwo\r\nx  ━"));
  CHECK(screen.find("4/4") != std::string::npos);
  CHECK(screen.ends_with("\r\n"));
}
