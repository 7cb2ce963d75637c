#include "rushlight/base/readable.h"

#include <cstdio>

namespace rushlight {

namespace {

std::string with_unit(const char* format, double number, const std::string& unit) {
  char digits[32];
  std::snprintf(digits, sizeof digits, format, number);
  return unit.empty() ? digits : digits + (" " + unit);
}

}  // namespace

std::string readable_count(double number, const char* unit) {
  constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T"};
  int prefix = 0;
  while (number >= 999.5 && prefix < 4) number /= 1000, ++prefix;
  return with_unit(prefix == 0 ? "%.0f" : "%.3g", number, std::string(kPrefixes[prefix]) + unit);
}

std::string readable_seconds(double seconds) {
  struct Unit {
    double seconds;
    const char* name;
  };
  constexpr Unit kUnits[] = {{3600, "hours"}, {60, "minutes"}, {1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}};
  for (const Unit& unit : kUnits)
    if (seconds >= unit.seconds * (unit.seconds > 1 ? 2 : 0.9995))
      return with_unit("%.3g", seconds / unit.seconds, unit.name);
  return with_unit("%.3g", seconds * 1e9, "ns");
}

}  // namespace rushlight
