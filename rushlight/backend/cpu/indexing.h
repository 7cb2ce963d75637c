// What reading and writing at the numbers of an index needs to know.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rushlight::cpu {

// `large` has outer x size x inner runs of `run` elements, `small` outer x count x inner of them. Run (o, i,
// j) of small belongs to run (o, n, j) of large, where n = index[o * index_step + i * inner + j]. REQUIRES:
// each number of index is in [0, size).
struct PickArgs {
  int64_t outer = 1, size = 0, count = 0, inner = 1, run = 1;
  const int64_t* index = nullptr;
  int64_t index_step = 0;  // 0 where all of outer share the numbers
  void *large = nullptr, *small = nullptr;
  int element_bytes = 4;
};

// How a number of small joins the one in large that it belongs to; several do so in the order of the index,
// whatever the number of threads.
enum class Join : uint8_t { add, multiply, largest, smallest };

}  // namespace rushlight::cpu
