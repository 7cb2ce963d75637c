// A progress bar with rate and time left; lines of plain text where nobody watches.
#pragma once

#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include "rushlight/base/terminal.h"

namespace rushlight {

struct ProgressState {
  std::string label;
  int64_t done = 0;
  int64_t total = 0;   // 0: unknown
  int64_t before = 0;  // done by an earlier run: the rate does not count it
  double seconds = 0;
  std::string curve;                 // a picture in one line, for terminals of 80 columns and more
  std::vector<std::string> postfix;  // whatever changes, such as the loss: the most important first
};

// "training  ━━━━━━━━━━╸─────────  52%  52/100  31.2/s  0:01 left  ▇▅▃▂▁  loss 0.31", no wider than the
// terminal: what matters least goes first.
std::string progress_bar(const ProgressState& state, const Terminal& terminal);

// "training: 52/100 (52%), 31.2/s, 0:01 left, loss 0.31"
std::string progress_text(const ProgressState& state);

// Where bars are seen, one after the other. A terminal is drawn at most ten times a second, a log gets at
// most one line in ten seconds, from all of them together. The last line of a bar that ends too soon for
// that waits: the next bar takes its place, or flush() or the destructor writes it.
class ProgressOutput {
 public:
  explicit ProgressOutput(std::FILE* stream);
  ProgressOutput(std::FILE* stream, double pause_seconds);  // another pause than these
  ~ProgressOutput() { flush(); }
  ProgressOutput(const ProgressOutput&) = delete;
  ProgressOutput& operator=(const ProgressOutput&) = delete;
  static ProgressOutput& standard_output();
  static ProgressOutput& standard_error();

  bool is_interactive() const { return interactive_; }
  Terminal terminal() const { return inspect_terminal(stream_); }  // of the size that it has now

  // For so long nothing has been written, nor is it longer since `start_ns`.
  bool is_due(int64_t start_ns) const;
  // In place of what waits.
  void write(const std::string& text);
  void write_or_keep(std::string last_line);
  void flush();

 private:
  void put(const std::string& text, bool stays);

  std::FILE* stream_;
  bool interactive_;
  int64_t pause_ns_;
  mutable std::mutex lock_;
  int64_t last_write_ns_, last_line_ns_;  // a line stays, a frame in a terminal does not
  std::string waiting_;
};

// Flushes at the end of a scope, however that is left.
struct FlushProgress {
  ~FlushProgress() { output.flush(); }
  ProgressOutput& output = ProgressOutput::standard_error();
};

// In a terminal the bar is redrawn in place, with whatever is shown above it. The cursor waits in an empty
// line above both: a line that the program prints meanwhile stands there and stays, and a terminal that was
// resized is cleared from there on. finish(), or the destructor, ends the bar with its last state.
class Progress {
 public:
  Progress(std::string label, int64_t total, ProgressOutput& output = ProgressOutput::standard_error());
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(int64_t steps = 1);
  // So much was done before this run began.
  void resume_at(int64_t done) { state_.done = state_.before = done; }
  // Only what stands there when the bar is drawn is seen: where a text costs something, make it when a redraw
  // is due, and at the end.
  void set_postfix(std::vector<std::string> texts) { state_.postfix = std::move(texts); }
  void set_curve(std::string curve) { state_.curve = std::move(curve); }
  void finish();

  // Lines, each ended by '\n', that the next redraw puts above the bar in place of the former ones. Pictures
  // can be expensive: draw one when a redraw is due and its rows will fit.
  void show_above(std::string picture) { picture_ = std::move(picture); }
  bool is_due() const { return output_.is_due(start_ns_); }
  bool has_room_above(int rows) const;

  Terminal terminal() const { return output_.terminal(); }

 private:
  void take_time();

  ProgressState state_;
  ProgressOutput& output_;
  std::string picture_;
  int64_t start_ns_;
  bool finished_ = false;
};

}  // namespace rushlight
