// Text in XML, such as the words of an SVG.
#pragma once

#include <string>
#include <string_view>

namespace rushlight {

// The same text for between two tags; ? for what no XML may hold.
std::string escape_xml(std::string_view text);

}  // namespace rushlight
