// Matrix products: which way to cut them, and the parallel loops over the pieces. How each choice falls
// depends on the shapes and strides alone, so that the bits do not depend on the threads.
#include "rushlight/backend/cpu/gemm.h"

#include "rushlight/backend/cpu/gemm_row.h"
#include "rushlight/backend/cpu/kernels.h"
#include "rushlight/backend/cpu/scratch.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

// Multiplications that one chunk of parallel work should hold: about 20 us, far above the cost of claiming
// it.
constexpr int64_t kChunkWork = 1 << 20;
constexpr int64_t kSerialWork = 1 << 19;  // not worth waking a thread
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

template <class T>
size_t packed_bytes(int64_t n, int64_t k) {
  return static_cast<size_t>(round_up(n, kPanelCols<T>) * k) * sizeof(T);
}

template <class T>
Panels<T> prepacked(const GemmArgs<T>& g) {
  return {g.packed_b, g.k * kPanelCols<T>, kPanelCols<T>};
}

// Rows [p, p + k), columns [j, j + n) of B as panels in `out`, which several threads fill if it pays.
template <class T>
Panels<T> pack_right(const GemmArgs<T>& g, int64_t p, int64_t k, int64_t j, int64_t n, T* out) {
  const T* b = g.b + p * g.b_row + j * g.b_col;
  const int64_t cols =
      k * n < (1 << 15) ? n : clamped(round_up((1 << 14) / k, kPanelCols<T>), kPanelCols<T>, n);
  parallel_for(ceil_div(n, cols), [&](int64_t chunk) {
    const int64_t first = chunk * cols;
    pack_panels(k, smaller(cols, n - first), b + first * g.b_col, g.b_row, g.b_col, out + first * k);
  });
  return {out, k * kPanelCols<T>, kPanelCols<T>};
}

// One pass over all of k: tiles start and end in registers. A is read in place.
template <class T>
void multiply_panels(const GemmArgs<T>& g, Panels<T> b, int64_t n) {
  const Destination<T> to = destination_of(g);
  const bool serial = g.m * n * g.k <= kSerialWork;
  const int64_t rows = serial ? g.m
                              : smaller(g.m, clamped(kChunkWork / (n * g.k) / kTileRows * kTileRows,
                                                     8 * kTileRows, 256 * kTileRows));
  const int64_t cols =
      serial ? n : smaller(n, round_up(clamped(kChunkWork / (rows * g.k), kPanelCols<T>, n), kPanelCols<T>));
  const int64_t col_chunks = ceil_div(n, cols);
  parallel_for(ceil_div(g.m, rows) * col_chunks, [&](int64_t chunk) {
    const int64_t i = chunk / col_chunks * rows, j = chunk % col_chunks * cols;
    multiply_block(smaller(rows, g.m - i), smaller(cols, n - j), g.k, left_of(g).at(i, 0), b.at(0, j),
                   to.at(i, j));
  });
}

// B read in place, but for the columns after its last full panel.
template <class T>
void multiply_unpacked(const GemmArgs<T>& g) {
  const int64_t full = g.n / kPanelCols<T> * kPanelCols<T>;
  if (full) multiply_panels(g, Panels<T>{g.b, kPanelCols<T>, g.b_row}, full);
  if (full == g.n) return;
  GemmArgs<T> rest = g;
  rest.n -= full;
  rest.b += full;
  rest.c += full;
  if (g.bias) rest.bias += full;
  if (g.residual) rest.residual += full;
  const Scratch scratch(packed_bytes<T>(rest.n, g.k));
  multiply_panels(rest, pack_right(rest, 0, g.k, 0, rest.n, static_cast<T*>(scratch.data())), rest.n);
}

// Tall and thin: B is packed once, whole, and stays in L2 while all rows of A pass by.
template <class T>
void multiply_tall(const GemmArgs<T>& g) {
  const Scratch scratch(packed_bytes<T>(g.n, g.k));
  multiply_panels(g, pack_right(g, 0, g.k, 0, g.n, static_cast<T*>(scratch.data())), g.n);
}

// B packed in blocks that fit the caches: a panel in L1 or nearly so, all panels in L3, while a block of A's
// rows stays in L2. Rows are read in place; only columns, whose numbers lie far apart, are packed too.
template <class T>
void multiply_packed(const GemmArgs<T>& g) {
  constexpr int64_t kDepth = 1536 / sizeof(T), kRows = 24 * kTileRows, kCols = 4096, kChunks = 32;
  constexpr int64_t kLeastPacked = 8 * kPanelCols<T>;  // columns for which packing a transposed A pays
  const int64_t depth = ceil_div(g.k, ceil_div(g.k, kDepth));
  const int64_t rows = round_up(ceil_div(g.m, ceil_div(g.m, kRows)), kTileRows);
  const int64_t cols = smaller(g.n, kCols), row_blocks = ceil_div(g.m, rows);
  const Scratch scratch(g.packed_b ? 0 : packed_bytes<T>(cols, depth));
  for (int64_t j = 0; j < g.n; j += cols) {
    const int64_t n = smaller(cols, g.n - j);
    const int64_t part = round_up(ceil_div(n, clamped(kChunks / row_blocks, 1, n)), kPanelCols<T>);
    const int64_t parts = ceil_div(n, part);
    for (int64_t p = 0; p < g.k; p += depth) {
      const int64_t k = smaller(depth, g.k - p);
      const Panels<T> b =
          g.packed_b ? prepacked(g).at(p, j) : pack_right(g, p, k, j, n, static_cast<T*>(scratch.data()));
      Destination<T> to = destination_of(g);
      if (p > 0) to = {g.c, g.c_row, true};
      parallel_for(row_blocks * parts, [&](int64_t chunk) {
        const int64_t i = chunk / parts * rows, first = chunk % parts * part, m = smaller(rows, g.m - i);
        const LeftMatrix<T> left = left_of(g).at(i, p);
        if (g.a_col == 1 || part < kLeastPacked)
          return multiply_block(m, smaller(part, n - first), k, left, b.at(0, first), to.at(i, j + first));
        const Scratch mine(static_cast<size_t>(m * k) * sizeof(T));
        T* a = static_cast<T*>(mine.data());
        pack_left(m, k, left, a);
        multiply_packed_block(m, smaller(part, n - first), k, a, b.at(0, first), to.at(i, j + first));
      });
    }
  }
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
  static constexpr int64_t kStep =
      128;  // of k at a time, so that A's and B's rows stay in cache over all tiles
  static constexpr int64_t kMostParts = 16, kChunks = 16;

  const GemmArgs<T>& g;
  bool one_row;
  int64_t parts = one_row ? clamped(g.k * g.n / kChunkReading, 1, smaller(g.k, kMostParts))
                          : clamped(g.k / (4 * kStep), 2, kMostParts);
  int64_t depth = round_up(ceil_div(g.k, parts), one_row ? 1 : kStep);
  int64_t width = round_up(g.n, Vec<T>::kLanes);  // of a partial sum's rows
  T* partial = nullptr;

  // Rows [first, last) of A^T, of these the columns [i, i + m), times the same rows of B into C's partial
  // sum.
  void multiply(int64_t i, int64_t m, int64_t first, int64_t last, T* c) const {
    if (one_row)
      return multiply_by_rows(g.n, last - first, left_of(g).at(0, first), g.b + first * g.b_row, g.b_row, c);
    const int64_t full = g.b_col == 1 ? g.n / kPanelCols<T> * kPanelCols<T> : 0, rest = g.n - full;
    const Scratch scratch(packed_bytes<T>(rest, kStep));
    for (int64_t p = first; p < last; p += kStep) {
      const int64_t k = smaller(kStep, last - p);
      const Destination<T> to{c, width, p > first};
      const LeftMatrix<T> a = left_of(g).at(i, p);
      const T* b = g.b + p * g.b_row;
      if (full) multiply_block(m, full, k, a, Panels<T>{b, kPanelCols<T>, g.b_row}, to);
      if (rest == 0) continue;
      const T* rest_b = b + full * g.b_col;
      multiply_block(m, rest, k, a,
                     pack_panels(k, rest, rest_b, g.b_row, g.b_col, static_cast<T*>(scratch.data())),
                     to.at(0, full));
    }
  }

  void add_up(int64_t i, int64_t first, int64_t last, int64_t count) const {
    const Destination<T> to = destination_of(g);
    for (int64_t j = first; j < last; j += Vec<T>::kLanes) {
      const int64_t cols = smaller(g.n - j, Vec<T>::kLanes);
      const T* from = partial + i * width + j;
      Vec<T> sum = load(from);
      for (int64_t part = 1; part < count; ++part) sum += load(from + part * g.m * width);
      finish(to, i, j, sum, cols);
    }
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
        add_up(i, j, smaller(g.n, j + cols), count);
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

template <class T>
void multiply_one(const GemmArgs<T>& g) {
  constexpr int64_t kTallDepth = 2048 / sizeof(T), kTallBytes = 1 << 18, kFewRows = 24 * kTileRows;
  const bool split =
      g.k >= 512 && g.m * g.n <= (1 << 16) && g.k >= g.m + g.n && g.m * g.n * g.k > kSerialWork;
  const bool small = g.m <= 4 * kTileRows || g.m * g.n * g.k <= 128 * 128 * 128;
  // Few rows are not worth packing for each part of the columns.
  const bool tall = g.m <= kFewRows ? packed_bytes<T>(g.n, g.k) <= 2 * kTallBytes
                                    : g.k <= kTallDepth && packed_bytes<T>(g.n, g.k) <= kTallBytes;
  const bool one_row = g.m == 1 && !g.packed_b;
  if (one_row && g.a_col == 1 && g.b_row == 1 && g.k >= kRowSums * Vec<T>::kLanes)
    multiply_row_by_columns(g);
  else if (one_row && g.b_col == 1 && g.n >= 4 * kPanelCols<T> && g.n * g.k > kSerialReading)
    multiply_split(g, true);
  else if (split && !g.packed_b)
    multiply_split(g, false);
  else if (small && g.b_col == 1 && !g.packed_b)
    multiply_unpacked(g);
  else if (!small && !tall)
    multiply_packed(g);
  else if (g.packed_b)
    multiply_panels(g, prepacked(g), g.n);
  else
    multiply_tall(g);
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
  return g.n == 1 && g.m > 1 && g.c_row == 1 && !g.bias && !g.residual && !g.packed_b;
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

template <class T>
int64_t gemm_packed_size(int64_t n, int64_t k) {
  return round_up(n, kPanelCols<T>) * k;
}

template <class T>
void gemm_pack(int64_t n, int64_t k, const T* b, int64_t b_row, int64_t b_col, T* out) {
  if (k > 0) pack_right(GemmArgs<T>{.b = b, .b_row = b_row, .b_col = b_col}, 0, k, 0, n, out);
}

template void gemm(const GemmArgs<float>&);
template void gemm(const GemmArgs<double>&);
template int64_t gemm_packed_size<float>(int64_t, int64_t);
template int64_t gemm_packed_size<double>(int64_t, int64_t);
template void gemm_pack(int64_t, int64_t, const float*, int64_t, int64_t, float*);
template void gemm_pack(int64_t, int64_t, const double*, int64_t, int64_t, double*);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
