#include "rushlight/backend/cpu/map_run.h"

#include <algorithm>

#include "rushlight/backend/cpu/kernels.h"
#include "rushlight/base/thread_pool.h"

namespace rushlight::cpu {

namespace {

constexpr int64_t kTile = 512;       // elements staged at a time: a few of these fit L1
constexpr int64_t kChunk = 1 << 14;  // elements of one chunk of parallel work
constexpr int64_t kMostLanes = 64 / sizeof(float);

template <class T>
class Runner {
 public:
  explicit Runner(const MapRun& run)
      : run_(run), lanes_(kernels().vector_bytes / static_cast<int>(sizeof(T))) {}

  void row(const MapArgs& args) const {
    if (!is_direct(args)) return staged(args, 0);
    const int64_t whole = args.count / lanes_ * lanes_;
    direct(args, whole);
    if (whole < args.count) staged(args, whole);
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
  bool is_bool(int k) const { return run_.bool_operands >> k & 1; }

  void* out_at(const MapArgs& args, int64_t i) const {
    return static_cast<char*>(args.out) +
           i * static_cast<int64_t>(run_.bool_result ? sizeof(bool) : sizeof(T));
  }
  const void* in_at(const MapArgs& args, int k, int64_t i) const {
    return static_cast<const char*>(args.in[k]) +
           i * static_cast<int64_t>(is_bool(k) ? sizeof(bool) : sizeof(T));
  }

  // Whether the loop can read and write the memory itself.
  bool is_direct(const MapArgs& args) const {
    bool direct = args.out_step == 1 && !run_.bool_result && run_.bool_operands == 0;
    for (int k = 0; k < run_.operands; ++k) direct &= args.step[k] == 0 || args.step[k] == 1;
    return direct;
  }

  void direct(const MapArgs& args, int64_t count) const {
    alignas(64) T repeated[kMapOperands][kMostLanes];
    MapArgs vectors = args;
    vectors.count = count;
    for (int k = 0; k < run_.operands; ++k) {
      if (args.step[k] != 0) continue;
      std::fill_n(repeated[k], kMostLanes, *static_cast<const T*>(args.in[k]));
      vectors.in[k] = repeated[k];
    }
    run_.loop(vectors);
  }

  template <class From>
  static void gather(T* to, const void* from, int64_t step, int64_t count) {
    const From* x = static_cast<const From*>(from);
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<T>(x[i * step]);
  }
  template <class To>
  static void scatter(void* to, int64_t step, const T* from, int64_t count) {
    To* y = static_cast<To*>(to);
    for (int64_t i = 0; i < count; ++i) y[i * step] = static_cast<To>(from[i]);
  }

  // Elements from `begin` on, by way of padded tiles.
  void staged(const MapArgs& args, int64_t begin) const {
    alignas(64) T tile[kMapOperands + 1][kTile];
    MapArgs vectors = args;
    vectors.out = tile[kMapOperands];
    for (int k = 0; k < run_.operands; ++k) {
      vectors.in[k] = tile[k];
      vectors.step[k] = 1;
    }
    for (int64_t i = begin; i < args.count; i += kTile) {
      const int64_t count = std::min(kTile, args.count - i);
      vectors.count = (count + lanes_ - 1) / lanes_ * lanes_;
      for (int k = 0; k < run_.operands; ++k) {
        (is_bool(k) ? gather<bool> : gather<T>)(tile[k], in_at(args, k, i * args.step[k]), args.step[k],
                                                count);
        std::fill(tile[k] + count, tile[k] + vectors.count, tile[k][count - 1]);
      }
      run_.loop(vectors);
      (run_.bool_result ? scatter<bool> : scatter<T>)(out_at(args, i * args.out_step), args.out_step,
                                                      tile[kMapOperands], count);
    }
  }

  const MapRun& run_;
  int64_t lanes_;
};

template <class T>
void run_chunks(const MapRun& run, const MapArgs& first) {
  const Runner<T> runner(run);
  const int64_t cols = std::min(first.count, kChunk), col_chunks = (first.count + cols - 1) / cols;
  const int64_t rows = std::max<int64_t>(1, kChunk / cols), row_chunks = (run.rows + rows - 1) / rows;
  parallel_for(row_chunks * col_chunks, [&](int64_t chunk) {
    const int64_t row = chunk / col_chunks * rows, begin = chunk % col_chunks * cols;
    const int64_t end = std::min(begin + cols, first.count);
    for (int64_t i = row; i < std::min(row + rows, run.rows); ++i)
      runner.row(runner.part(first, i, begin, end));
  });
}

}  // namespace

void run_map(const MapRun& run, const MapArgs& first) {
  if (run.rows == 0 || first.count == 0) return;
  run.wide ? run_chunks<double>(run, first) : run_chunks<float>(run, first);
}

}  // namespace rushlight::cpu
