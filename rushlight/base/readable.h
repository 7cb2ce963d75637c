// Numbers as people read them.
#pragma once

#include <string>

namespace rushlight {

// "845", "12.3 k", "4.5 M"; with a unit "845 FLOP", "12.3 kFLOP".
std::string readable_count(double number, const char* unit = "");
// "5.48 µs", "3 ms", "90 s", "12.5 minutes", "3 hours"
std::string readable_seconds(double seconds);

}  // namespace rushlight
