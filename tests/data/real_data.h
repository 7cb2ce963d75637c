// Tests on real data run where it is, and say so where it is not.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "rushlight/data/known_sets.h"

namespace rushlight {

inline bool have_data(const char* set) {
  for (const std::string& folder : data::data_folders())
    if (std::filesystem::exists(folder + "/" + set)) return true;
  MESSAGE("skipped: there is no ", set, " in $RUSHLIGHT_DATA");
  return false;
}

}  // namespace rushlight
