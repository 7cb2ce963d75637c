#include "rushlight/base/progress.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include "rushlight/base/clock.h"
#include "tests/base/pseudo_terminal.h"
#include "tests/base/screen.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

const Terminal kWide{.interactive = true, .colour = false, .columns = 100, .rows = 24};

ProgressState half_way() {
  return {.label = "training", .done = 50, .total = 100, .seconds = 2, .curve = "", .postfix = {"loss 0.31"}};
}

ProgressState training_of_digits() {
  return {.label = "epoch 2/5",
          .done = 50,
          .total = 100,
          .seconds = 2,
          .curve = "█▅▃▂▂▁▁▁▁▁▁▁▁▁▁▁",
          .postfix = {"loss 0.31", "accuracy 90 %", "lr 0.001"}};
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

int64_t lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

// A bar "x" of four steps that is drawn at each of them, and the screen that it is drawn on.
struct Watched {
  explicit Watched(int columns) : terminal(static_cast<unsigned short>(columns)), screen(columns) {}

  void print(const char* text) const {
    std::fputs(text, terminal.program.get());
    std::fflush(terminal.program.get());
  }
  void resize(int columns) {
    screen.show(terminal.read_screen());
    terminal.resize(static_cast<unsigned short>(columns));
    screen.resize(columns);
  }
  // Without rates, which nobody knows before.
  std::string seen() {
    screen.show(terminal.read_screen());
    std::string text = screen.text();
    for (size_t end; (end = text.find("/s  ")) != std::string::npos;) {
      const size_t begin = text.rfind("  ", end);
      text.erase(begin, end + 2 - begin);
    }
    for (size_t at = 0; (at = text.find("0:0", at)) != std::string::npos; at += 4) text[at + 3] = '0';
    return text;
  }

  Variable term{"TERM", "xterm"}, no_color{"NO_COLOR", "1"};
  PseudoTerminal terminal;
  Screen screen;
  ProgressOutput output{terminal.program.get(), 0};
  Progress progress{"x", 4, output};
};

// As it is seen in a terminal of 80 columns, in the first second.
std::string bar_of_x(int done) {
  const char* const bars[] = {"x  ━━━━━━━╸──────────────────────   25%  1/4  0:00 left",
                              "x  ━━━━━━━━━━━━━━━───────────────   50%  2/4  0:00 left",
                              "x  ━━━━━━━━━━━━━━━━━━━━━━╸───────   75%  3/4  0:00 left",
                              "x  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  100%  4/4  in 0:00"};
  return bars[done - 1];
}

}  // namespace

TEST_CASE("the bar: fraction, count, rate, time left, postfix") {
  CHECK(progress_bar(half_way(), kWide) ==
        "training  ━━━━━━━━━━━━━━━───────────────   50%  50/100  25.0/s  0:02 left  loss 0.31");
}

TEST_CASE("the bar has half steps, is empty at the start and full at the end") {
  ProgressState state{.label = "x", .done = 0, .total = 60, .seconds = 0, .curve = "", .postfix = {}};
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
      .label = "x", .done = 75, .total = 100, .before = 50, .seconds = 5, .curve = "", .postfix = {}};
  CHECK(progress_text(state) == "x: 75/100 (75%), 5.00/s, 0:05 left");
}

TEST_CASE("99.9 % is not 100 %") {
  const ProgressState state{
      .label = "x", .done = 999, .total = 1000, .seconds = 1, .curve = "", .postfix = {}};
  CHECK(progress_text(state) == "x: 999/1000 (99%), 999/s, 0:00 left");
}

TEST_CASE("the bar never leaves the terminal: what matters least goes first") {
  for (int columns = 1; columns < 160; ++columns)
    CHECK(display_width(bar_at(training_of_digits(), columns)) <= columns);
  const auto shows = [](int columns, std::string_view bar) {
    CHECK(bar_at(training_of_digits(), columns) == bar);
  };
  shows(120,
        "epoch 2/5  ━━━━━━━━━━━───────────   50%  50/100  25.0/s  0:02 left  █▅▃▂▂▁▁▁▁▁▁▁▁▁▁▁  loss 0.31  "
        "accuracy 90 %  lr 0.001");
  shows(80, "epoch 2/5  ━━━───  25.0/s  0:02 left  █▅▃▂▂▁▁▁▁▁▁▁▁▁▁▁  loss 0.31  accuracy 90 %");
  shows(79, "epoch 2/5  ━━━━━━━━╸────────   50%  25.0/s  0:02 left  loss 0.31  accuracy 90 %");
  shows(40, "epoch 2/5  ━━━╸───  0:02 left  loss 0.31");
  shows(20, "epoch 2/5  ━━━━╸────");
  shows(8, "epoch 2…");
}

TEST_CASE("loss, rate, time left and the curve stay in a terminal of 80 columns, where fit() shows them") {
  ProgressState state = training_of_digits();
  state.label = "epoch 12/20";
  state.curve = "█▅▃▂▂▁▁▁▁▁";
  state.postfix = {"loss 0.3100", "accuracy 90.12 %", "lr 0.001"};
  CHECK(bar_at(state, 80) ==
        "epoch 12/20  ━━╸──  25.0/s  0:02 left  █▅▃▂▂▁▁▁▁▁  loss 0.3100  accuracy 90.12 %");
}

TEST_CASE("colour changes nothing but colour") {
  Terminal coloured = kWide;
  coloured.colour = true;
  std::string text = progress_bar(training_of_digits(), coloured);
  CHECK(text != progress_bar(training_of_digits(), kWide));
  for (size_t at; (at = text.find('\x1b')) != std::string::npos;) text.erase(at, text.find('m', at) + 1 - at);
  CHECK(text == progress_bar(training_of_digits(), kWide));
}

TEST_CASE("without a known end there is no bar") {
  const ProgressState state{
      .label = "reading", .done = 1234, .total = 0, .seconds = 4, .curve = "", .postfix = {}};
  CHECK(progress_bar(state, kWide) == "reading  1234  308/s  0:04");
  CHECK(progress_text(state) == "reading: 1234, 308/s, 0:04");
}

TEST_CASE("a log gets one line for a short job, plain text") {
  const File file(std::tmpfile(), std::fclose);
  {
    ProgressOutput output(file.get());
    Progress progress("training", 1000, output);
    for (int i = 0; i < 1000; ++i) {
      progress.set_postfix({"loss 0.5", "accuracy 90 %"});
      progress.set_curve("▇▅▃▂▁");
      CHECK_FALSE(progress.has_room_above(1));
      progress.advance();
    }
  }
  const std::string text = contents(file.get());
  CHECK(text.starts_with("training: 1000/1000 (100%), "));
  CHECK(text.ends_with(", loss 0.5, accuracy 90 %\n"));
  CHECK(lines_of(text) == 1);
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("a log gets no more lines of many bars than of one, and the last state of all") {
  const File file(std::tmpfile(), std::fclose);
  const auto train_on = [](ProgressOutput& output) {
    for (int epoch = 1; epoch <= 150; ++epoch) {
      Progress bar("epoch " + std::to_string(epoch), 2, output);
      bar.advance();
      bar.advance();
    }
  };
  {
    ProgressOutput output(file.get());
    train_on(output);
    CHECK(contents(file.get()).empty());
    output.flush();
    output.flush();
    CHECK(contents(file.get()).starts_with("epoch 150: 2/2 (100%), "));
    CHECK(lines_of(contents(file.get())) == 1);
    train_on(output);  // too soon again
  }
  CHECK(lines_of(contents(file.get())) == 2);

  const File longer(std::tmpfile(), std::fclose);
  const int64_t begin = monotonic_ns();
  {
    ProgressOutput output(longer.get(), 0.02);
    while (monotonic_ns() - begin < 200'000'000) train_on(output);
  }
  const int64_t pauses = (monotonic_ns() - begin) / 20'000'000;
  CHECK(lines_of(contents(longer.get())) >= 2);
  CHECK(lines_of(contents(longer.get())) <= pauses + 1);

  const File every(std::tmpfile(), std::fclose);
  ProgressOutput at_once(every.get(), 0);
  train_on(at_once);
  CHECK(lines_of(contents(every.get())) == 450);
}

TEST_CASE("a terminal is drawn ten times a second, and keeps the last line of a bar") {
  PseudoTerminal terminal(60);
  const Variable term("TERM", "xterm"), no_color("NO_COLOR", "1");
  ProgressOutput output(terminal.program.get());
  Progress progress("x", 4, output);
  CHECK(progress.has_room_above(38));
  CHECK_FALSE(progress.has_room_above(39));
  ProgressOutput slow(terminal.program.get(), 1000);
  Progress early("y", 4, slow);
  early.advance();
  CHECK_FALSE(early.is_due());
  CHECK(terminal.read_screen() == "");
  usleep(110'000);
  CHECK(progress.is_due());
  progress.advance(2);
  CHECK(terminal.read_screen() != "");
  progress.advance(2);
  progress.finish();
  Screen screen(60);
  screen.show(terminal.read_screen());
  CHECK(has(screen.text(), "4/4"));
}

TEST_CASE("in a terminal the bar and what is above it are redrawn in place") {
  Watched x(80);
  x.progress.show_above("one\ntwo\n");
  x.progress.advance();
  CHECK(x.seen() == "\none\ntwo\n" + bar_of_x(1));
  x.progress.show_above("three\n");
  x.progress.advance();
  CHECK(x.seen() == "\nthree\n" + bar_of_x(2));
  x.progress.advance(2);
  x.progress.finish();
  CHECK(x.seen() == "three\n" + bar_of_x(4));
}

TEST_CASE("a line that the program prints meanwhile stays, without a trace of the bar") {
  Watched x(80);
  x.progress.advance();
  x.print("hello\n");
  x.progress.advance();
  CHECK(x.seen() == "hello\n\n" + bar_of_x(2));
  x.print("a line that is longer than what is left of the bar, up to the edge of the screen\n");
  x.progress.show_above("picture\n");
  x.progress.advance();
  x.print("and\n");
  x.progress.advance();
  x.progress.finish();
  x.print("good bye\n");
  CHECK(x.seen() ==
        "hello\na line that is longer than what is left of the bar, up to the edge of the screen\nand\n"
        "picture\n" +
            bar_of_x(4) + "\ngood bye");
}

TEST_CASE("a terminal may become narrower and wider: nothing of the old bar stays") {
  Watched x(80);
  for (int columns : {60, 25, 12, 100, 41}) {
    CAPTURE(columns);
    x.resize(columns);
    x.progress.show_above(std::string(static_cast<size_t>(columns), '.') + "\n");
    x.progress.advance(0);
    const std::string screen = x.seen();
    CHECK(lines_of(screen) == 2);
    const size_t bar = screen.rfind('\n') + 1;
    CHECK(screen.substr(0, bar) == "\n" + std::string(static_cast<size_t>(columns), '.') + "\n");
    CHECK(screen.substr(bar).starts_with("x  ─"));
    CHECK(display_width(screen.substr(bar)) <= columns);
  }
}
