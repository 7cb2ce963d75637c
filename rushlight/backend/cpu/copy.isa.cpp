// Copies between any two layouts. Dimensions that run together are merged; the two that matter most, those in
// which `out` and `in` have their smallest steps, become an inner matrix, which is copied by rows or
// transposed by blocks.
#include "rushlight/backend/cpu/copy.h"

#include "rushlight/backend/cpu/bytes16.h"
#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

struct Dimension {
  int64_t size, out, in;  // strides
};

int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

// The dimensions of a copy, those of small steps in `out` last.
struct Loop {
  Dimension* dims;
  int count = 0;

  Loop(const CopyArgs& args, Dimension* memory) : dims(memory) {
    for (int d = 0; d < args.dims; ++d)
      if (args.sizes[d] != 1) insert({args.sizes[d], args.out_strides[d], args.in_strides[d]});
    merge();
    if (count == 0) dims[count++] = {1, 1, 1};
  }

  void insert(Dimension added) {
    int at = count++;
    for (; at > 0 && magnitude(dims[at - 1].out) < magnitude(added.out); --at) dims[at] = dims[at - 1];
    dims[at] = added;
  }

  void merge() {
    int kept = 0;
    for (int d = 1; d < count; ++d) {
      Dimension &outer = dims[kept], inner = dims[d];
      if (outer.out == inner.out * inner.size && outer.in == inner.in * inner.size)
        outer = {outer.size * inner.size, inner.out, inner.in};
      else
        dims[++kept] = inner;
    }
    if (count > 0) count = kept + 1;
  }

  // A dimension in which `in` is contiguous but `out` is not becomes the last but one: the matrix is then
  // transposed.
  void bring_matrix_inside() {
    int best = count - 2;
    for (int d = 0; d < count - 2; ++d)
      if (dims[d].in == 1) best = d;
    const Dimension moved = dims[best];
    for (int d = best; d < count - 2; ++d) dims[d] = dims[d + 1];
    dims[count - 2] = moved;
  }
};

template <class E>
void copy_row(int64_t n, E* out, int64_t out_step, const E* in, int64_t in_step) {
  if (out_step == 1 && in_step == 1)
    __builtin_memcpy(out, in, static_cast<size_t>(n) * sizeof(E));
  else
    for (int64_t i = 0; i < n; ++i) out[i * out_step] = in[i * in_step];
}

// out has its rows, in its columns side by side.
template <class E>
void transpose_block(int64_t rows, int64_t cols, E* out, int64_t out_row, const E* in, int64_t in_col) {
  constexpr int lanes = Vec<float>::kLanes;
  if (sizeof(E) == 4 && rows == lanes && cols == lanes) {
    Vec<float> square[lanes];
    for (int j = 0; j < lanes; ++j) __builtin_memcpy(&square[j].lanes, in + j * in_col, sizeof square[j]);
    transpose<lanes / 2>(square);
    for (int i = 0; i < lanes; ++i) __builtin_memcpy(out + i * out_row, &square[i].lanes, sizeof square[i]);
    return;
  }
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j) out[i * out_row + j] = in[i + j * in_col];
}

template <class E>
void copy_matrix(Dimension rows, Dimension cols, E* out, const E* in) {
  constexpr int64_t kBlock = Vec<float>::kLanes;
  if (rows.in != 1 || cols.out != 1 || cols.in == 1) {
    for (int64_t i = 0; i < rows.size; ++i)
      copy_row(cols.size, out + i * rows.out, cols.out, in + i * rows.in, cols.in);
    return;
  }
  for (int64_t i = 0; i < rows.size; i += kBlock)
    for (int64_t j = 0; j < cols.size; j += kBlock)
      transpose_block(smaller(kBlock, rows.size - i), smaller(kBlock, cols.size - j), out + i * rows.out + j,
                      rows.out, in + i + j * cols.in, cols.in);
}

template <class E>
void copy_elements(const CopyArgs& args) {
  const Scratch scratch(static_cast<size_t>(args.dims + 2) * sizeof(Dimension));
  Loop loop(args, static_cast<Dimension*>(scratch.data()));
  if (loop.count == 1) loop.insert({1, INT64_MAX, 1});
  loop.bring_matrix_inside();
  const Dimension rows = loop.dims[loop.count - 2], cols = loop.dims[loop.count - 1];
  const int outer_dims = loop.count - 2;
  int64_t matrices = 1;
  for (int d = 0; d < outer_dims; ++d) matrices *= loop.dims[d].size;
  if (matrices * rows.size * cols.size == 0) return;

  // A large matrix is cut by rows, and a long row alone by columns.
  const int64_t col_step = rows.size == 1 ? smaller(cols.size, kChunkNumbers) : cols.size;
  const int64_t row_step =
      smaller(rows.size, round_up(items_per_chunk(rows.size, col_step), Vec<float>::kLanes));
  const int64_t row_chunks = ceil_div(rows.size, row_step), col_chunks = ceil_div(cols.size, col_step);
  parallel_ranges(matrices * row_chunks * col_chunks, row_step * col_step, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      const int64_t i = chunk / col_chunks % row_chunks * row_step, j = chunk % col_chunks * col_step;
      int64_t out = i * rows.out + j * cols.out, in = i * rows.in + j * cols.in;
      int64_t matrix = chunk / col_chunks / row_chunks;
      for (int d = outer_dims - 1; d >= 0; --d) {
        const Dimension& dim = loop.dims[d];
        out += matrix % dim.size * dim.out;
        in += matrix % dim.size * dim.in;
        matrix /= dim.size;
      }
      copy_matrix<E>({smaller(row_step, rows.size - i), rows.out, rows.in},
                     {smaller(col_step, cols.size - j), cols.out, cols.in}, static_cast<E*>(args.out) + out,
                     static_cast<const E*>(args.in) + in);
    }
  });
}

// Past the caches: a store that goes by them need not read first what it overwrites.
template <class E>
void stream(E* out, int64_t count, E value) {
  constexpr int64_t kLine = 64 / sizeof(E);
  int64_t i = 0;
  for (; i < count && reinterpret_cast<uintptr_t>(out + i) % 64 != 0; ++i) out[i] = value;
  E line[kLine];
  for (E& element : line) element = value;
  __m128i part;
  __builtin_memcpy(&part, line, sizeof part);
  for (; i + kLine <= count; i += kLine)
    for (int quarter = 0; quarter < 4; ++quarter)
      _mm_stream_si128(reinterpret_cast<__m128i*>(out + i) + quarter, part);
  _mm_sfence();
  for (; i < count; ++i) out[i] = value;
}

template <class E>
void fill_elements(const FillArgs& args) {
  constexpr int64_t kPastCaches = int64_t{8} << 20;
  E value;
  __builtin_memcpy(&value, args.value, sizeof value);
  E* out = static_cast<E*>(args.out);
  const bool streams = args.count * static_cast<int64_t>(sizeof(E)) >= kPastCaches;
  parallel_ranges(args.count, 1, [&](int64_t begin, int64_t end) {
    if (streams) return stream(out + begin, end - begin, value);
    for (int64_t i = begin; i < end; ++i) out[i] = value;
  });
}

}  // namespace

void copy(const CopyArgs& args) {
  switch (args.element_bytes) {
    case 1: return copy_elements<uint8_t>(args);
    case 2: return copy_elements<uint16_t>(args);
    case 4: return copy_elements<uint32_t>(args);
    case 8: return copy_elements<uint64_t>(args);
    default: return copy_elements<Bytes16>(args);
  }
}

void fill(const FillArgs& args) {
  switch (args.element_bytes) {
    case 1: return fill_elements<uint8_t>(args);
    case 2: return fill_elements<uint16_t>(args);
    case 4: return fill_elements<uint32_t>(args);
    case 8: return fill_elements<uint64_t>(args);
    default: return fill_elements<Bytes16>(args);
  }
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
