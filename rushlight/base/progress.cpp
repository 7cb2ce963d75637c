#include "rushlight/base/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <utility>

#include "rushlight/base/clock.h"

namespace rushlight {

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int kWidestBar = 30, kNarrowestBar = 5;

[[gnu::format(printf, 1, 2)]] std::string print(const char* format, ...) {
  char text[64];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

double fraction_done(const ProgressState& state) {
  return std::clamp(static_cast<double>(state.done) / static_cast<double>(state.total), 0.0, 1.0);
}

std::string count_text(const ProgressState& state) {
  const auto done = static_cast<long long>(state.done), total = static_cast<long long>(state.total);
  return total > 0 ? print("%lld/%lld", done, total) : print("%lld", done);
}

std::string rate_text(const ProgressState& state) {
  const double done = static_cast<double>(state.done - state.before);
  const double rate = state.seconds > 0 ? done / state.seconds : 0;
  return print(rate < 10 ? "%.2f/s" : rate < 100 ? "%.1f/s" : "%.0f/s", rate);
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<long long>(std::lround(std::min(seconds, 3.6e8)));
  const long long hours = whole / 3600, minutes = whole / 60 % 60;
  return hours > 0 ? print("%lld:%02lld:%02lld", hours, minutes, whole % 60)
                   : print("%lld:%02lld", minutes, whole % 60);
}

std::string time_text(const ProgressState& state) {
  if (state.total > 0 && state.done >= state.total) return "in " + duration_text(state.seconds);
  const int64_t done = state.done - state.before;
  if (state.total <= 0 || done <= 0) return duration_text(state.seconds);
  const double steps_left = static_cast<double>(state.total - state.done);
  return duration_text(state.seconds * steps_left / static_cast<double>(done)) + " left";
}

std::string repeat(const char* piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

// Half a column is the smallest step that shows.
std::string bar_text(double fraction, int columns, bool colour) {
  const int halves = static_cast<int>(fraction * columns * 2);
  const std::string done = repeat("━", halves / 2) + (halves % 2 ? "╸" : "");
  const std::string rest = repeat("─", columns - (halves + 1) / 2);
  return colour ? "\x1b[32m" + done + "\x1b[90m" + rest + "\x1b[0m" : done + rest;
}

int rows_of(const std::string& picture) {
  return static_cast<int>(std::count(picture.begin(), picture.end(), '\n'));
}

}  // namespace

std::string progress_bar(const ProgressState& state, const Terminal& terminal) {
  std::string numbers = count_text(state) + "  " + rate_text(state) + "  " + time_text(state);
  if (!state.postfix.empty()) numbers += "  " + state.postfix;
  if (state.total <= 0) return fit_to_columns(state.label + "  " + numbers, terminal.columns);
  numbers = print("  %3.0f%%  ", std::floor(100 * fraction_done(state))) + numbers;
  const int room = terminal.columns - display_width(state.label) - 2 - display_width(numbers);
  if (room < kNarrowestBar) return fit_to_columns(state.label + numbers, terminal.columns);
  return state.label + "  " + bar_text(fraction_done(state), std::min(room, kWidestBar), terminal.colour) +
         numbers;
}

std::string progress_text(const ProgressState& state) {
  std::string text = state.label + ": " + count_text(state);
  if (state.total > 0) text += print(" (%.0f%%)", std::floor(100 * fraction_done(state)));
  text += ", " + rate_text(state) + ", " + time_text(state);
  if (!state.postfix.empty()) text += ", " + state.postfix;
  return text;
}

Progress::Progress(std::string label, int64_t total, std::FILE* stream)
    : state_{.label = std::move(label), .total = total, .postfix = {}},
      stream_(stream),
      terminal_(inspect_terminal(stream)),
      start_ns_(monotonic_ns()),
      last_draw_ns_(start_ns_) {}

bool Progress::is_due() const {
  const int64_t pause = terminal_.interactive ? kSecond / 10 : 10 * kSecond;
  return monotonic_ns() - last_draw_ns_ >= pause;
}

void Progress::advance(int64_t steps) {
  state_.done += steps;
  if (is_due()) draw();
}

void Progress::finish() {
  if (std::exchange(finished_, true)) return;
  draw();
  if (terminal_.interactive) std::fputc('\n', stream_);
  std::fflush(stream_);
}

// One write a frame: nothing flickers.
void Progress::draw() {
  last_draw_ns_ = monotonic_ns();
  state_.seconds = static_cast<double>(last_draw_ns_ - start_ns_) / kSecond;
  std::string frame;
  if (terminal_.interactive) {
    frame = "\r";
    if (rows_drawn_ > 0) frame += print("\x1b[%dA", rows_drawn_);
    frame += "\x1b[J" + picture_ + progress_bar(state_, terminal_);
    rows_drawn_ = rows_of(picture_);
  } else {
    frame = progress_text(state_) + '\n';
  }
  std::fwrite(frame.data(), 1, frame.size(), stream_);
  std::fflush(stream_);
}

}  // namespace rushlight
