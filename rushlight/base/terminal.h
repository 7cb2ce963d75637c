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

// Columns that UTF-8 text takes, given that each of its characters takes one. No escape sequences.
int display_width(std::string_view text);

// The text cut to at most `columns`, its last column an ellipsis where something is missing.
std::string fit_to_columns(std::string_view text, int columns);

}  // namespace rushlight
