#include "rushlight/backend/cpu/map_run.h"

#include <algorithm>
#include <cstring>

#include "rushlight/backend/cpu/cuts.h"
#include "rushlight/base/small_vector.h"
#include "rushlight/base/thread_pool.h"

namespace rushlight::cpu {

namespace {

constexpr int64_t kTile = 512;                       // elements staged at a time: a few of these fit L1
constexpr int64_t kAligned = 64;                     // bytes of the widest vector
constexpr int64_t kWidest = 512;                     // bytes of the most lanes that a loop takes at a time
constexpr int64_t kRowsAhead = 8, kShortRow = 1024;  // bytes

// Where rows begin, one after the other: offsets of the result and of the operands, in elements.
class RowCursor {
 public:
  RowCursor(std::span<const MapDim> outer, int operands, int64_t row)
      : outer_(outer), count_(operands + 1), position_(outer.size()) {
    for (size_t d = 0; d < outer.size(); ++d) {
      position_[d] = row % outer[d].size;
      row /= outer[d].size;
      add(outer[d], position_[d]);
    }
  }
  void next() {
    for (size_t d = 0; d < outer_.size(); ++d) {
      add(outer_[d], 1);
      if (++position_[d] < outer_[d].size) return;
      add(outer_[d], -outer_[d].size);
      position_[d] = 0;
    }
  }
  int64_t offset(int k) const { return offsets_[k]; }

 private:
  void add(const MapDim& dim, int64_t times) {
    for (int k = 0; k < count_; ++k) offsets_[k] += times * dim.steps[k];
  }

  std::span<const MapDim> outer_;
  int count_;
  SmallVector<int64_t, 6> position_;
  int64_t offsets_[kMapOperands + 1] = {};
};

void* offset_by(void* at, int64_t elements, int64_t bytes) {
  return static_cast<char*>(at) + elements * bytes;
}
const void* offset_by(const void* at, int64_t elements, int64_t bytes) {
  return static_cast<const char*>(at) + elements * bytes;
}

class Runner {
 public:
  // Numbers that are the same in every row are repeated once for all of them.
  Runner(const MapRun& run, const MapArgs& first)
      : run_(run), first_(first), is_direct_(loop_reads_memory()) {
    for (int k = 0; k < run.operands; ++k) {
      is_fixed_[k] = first.step[k] == 0;
      for (const MapDim& dim : run.outer) is_fixed_[k] &= dim.steps[k + 1] == 0;
      if (is_fixed_[k] && is_direct_) repeat(first, k, repeated_[k]);
      repeats_in_rows_ |= first.step[k] == 0 && !is_fixed_[k];
    }
  }

  void rows(int64_t begin, int64_t end) const {
    RowCursor here(run_.outer, run_.operands, begin), ahead(run_.outer, run_.operands, begin + kRowsAhead);
    const int64_t fetched = is_apart() ? end - kRowsAhead : begin;
    const bool plain = is_direct_ && !repeats_in_rows_ && first_.count % run_.lanes == 0;
    MapArgs args = first_;
    for (int k = 0; k < run_.operands; ++k)
      if (plain && is_fixed_[k]) args.in[k] = repeated_[k];
    for (int64_t i = begin; i < end; ++i, here.next()) {
      if (i < fetched) fetch(ahead), ahead.next();
      args.out = out_at(first_, here.offset(0));
      for (int k = 0; k < run_.operands; ++k)
        if (!plain || !is_fixed_[k]) args.in[k] = in_at(first_, k, here.offset(k + 1));
      plain ? run_.loop(args) : row(args);
    }
  }

 private:
  void row(const MapArgs& args) const {
    if (!is_direct_) return staged(args, 0);
    const int64_t whole = args.count / run_.lanes * run_.lanes;
    if (whole > 0) direct(args, whole);
    if (whole < args.count) staged(args, whole);
  }

  // Short rows of a result that lie apart are not foreseen by the hardware; so they are asked for some rows
  // before.
  bool is_apart() const {
    return !run_.outer.empty() && first_.count * run_.out.bytes <= kShortRow &&
           run_.outer[0].steps[0] != first_.count;
  }
  // (Not inlined, gcc would take a function that only prefetches for one that does nothing.)
  [[gnu::always_inline]] void fetch(const RowCursor& row) const {
    fetch(out_at(first_, row.offset(0)), first_.out_step, run_.out.bytes);
    for (int k = 0; k < run_.operands; ++k)
      fetch(in_at(first_, k, row.offset(k + 1)), first_.step[k], run_.in[k].bytes);
  }
  [[gnu::always_inline]] void fetch(const void* row, int64_t step, int64_t bytes) const {
    for (int64_t byte = 0; step == 1 && byte < first_.count * bytes; byte += 64)
      __builtin_prefetch(static_cast<const char*>(row) + byte);
  }

  void* out_at(const MapArgs& args, int64_t i) const { return offset_by(args.out, i, run_.out.bytes); }
  const void* in_at(const MapArgs& args, int k, int64_t i) const {
    return offset_by(args.in[k], i, run_.in[k].bytes);
  }

  // Whether the loop can read and write the memory itself, single numbers aside.
  bool loop_reads_memory() const {
    const bool any_step = run_.lanes == 1;
    if (!run_.out.same || !(any_step || first_.out_step == 1)) return false;
    for (int k = 0; k < run_.operands; ++k)
      if (first_.step[k] != 0 && !(run_.in[k].same && (any_step || first_.step[k] == 1))) return false;
    return true;
  }

  void repeat(const MapArgs& args, int k, unsigned char* vector) const {
    run_.in[k].cast(vector, 1, args.in[k], 0, run_.lanes);
  }

  void direct(const MapArgs& args, int64_t count) const {
    alignas(kAligned) unsigned char of_this_row[kMapOperands][kWidest];
    MapArgs vectors = args;
    vectors.count = count;
    for (int k = 0; k < run_.operands; ++k) {
      if (args.step[k] != 0) continue;
      vectors.in[k] = is_fixed_[k] ? repeated_[k] : of_this_row[k];
      if (!is_fixed_[k]) repeat(args, k, of_this_row[k]);
    }
    run_.loop(vectors);
  }

  // Elements from `begin` on, by way of padded tiles.
  void staged(const MapArgs& args, int64_t begin) const {
    alignas(kAligned) unsigned char tile[kMapOperands + 1][kTile * 8];
    MapArgs vectors = args;
    vectors.out = tile[kMapOperands];
    vectors.out_step = 1;
    for (int k = 0; k < run_.operands; ++k) {
      vectors.in[k] = tile[k];
      vectors.step[k] = 1;
    }
    for (int64_t i = begin; i < args.count; i += kTile) {
      const int64_t count = std::min(kTile, args.count - i);
      vectors.count = ceil_div(count, run_.lanes) * run_.lanes;
      for (int k = 0; k < run_.operands; ++k) {
        run_.in[k].cast(tile[k], 1, in_at(args, k, i * args.step[k]), args.step[k], count);
        pad(tile[k], run_.in[k].loop_bytes, count, vectors.count);
      }
      run_.loop(vectors);
      run_.out.cast(out_at(args, i * args.out_step), args.out_step, tile[kMapOperands], 1, count);
    }
  }

  // The last number again, so that what is computed for nothing raises nothing new.
  static void pad(unsigned char* tile, int64_t bytes, int64_t count, int64_t padded) {
    const unsigned char* last = tile + (count - 1) * bytes;
    for (int64_t i = count; i < padded; ++i) std::memcpy(tile + i * bytes, last, static_cast<size_t>(bytes));
  }

  const MapRun& run_;
  const MapArgs& first_;
  const bool is_direct_;
  bool is_fixed_[kMapOperands], repeats_in_rows_ = false;
  alignas(kAligned) unsigned char repeated_[kMapOperands][kWidest];
};

}  // namespace

void run_map(const MapRun& run, const MapArgs& first) {
  int64_t all_rows = 1;
  for (const MapDim& dim : run.outer) all_rows *= dim.size;
  if (all_rows == 0 || first.count == 0) return;
  const int64_t cols = std::min(first.count, kChunk), col_chunks = ceil_div(first.count, cols);
  const int64_t rows = std::max<int64_t>(1, kChunk / cols), row_chunks = ceil_div(all_rows, rows);
  parallel_for(row_chunks * col_chunks, [&](int64_t chunk) {
    const int64_t row = chunk / col_chunks * rows, last = std::min(row + rows, all_rows);
    const int64_t begin = chunk % col_chunks * cols, end = std::min(begin + cols, first.count);
    MapArgs columns = first;
    columns.count = end - begin;
    columns.out = offset_by(first.out, begin * first.out_step, run.out.bytes);
    for (int k = 0; k < run.operands; ++k)
      columns.in[k] = offset_by(first.in[k], begin * first.step[k], run.in[k].bytes);
    Runner(run, columns).rows(row, last);
  });
}

}  // namespace rushlight::cpu
