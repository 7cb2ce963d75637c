#include "rushlight/base/xml.h"

#include "rushlight/base/utf8.h"

namespace rushlight {

std::string escape_xml(std::string_view text) {
  std::string escaped;
  for (const char c : without_controls(text)) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

}  // namespace rushlight
