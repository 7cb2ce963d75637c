// Matrix products: which way to cut them, and the parallel loops over the pieces. How sums are cut depends on
// the shapes and strides alone, so that the bits do not depend on the threads; what a thread does may.
#include "rushlight/backend/cpu/gemm.h"

#include "rushlight/backend/cpu/gemm_row.h"
#include "rushlight/backend/cpu/gemm_stream.h"
#include "rushlight/backend/cpu/kernels.h"
#include "rushlight/backend/cpu/scratch.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

// Multiplications that one chunk of parallel work should hold: about 20 us, far above the cost of claiming
// it.
constexpr int64_t kChunkWork = 1 << 20;
constexpr int64_t kSerialWork = 1 << 19;  // not worth waking a thread
constexpr int64_t kSmallWork = 1 << 17;   // not worth sharing even if it is awake
// The same for one row: all of B comes from memory and is used once.
constexpr int64_t kChunkReading = 1 << 14, kSerialReading = 1 << 16;

template <class T>
LeftMatrix<T> left_of(const GemmArgs<T>& g) {
  return {g.a, g.a_row, g.a_col};
}

template <class T>
Destination<T> destination_of(const GemmArgs<T>& g) {
  return {g.c, g.c_row, g.accumulate, g.bias, g.residual, g.residual_row};
}

// How B and C are cut for a kind of A.
struct Limits {
  int64_t depth;              // rows of B that are packed at a time; a longer sum is made in several passes
  int64_t packed_bytes;       // that these may take
  int64_t rows;               // of a block, at most
  int64_t blocks_per_thread;  // of C
  int64_t cols_to_read;       // reading a row of A takes as long as multiplying it with so many columns
};

// Rows of A come quickly. Columns come in short pieces from all over memory: then few, wide blocks use them.
// Of a streamed product one panel of B is packed at a time, so that its blocks may be as wide as C.
template <class T>
Limits limits_of(const GemmArgs<T>& g) {
  constexpr int64_t kAny = int64_t{1} << 40;
  if (g.a_col == 1) return {2048 / sizeof(T), 1 << 18, kAny, 8, 4};
  if (is_streamed(g)) return {1536 / sizeof(T), kAny, kStreamedRows, 2, 16};
  return {1536 / sizeof(T), 3 << 18, kAny, 2, 48};
}

// Whole lines of the cache, so that those of a transposed B are read once.
template <class T>
int64_t depth_of(const GemmArgs<T>& g) {
  const int64_t most = limits_of(g).depth;
  if (g.k <= most) return clamped(g.k, 1, most);
  return round_up(ceil_div(g.k, ceil_div(g.k, most)), 64 / sizeof(T));
}

struct Cut {
  int64_t rows, cols;  // of a block
};

// Blocks enough to keep the threads busy, each with the same to do: of some ways to cut, the one that takes
// the least time. Packing a column of B, which mostly waits for memory, takes as long as multiplying
// kRowsToPack rows with it; it is charged where B is read in place too, which no cut avoids.
template <class T>
Cut cut_of(const GemmArgs<T>& g) {
  constexpr int64_t kRowsToPack = 16;
  const int64_t work = g.m * g.n * g.k;
  if (work <= kSmallWork) return {g.m, g.n};
  const int64_t serial = work > kSerialWork || !are_threads_awake() ? kSerialWork : kSmallWork;
  if (work <= serial) return {g.m, g.n};
  const Limits limits = limits_of(g);
  const int64_t threads = smaller(num_threads(), ceil_div(work, serial));
  const int64_t chunks = ceil_div(work, kChunkWork);
  const int64_t most = round_up(smaller(chunks, limits.blocks_per_thread * threads), threads);
  const int64_t fewest = chunks < limits.blocks_per_thread * threads ? smaller(most, 2 * threads) : most;
  const int64_t packed = limits.packed_bytes / static_cast<int64_t>(sizeof(T)) / depth_of(g);
  const int64_t widest = clamped(packed / kPanelCols<T>, 1, ceil_div(g.n, kPanelCols<T>)) * kPanelCols<T>;
  const int64_t least_row_blocks = ceil_div(g.m, limits.rows);
  Cut best{g.m, g.n};
  int64_t least = 0;
  const auto consider = [&](int64_t row_blocks, int64_t cols) {
    const int64_t rows = round_up(ceil_div(g.m, clamped(row_blocks, least_row_blocks, g.m)), kTileRows);
    const int64_t turns = ceil_div(ceil_div(g.m, rows) * ceil_div(g.n, cols), threads);
    const int64_t time = turns * (cols * (rows + kRowsToPack) + rows * limits.cols_to_read);
    if (least == 0 || time < least) best = {rows, cols}, least = time;
  };
  for (int64_t parts = ceil_div(g.n, widest);; parts *= 2) {
    const int64_t cols = round_up(ceil_div(g.n, parts), kPanelCols<T>), col_blocks = ceil_div(g.n, cols);
    const auto consider_about = [&](int64_t blocks) {  // none twice: of a small product this takes a tenth
      consider(ceil_div(blocks, col_blocks), cols);
      if (blocks % col_blocks != 0) consider(blocks / col_blocks, cols);
    };
    consider_about(most);
    if (fewest != most) consider_about(fewest);
    if (cols == kPanelCols<T>) return best;
  }
}

// multiply(i, m, j, n): rows [i, i + m) and columns [j, j + n) of C.
template <class T, class Multiply>
void each_block(const GemmArgs<T>& g, Multiply multiply) {
  const Cut cut = cut_of(g);
  const int64_t col_blocks = ceil_div(g.n, cut.cols);
  parallel_for(ceil_div(g.m, cut.rows) * col_blocks, [&](int64_t block) {
    const int64_t i = block / col_blocks * cut.rows, j = block % col_blocks * cut.cols;
    multiply(i, smaller(cut.rows, g.m - i), j, smaller(cut.cols, g.n - j));
  });
}

// Whether B is best read where it lies: by a few rows, or where no vector lies across two lines of the cache,
// which would take twice as long.
template <class T>
bool is_read_in_place(const GemmArgs<T>& g) {
  if (g.b_col != 1 || g.m <= kFewRows) return g.b_col == 1;
  const bool small = g.m * g.n * g.k <= 128 * 128 * 128;
  return small && g.b_row % Vec<T>::kLanes == 0 && reinterpret_cast<uintptr_t>(g.b) % sizeof(Vec<T>) == 0;
}

// Part of B meets A, which is read in place.
template <class T>
void multiply_part(int64_t m, int64_t n, int64_t k, LeftMatrix<T> a, Panels<T> b, const Destination<T>& to) {
  if (a.col == 1) return multiply_block(m, n, k, a, b, to);
  // Small enough for L2 with the pieces of its columns.
  constexpr int64_t kRows = 24 * kTileRows, kCols = 768 / sizeof(T);
  static_assert(kCols % kPanelCols<T> == 0);
  for (int64_t i = 0; i < m; i += kRows)
    for (int64_t j = 0; j < n; j += kCols)
      multiply_block(smaller(kRows, m - i), smaller(kCols, n - j), k, a.at(i, 0), b.at(0, j), to.at(i, j));
}

// Some of k at a time. Every block of C packs its columns of B itself: from another core's caches they would
// come at several times the cost. Of a B that is read in place these are what its last full panel leaves.
template <class T>
void multiply_blocks(const GemmArgs<T>& g) {
  const int64_t depth = depth_of(g), in_place = is_read_in_place(g) ? g.n / kPanelCols<T> * kPanelCols<T> : 0;
  const bool streamed = is_streamed(g);
  each_block(g, [&](int64_t i, int64_t m, int64_t j, int64_t n) {
    if (streamed) return StreamedBlock<T>(g, destination_of(g), depth, i, m, j, n).multiply();
    const int64_t whole = clamped(in_place - j, 0, n), rest = n - whole;
    const Scratch scratch(packed_bytes<T>(rest, depth));
    for (int64_t p = 0; p == 0 || p < g.k; p += depth) {
      const int64_t k = smaller(depth, g.k - p);
      const LeftMatrix<T> a = left_of(g).at(i, p);
      const Destination<T> to = (p == 0 ? destination_of(g) : Destination<T>{g.c, g.c_row, true}).at(i, j);
      const T* b = g.b + p * g.b_row + j * g.b_col;
      if (whole) multiply_part(m, whole, k, a, Panels<T>{b, kPanelCols<T>, g.b_row}, to);
      if (rest == 0) continue;
      const Panels<T> packed =
          pack_panels(k, rest, b + whole * g.b_col, g.b_row, g.b_col, static_cast<T*>(scratch.data()));
      multiply_part(m, rest, k, a, packed, to.at(0, whole));
    }
  });
}

// One row, B transposed: each number of C is a sum over memory without gaps.
template <class T>
void multiply_row_by_columns(const GemmArgs<T>& g) {
  const bool serial = g.n * g.k <= kSerialReading;
  const int64_t cols = serial ? g.n : clamped(kChunkReading / (g.k + 1), 1, g.n);
  parallel_for(ceil_div(g.n, cols), [&](int64_t chunk) {
    const int64_t j = chunk * cols;
    multiply_by_columns(smaller(cols, g.n - j), g.k, g.a, g.b + j * g.b_col, g.b_col,
                        destination_of(g).at(0, j));
  });
}

// A small C from a long k, as a weight's gradient is, or one row from all of B: k is cut in a fixed number of
// parts, whose products are added up in order.
template <class T>
struct SplitDepth {
  // Of k at a time, so that A's and B's rows stay in cache over all tiles.
  static constexpr int64_t kStep = 128;
  static constexpr int64_t kChunks = 16;  // at least, where rows can be cut too

  const GemmArgs<T>& g;
  bool one_row;
  int64_t parts = one_row ? clamped(g.k * g.n / kChunkReading, 1, smaller(g.k, kChunks))
                          : clamped(g.k / (4 * kStep), 2, kChunks / 2);
  int64_t depth = ceil_div(g.k, parts), step = ceil_div(depth, ceil_div(depth, kStep));
  int64_t width = round_up(g.n, Vec<T>::kLanes);  // of a partial sum's rows
  T* partial = nullptr;

  // Rows [first, last) of A^T, of these the columns [i, i + m), times the same rows of B into C's partial
  // sum.
  void multiply(int64_t i, int64_t m, int64_t first, int64_t last, T* c) const {
    if (one_row)
      return multiply_by_rows(g.n, last - first, left_of(g).at(0, first), g.b + first * g.b_row, g.b_row, c);
    const int64_t whole = g.b_col == 1 ? g.n / kPanelCols<T> * kPanelCols<T> : 0;
    const Scratch scratch(packed_bytes<T>(g.n - whole, step));
    for (int64_t p = first; p < last; p += step)
      multiply_in_place(m, g.n, whole, smaller(step, last - p), left_of(g).at(i, p), g.b + p * g.b_row,
                        g.b_row, g.b_col, static_cast<T*>(scratch.data()),
                        Destination<T>{c, width, p > first});
  }

  void run() const {
    const int64_t count = ceil_div(g.k, depth), rows = 16, cols = 4096, blocks = ceil_div(g.n, cols);
    // One block where all of B has to be packed, as each would pack it anew.
    const int64_t wanted = g.b_col == 1 ? clamped(kChunks / count, 1, ceil_div(g.m, 2 * kTileRows)) : 1;
    const int64_t block = round_up(ceil_div(g.m, wanted), kTileRows), row_blocks = ceil_div(g.m, block);
    parallel_for(count * row_blocks, [&](int64_t chunk) {
      const int64_t part = chunk / row_blocks, i = chunk % row_blocks * block;
      multiply(i, smaller(block, g.m - i), part * depth, smaller(g.k, (part + 1) * depth),
               partial + (part * g.m + i) * width);
    });
    parallel_for(ceil_div(g.m, rows) * blocks, [&](int64_t chunk) {
      const int64_t first = chunk / blocks * rows, j = chunk % blocks * cols;
      for (int64_t i = first; i < smaller(g.m, first + rows); ++i)
        add_up(smaller(g.n - j, cols), partial + i * width + j, count, g.m * width,
               destination_of(g).at(i, j));
    });
  }
};

template <class T>
void multiply_split(const GemmArgs<T>& g, bool one_row) {
  SplitDepth<T> split{.g = g, .one_row = one_row};
  const Scratch scratch(static_cast<size_t>(split.parts * g.m * split.width) * sizeof(T));
  split.partial = static_cast<T*>(scratch.data());
  split.run();
}

// Whether C is so small beside k that blocks of it would be few or read A and B too often. Rows of A cost
// less to read.
template <class T>
bool is_split(const GemmArgs<T>& g) {
  const int64_t times = g.a_col == 1 ? 8 : 2;
  return g.k >= 512 && g.k >= times * (g.m + g.n) && g.m * g.n <= (1 << 16) && g.m * g.n * g.k > kSerialWork;
}

template <class T>
void multiply_one(const GemmArgs<T>& g) {
  const bool one_row = g.m == 1;
  if (one_row && g.a_col == 1 && g.b_row == 1 && g.k >= kRowSums * Vec<T>::kLanes)
    multiply_row_by_columns(g);
  else if (one_row && g.b_col == 1 && g.n >= 4 * kPanelCols<T> && g.n * g.k > kSerialReading)
    multiply_split(g, true);
  else if (is_split(g))
    multiply_split(g, false);
  else
    multiply_blocks(g);
}

template <class T>
GemmArgs<T> item(GemmArgs<T> g, int64_t i) {
  const int64_t run = g.run ? i / g.run : 0, place = i - run * g.run;
  g.a += run * g.a_run + place * g.a_batch;
  g.b += run * g.b_run + place * g.b_batch;
  g.c += i * g.c_batch;
  if (g.residual) g.residual += i * g.residual_batch;
  g.batch = 1;
  return g;
}

// Batches that share B and follow each other row after row are one taller product.
template <class T>
bool is_one_tall_product(const GemmArgs<T>& g) {
  return g.run == 0 && g.b_batch == 0 && g.a_batch == g.m * g.a_row && g.c_batch == g.m * g.c_row &&
         (!g.residual || g.residual_batch == g.m * g.residual_row);
}

// A matrix times a vector is a vector, as a row, times the transposed matrix.
template <class T>
GemmArgs<T> as_one_row(GemmArgs<T> g) {
  std::swap(g.m, g.n);
  std::swap(g.a, g.b);
  std::swap(g.a_row, g.b_col);
  std::swap(g.a_col, g.b_row);
  std::swap(g.a_batch, g.b_batch);
  std::swap(g.a_run, g.b_run);
  g.c_row = g.n;
  return g;
}

template <class T>
bool is_column(const GemmArgs<T>& g) {
  return g.n == 1 && g.m > 1 && g.c_row == 1 && !g.bias && !g.residual;
}

}  // namespace

template <class T>
void gemm(const GemmArgs<T>& g) {
  if (g.m == 0 || g.n == 0 || g.batch == 0) return;
  if (g.batch > 1 && is_one_tall_product(g)) {
    GemmArgs<T> tall = g;
    tall.m *= g.batch;
    tall.batch = 1;
    return gemm(tall);
  }
  if (is_column(g)) return gemm(as_one_row(g));
  if (g.batch == 1) return multiply_one(g);
  const int64_t work = g.m * g.n * (g.k + 1);
  if (work >= 32 * kChunkWork) {  // enough in each for all threads
    for (int64_t i = 0; i < g.batch; ++i) multiply_one(item(g, i));
    return;
  }
  const int64_t group = work * g.batch <= kSerialWork ? g.batch : clamped(kChunkWork / work, 1, g.batch);
  parallel_for(ceil_div(g.batch, group), [&](int64_t chunk) {
    for (int64_t i = chunk * group; i < smaller(g.batch, (chunk + 1) * group); ++i) multiply_one(item(g, i));
  });
}

template void gemm(const GemmArgs<float>&);
template void gemm(const GemmArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
