#include "rushlight/base/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <utility>

#include "rushlight/base/clock.h"

namespace rushlight {

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int kWidestBar = 30, kNarrowestBar = 5, kGoodBar = 10, kColumnsForCurve = 80;
// The line of the cursor and all below it, in two steps: some terminals would keep a screen that is cleared
// from its first line on for those who scroll back.
constexpr const char* kClear = "\r\x1b[K\n\x1b[J\x1b[A";

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
std::string bar_text(const ProgressState& state, int columns, bool colour) {
  const int halves = static_cast<int>(fraction_done(state) * columns * 2);
  const std::string done = repeat("━", halves / 2) + (halves % 2 ? "╸" : "");
  const std::string rest = repeat("─", columns - (halves + 1) / 2);
  return colour ? "\x1b[32m" + done + "\x1b[90m" + rest + "\x1b[0m" : done + rest;
}

int rows_of(const std::string& picture) {
  return static_cast<int>(std::count(picture.begin(), picture.end(), '\n'));
}

// The most important first.
enum Rank { kFirstPostfix, kTime, kRate, kSecondPostfix, kCurve, kPercent, kCount, kOtherPostfix, kLast };

// What may stand in the line.
struct Piece {
  std::string text;
  int rank;
  const char* colour = nullptr;
  bool shown = false;
};

// From left to right.
std::vector<Piece> pieces_behind_bar(const ProgressState& state, const Terminal& terminal) {
  std::vector<Piece> pieces;
  if (state.total > 0) pieces.push_back({print("%3.0f%%", std::floor(100 * fraction_done(state))), kPercent});
  pieces.push_back({count_text(state), state.total > 0 ? kCount : kFirstPostfix});
  pieces.push_back({rate_text(state), kRate});
  pieces.push_back({time_text(state), kTime});
  if (!state.curve.empty() && terminal.columns >= kColumnsForCurve)
    pieces.push_back({state.curve, kCurve, "\x1b[36m"});
  constexpr Rank kRanks[] = {kFirstPostfix, kSecondPostfix, kOtherPostfix};
  for (size_t i = 0; i < state.postfix.size(); ++i)
    pieces.push_back({state.postfix[i], kRanks[std::min(i, std::size(kRanks) - 1)]});
  return pieces;
}

// Chooses what is shown of them, and returns the columns that are left. Details leave the bar a good length.
int choose(std::vector<Piece>& pieces, int columns) {
  for (int rank = 0; rank < kLast; ++rank)
    for (Piece& piece : pieces) {
      const int width = 2 + display_width(piece.text);
      const int kept = rank > kCurve ? kGoodBar - kNarrowestBar : 0;
      if (piece.rank != rank || width + kept > columns) continue;
      piece.shown = true;
      columns -= width;
    }
  return columns;
}

}  // namespace

std::string progress_bar(const ProgressState& state, const Terminal& terminal) {
  const int narrowest = state.total > 0 ? 2 + kNarrowestBar : 0;
  int room = terminal.columns - display_width(state.label) - narrowest;
  if (room < 0) return fit_to_columns(state.label, terminal.columns);
  std::vector<Piece> pieces = pieces_behind_bar(state, terminal);
  room = choose(pieces, room);
  std::string line = state.label;
  if (state.total > 0)
    line += "  " + bar_text(state, std::min(kNarrowestBar + room, kWidestBar), terminal.colour);
  for (const Piece& piece : pieces) {
    if (!piece.shown) continue;
    const bool coloured = piece.colour && terminal.colour;
    line += "  " + (coloured ? piece.colour + piece.text + "\x1b[0m" : piece.text);
  }
  return line;
}

std::string progress_text(const ProgressState& state) {
  std::string text = state.label + ": " + count_text(state);
  if (state.total > 0) text += print(" (%.0f%%)", std::floor(100 * fraction_done(state)));
  text += ", " + rate_text(state) + ", " + time_text(state);
  for (const std::string& more : state.postfix) text += ", " + more;
  return text;
}

ProgressOutput::ProgressOutput(std::FILE* stream)
    : ProgressOutput(stream, inspect_terminal(stream).interactive ? 0.1 : 10) {}

ProgressOutput::ProgressOutput(std::FILE* stream, double pause_seconds)
    : stream_(stream),
      interactive_(inspect_terminal(stream).interactive),
      pause_ns_(static_cast<int64_t>(pause_seconds * kSecond)),
      last_write_ns_(monotonic_ns()),
      last_line_ns_(last_write_ns_) {}

ProgressOutput& ProgressOutput::standard_output() {
  static ProgressOutput output(stdout);
  return output;
}
ProgressOutput& ProgressOutput::standard_error() {
  static ProgressOutput output(stderr);
  return output;
}

bool ProgressOutput::is_due(int64_t start_ns) const {
  const std::lock_guard guard(lock_);
  return monotonic_ns() - std::max(last_write_ns_, start_ns) >= pause_ns_;
}

void ProgressOutput::write(const std::string& text) {
  const std::lock_guard guard(lock_);
  put(text, !interactive_);
}

void ProgressOutput::write_or_keep(std::string last_line) {
  const std::lock_guard guard(lock_);
  if (monotonic_ns() - last_line_ns_ >= pause_ns_)
    put(last_line, true);
  else
    waiting_ = std::move(last_line);
}

void ProgressOutput::flush() {
  const std::lock_guard guard(lock_);
  if (!waiting_.empty()) put(std::exchange(waiting_, {}), true);
}

// One write a frame: nothing flickers.
void ProgressOutput::put(const std::string& text, bool stays) {
  last_write_ns_ = monotonic_ns();
  if (stays) last_line_ns_ = last_write_ns_;
  waiting_.clear();
  std::fwrite(text.data(), 1, text.size(), stream_);
  std::fflush(stream_);
}

Progress::Progress(std::string label, int64_t total, ProgressOutput& output)
    : state_{.label = std::move(label), .total = total, .curve = {}, .postfix = {}},
      output_(output),
      start_ns_(monotonic_ns()) {}

bool Progress::has_room_above(int rows) const {
  const int taken = 2;  // the bar, and the line of the cursor
  return output_.is_interactive() && rows + taken <= terminal().rows;
}

void Progress::take_time() { state_.seconds = static_cast<double>(monotonic_ns() - start_ns_) / kSecond; }

void Progress::advance(int64_t steps) {
  state_.done += steps;
  if (!is_due()) return;
  take_time();
  if (!output_.is_interactive()) return output_.write(progress_text(state_) + '\n');
  const std::string back_up = print("\r\x1b[%dA", 1 + rows_of(picture_));
  output_.write(kClear + ('\n' + picture_) + progress_bar(state_, terminal()) + back_up);
}

void Progress::finish() {
  if (std::exchange(finished_, true)) return;
  take_time();
  output_.write_or_keep(output_.is_interactive() ? kClear + picture_ + progress_bar(state_, terminal()) + '\n'
                                                 : progress_text(state_) + '\n');
}

}  // namespace rushlight
