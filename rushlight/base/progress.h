// A progress bar with rate and time left; lines of plain text where nobody watches.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "rushlight/base/terminal.h"

namespace rushlight {

struct ProgressState {
  std::string label;
  int64_t done = 0;
  int64_t total = 0;   // 0: unknown
  int64_t before = 0;  // done by an earlier run: the rate does not count it
  double seconds = 0;
  std::string postfix;  // whatever changes, such as the loss
};

// "training  ━━━━━━━━━━╸─────────  52%  52/100  31.2/s  0:01 left  loss 0.31", no wider than the terminal.
std::string progress_bar(const ProgressState& state, const Terminal& terminal);

// "training: 52/100 (52%), 31.2/s, 0:01 left, loss 0.31"
std::string progress_text(const ProgressState& state);

// In a terminal the bar is redrawn in place, at most ten times a second, with whatever is shown above it.
// Elsewhere a line is written at most every ten seconds. finish(), or the destructor, writes the last state.
class Progress {
 public:
  Progress(std::string label, int64_t total, std::FILE* stream = stderr);
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(int64_t steps = 1);
  // So much was done before this run began.
  void resume_at(int64_t done) { state_.done = state_.before = done; }
  void set_postfix(std::string text) { state_.postfix = std::move(text); }
  void finish();

  // Lines, each ended by '\n', that the next redraw puts above the bar in place of the former ones. Pictures
  // can be expensive: draw one when a redraw is due and its rows will fit.
  void show_above(std::string picture) { picture_ = std::move(picture); }
  bool is_due() const;
  bool has_room_above(int rows) const { return terminal_.interactive && rows < terminal_.rows; }

  const Terminal& terminal() const { return terminal_; }

 private:
  void draw();

  ProgressState state_;
  std::FILE* stream_;
  Terminal terminal_;
  std::string picture_;
  int rows_drawn_ = 0;  // above the line that holds the cursor
  int64_t start_ns_, last_draw_ns_;
  bool finished_ = false;
};

}  // namespace rushlight
