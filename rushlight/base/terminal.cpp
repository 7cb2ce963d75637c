#include "rushlight/base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "rushlight/base/os.h"

namespace rushlight {

namespace {

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

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
  for (const char byte : text) width += starts_character(byte);
  return width;
}

std::string fit_to_columns(std::string_view text, int columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns <= 0) return {};
  size_t end = 0;
  for (int left = columns; end < text.size(); ++end)
    if (starts_character(text[end]) && left-- == 1) break;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace rushlight
