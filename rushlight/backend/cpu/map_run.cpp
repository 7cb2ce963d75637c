#include "rushlight/backend/cpu/map_run.h"

#include <algorithm>
#include <cstring>

#include "rushlight/base/thread_pool.h"

namespace rushlight::cpu {

namespace {

constexpr int64_t kTile = 512;                       // elements staged at a time: a few of these fit L1
constexpr int64_t kChunk = 1 << 14;                  // elements of one chunk of parallel work
constexpr int64_t kWidest = 64;                      // bytes of the widest vector
constexpr int64_t kRowsAhead = 8, kShortRow = 1024;  // bytes

class Runner {
 public:
  // Numbers that are the same in every row are repeated once for all of them.
  Runner(const MapRun& run, const MapArgs& first) : run_(run) {
    for (int k = 0; k < run.operands; ++k)
      if (first.step[k] == 0 && run.in_row[k] == 0) repeat(first, k, repeated_[k]);
  }

  void row(const MapArgs& args) const {
    if (!is_direct(args)) return staged(args, 0);
    const int64_t whole = args.count / run_.lanes * run_.lanes;
    if (whole > 0) direct(args, whole);
    if (whole < args.count) staged(args, whole);
  }

  // Short rows that lie apart are not foreseen by the hardware; so they are asked for some rows before. (Not
  // inlined, gcc would take a function that only prefetches for one that does nothing.)
  [[gnu::always_inline]] void fetch(const MapArgs& row) const {
    fetch(row.out, row.out_step, run_.out_row, run_.out.bytes, row.count);
    for (int k = 0; k < run_.operands; ++k)
      fetch(row.in[k], row.step[k], run_.in_row[k], run_.in[k].bytes, row.count);
  }

  // The columns [begin, end) of row i.
  MapArgs part(const MapArgs& first, int64_t i, int64_t begin, int64_t end) const {
    MapArgs args = first;
    args.count = end - begin;
    args.out = out_at(first, i * run_.out_row + begin * first.out_step);
    for (int k = 0; k < run_.operands; ++k)
      args.in[k] = in_at(first, k, i * run_.in_row[k] + begin * first.step[k]);
    return args;
  }

 private:
  [[gnu::always_inline]] static void fetch(const void* row, int64_t step, int64_t to_next, int64_t bytes,
                                           int64_t count) {
    if (step != 1 || to_next == count || to_next == 0 || count * bytes > kShortRow) return;
    for (int64_t byte = 0; byte < count * bytes; byte += 64)
      __builtin_prefetch(static_cast<const char*>(row) + byte);
  }

  void* out_at(const MapArgs& args, int64_t i) const {
    return static_cast<char*>(args.out) + i * run_.out.bytes;
  }
  const void* in_at(const MapArgs& args, int k, int64_t i) const {
    return static_cast<const char*>(args.in[k]) + i * run_.in[k].bytes;
  }

  // Whether the loop can read and write the memory itself, single numbers aside.
  bool is_direct(const MapArgs& args) const {
    const bool any_step = run_.lanes == 1;
    if (!run_.out.same || !(any_step || args.out_step == 1)) return false;
    for (int k = 0; k < run_.operands; ++k)
      if (args.step[k] != 0 && !(run_.in[k].same && (any_step || args.step[k] == 1))) return false;
    return true;
  }

  void repeat(const MapArgs& args, int k, unsigned char* vector) const {
    run_.in[k].cast(vector, 1, args.in[k], 0, run_.lanes);
  }

  void direct(const MapArgs& args, int64_t count) const {
    alignas(kWidest) unsigned char of_this_row[kMapOperands][kWidest];
    MapArgs vectors = args;
    vectors.count = count;
    for (int k = 0; k < run_.operands; ++k) {
      if (args.step[k] != 0) continue;
      vectors.in[k] = run_.in_row[k] == 0 ? repeated_[k] : of_this_row[k];
      if (run_.in_row[k] != 0) repeat(args, k, of_this_row[k]);
    }
    run_.loop(vectors);
  }

  // Elements from `begin` on, by way of padded tiles.
  void staged(const MapArgs& args, int64_t begin) const {
    alignas(kWidest) unsigned char tile[kMapOperands + 1][kTile * 8];
    MapArgs vectors = args;
    vectors.out = tile[kMapOperands];
    vectors.out_step = 1;
    for (int k = 0; k < run_.operands; ++k) {
      vectors.in[k] = tile[k];
      vectors.step[k] = 1;
    }
    for (int64_t i = begin; i < args.count; i += kTile) {
      const int64_t count = std::min(kTile, args.count - i);
      vectors.count = (count + run_.lanes - 1) / run_.lanes * run_.lanes;
      for (int k = 0; k < run_.operands; ++k) {
        run_.in[k].cast(tile[k], 1, in_at(args, k, i * args.step[k]), args.step[k], count);
        pad(tile[k], count, vectors.count);
      }
      run_.loop(vectors);
      run_.out.cast(out_at(args, i * args.out_step), args.out_step, tile[kMapOperands], 1, count);
    }
  }

  // The last number again, so that what is computed for nothing raises nothing new.
  void pad(unsigned char* tile, int64_t count, int64_t padded) const {
    const unsigned char* last = tile + (count - 1) * run_.bytes;
    for (int64_t i = count; i < padded; ++i)
      std::memcpy(tile + i * run_.bytes, last, static_cast<size_t>(run_.bytes));
  }

  const MapRun& run_;
  alignas(kWidest) unsigned char repeated_[kMapOperands][kWidest];
};

}  // namespace

void run_map(const MapRun& run, const MapArgs& first) {
  if (run.rows == 0 || first.count == 0) return;
  const int64_t cols = std::min(first.count, kChunk), col_chunks = (first.count + cols - 1) / cols;
  const int64_t rows = std::max<int64_t>(1, kChunk / cols), row_chunks = (run.rows + rows - 1) / rows;
  parallel_for(row_chunks * col_chunks, [&](int64_t chunk) {
    const int64_t row = chunk / col_chunks * rows, begin = chunk % col_chunks * cols;
    const int64_t end = std::min(begin + cols, first.count);
    const Runner runner(run, first);
    const int64_t last = std::min(row + rows, run.rows);
    for (int64_t i = row; i < last; ++i) {
      if (i + kRowsAhead < last) runner.fetch(runner.part(first, i + kRowsAhead, begin, end));
      runner.row(runner.part(first, i, begin, end));
    }
  });
}

}  // namespace rushlight::cpu
