#include "rushlight/base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "rushlight/base/os.h"
#include "rushlight/base/utf8.h"

namespace rushlight {

namespace {

struct CodeRange {
  char32_t first, last;
};

// In broad strokes: what lies between two scripts counts as they do.
constexpr CodeRange kWide[] = {
    {0x1100, 0x115f},  // Hangul's first letters
    {0x2e80, 0x303e},  // radicals, punctuation of China and Japan
    {0x3041, 0xa4cf},  // kana, ideographs, Yi
    {0xa960, 0xa97c},  // Hangul again
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
    {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},  // emoji
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd},  // rare ideographs
};
constexpr CodeRange kJoined[] = {
    {0x0300, 0x036f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};

int columns_of(char32_t code) {
  const auto holds_code = [&](const CodeRange& range) { return range.first <= code && code <= range.last; };
  if (std::any_of(std::begin(kJoined), std::end(kJoined), holds_code)) return 0;
  return std::any_of(std::begin(kWide), std::end(kWide), holds_code) ? 2 : 1;
}

std::string spaces(int count) { return std::string(static_cast<size_t>(std::max(count, 0)), ' '); }

}  // namespace

Terminal inspect_terminal(std::FILE* stream) noexcept {
  Terminal terminal;
  const int descriptor = fileno(stream);
  if (descriptor < 0 || !isatty(descriptor) || environment("TERM").value_or("") == "dumb") return terminal;
  terminal.interactive = true;
  terminal.colour = environment("NO_COLOR").value_or("").empty();
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    terminal.columns = size.ws_col;
    terminal.rows = size.ws_row;
  }
  return terminal;
}

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    width += columns_of(character.code);
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string_view cut_to_columns(std::string_view text, int columns) {
  size_t end = 0;
  while (end < text.size()) {
    const Character character = first_character(text.substr(end));
    columns -= columns_of(character.code);
    if (columns < 0) break;
    end += character.bytes;
  }
  return text.substr(0, end);
}

std::string fit_to_columns(std::string_view text, int columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns <= 0) return {};
  return std::string(cut_to_columns(text, columns - 1)) + "…";
}

std::string align_right(std::string_view text, int columns) {
  return spaces(columns - display_width(text)).append(text);
}
std::string align_left(std::string_view text, int columns) {
  return std::string(text) + spaces(columns - display_width(text));
}

}  // namespace rushlight
