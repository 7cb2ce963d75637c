// What a stream is connected to: whether a person watches, with how much room, and whether in colour.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace rushlight {

struct Terminal {
  bool interactive = false;  // lines may be redrawn; false for files, pipes and TERM=dumb
  bool colour = false;       // interactive, and NO_COLOR is unset or empty (https://no-color.org)
  int columns = 80;
  int rows = 24;
};

Terminal inspect_terminal(std::FILE* stream) noexcept;

// Columns that UTF-8 text takes: two for a character of East Asia or an emoji, none for an accent that joins
// the letter before. No escape sequences.
int display_width(std::string_view text);

// As much of the text's beginning as `columns` hold.
std::string_view cut_to_columns(std::string_view text, int columns);
// The text cut to at most `columns`, its last column an ellipsis where something is missing.
std::string fit_to_columns(std::string_view text, int columns);
// The text with spaces before or behind it, so that it takes at least `columns`.
std::string align_right(std::string_view text, int columns);
std::string align_left(std::string_view text, int columns);

}  // namespace rushlight
