// Rows put in order. Every order is stable, with NaN above all numbers and -0 equal to 0.
#pragma once

#include <cstdint>

#include "rushlight/core/dtype.h"

namespace rushlight::cpu {

// Rows of `length` elements, side by side.
struct RowsToSort {
  DType dtype;
  const void* x;
  int64_t rows, length;  // at least one, below 2^32
};

// The first `kept` of each sorted row, and where in it they were.
void sort_rows(const RowsToSort& rows, bool descending, int64_t kept, void* values, int64_t* places);
// The same, faster for the few first.
void first_of_rows(const RowsToSort& rows, bool descending, int64_t kept, void* values, int64_t* places);

// Of each row, were it ascending, the element at a rank, and where in the row it was.
enum class Rank : uint8_t {
  given,         // `given` of them are before it
  median,        // the lower of the two in the middle, or the first NaN
  number_median  // the same among those that are no NaN; the first where all are
};
void pick_from_rows(const RowsToSort& rows, Rank rank, int64_t given, void* values, int64_t* places);

}  // namespace rushlight::cpu
