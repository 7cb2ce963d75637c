// Products with a packed weight. With few rows they take as long as reading the weight does: each chunk reads
// one straight line of memory, asked for ahead of time, widens what it reads in registers, and keeps several
// sums so that no addition waits for another.
#include "rushlight/backend/cpu/packed_linear.h"

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/kernels.h"
#include "rushlight/backend/cpu/widen.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

constexpr int kVectors = static_cast<int>(kPanelOutputs) / Vec<float>::kLanes;
static_assert(kVectors > 0);

// Sums of 12 registers at most: Rows x kVectors x parts of the inputs.
constexpr int64_t kTileRows = 12 / (kVectors < 2 ? 2 : kVectors);
constexpr int kSums = 8;  // that hide the latency of a multiplication
constexpr int64_t kChunkBytes = 1 << 16;
constexpr int64_t kSerialWork = 1 << 19;  // not worth waking a thread, if it does not wait for memory either
constexpr int64_t kAhead = 4096;  // bytes; machines that fetch ahead by themselves stop at the end of a page

template <int Rows>
struct Tile {
  Vec<float> at[Rows][kVectors];

  RUSHLIGHT_INLINE void clear() {
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) at[i][v] = 0;
  }
  // The outer product of Rows inputs and 16 weights.
  template <class T>
  RUSHLIGHT_INLINE void add_product(const float* x, int64_t x_row, const T* weight) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const Vec<float> w = widen(weight + v * Vec<float>::kLanes);
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) at[i][v] = multiply_add(Vec<float>::splat(x[i * x_row]), w, at[i][v]);
    }
  }
  RUSHLIGHT_INLINE void add(const Tile& other) {
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) at[i][v] += other.at[i][v];
  }
  RUSHLIGHT_INLINE void add_scaled(const Tile& other, const float* scale) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const Vec<float> factor = load(scale + v * Vec<float>::kLanes);
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) at[i][v] = multiply_add(other.at[i][v], factor, at[i][v]);
    }
  }
};

// Asks for what lies kAhead behind input `s` of a step, once for each line of the cache.
template <class T>
RUSHLIGHT_INLINE void fetch_ahead(const T* weight, int s) {
  constexpr int kInputsOfLine = 64 / (kPanelOutputs * static_cast<int>(sizeof(T)));
  if (s % kInputsOfLine == 0) __builtin_prefetch(reinterpret_cast<const char*>(weight) + kAhead);
}

// The products over `features` inputs that lie side by side, summed in as many parts as it takes.
template <class T, int Rows>
RUSHLIGHT_INLINE Tile<Rows> sum_of_products(int64_t features, const float* x, int64_t x_row,
                                            const T* weight) {
  constexpr int kParts = static_cast<int>(ceil_div(kSums, Rows * kVectors));
  Tile<Rows> part[kParts];
#pragma GCC unroll 8
  for (int s = 0; s < kParts; ++s) part[s].clear();
  int64_t p = 0;
  for (; p + kParts <= features; p += kParts)
#pragma GCC unroll 8
    for (int s = 0; s < kParts; ++s) {
      fetch_ahead(weight + (p + s) * kPanelOutputs, s);
      part[s].add_product(x + p + s, x_row, weight + (p + s) * kPanelOutputs);
    }
  for (; p < features; ++p) part[0].add_product(x + p, x_row, weight + p * kPanelOutputs);
#pragma GCC unroll 8
  for (int s = 1; s < kParts; ++s) part[0].add(part[s]);
  return part[0];
}

// Rows rows of y from row i on, one panel wide.
template <class T, int Rows>
[[gnu::noinline]] void multiply_panel(const PackedLinearArgs& args, int64_t i, int64_t panel) {
  const T* weight = static_cast<const T*>(args.weight) + panel * args.features * kPanelOutputs;
  const float* x = args.x + i * args.features;
  Tile<Rows> sum;
  if (args.scale) {
    const float* scale = args.scale + panel * args.groups * kPanelOutputs;
    const int64_t size = args.features / args.groups;
    sum.clear();
    for (int64_t group = 0; group < args.groups; ++group)
      sum.add_scaled(sum_of_products<T, Rows>(size, x + group * size, args.features,
                                              weight + group * size * kPanelOutputs),
                     scale + group * kPanelOutputs);
  } else {
    sum = sum_of_products<T, Rows>(args.features, x, args.features, weight);
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const int64_t j = panel * kPanelOutputs + v * Vec<float>::kLanes, columns = args.outputs - j;
    const Vec<float> bias = args.bias ? load_partial(args.bias + j, columns) : Vec<float>(0);
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r)
      store_partial(args.y + (i + r) * args.outputs + j, sum.at[r][v] + bias, columns);
  }
}

using PanelFunction = void (*)(const PackedLinearArgs&, int64_t i, int64_t panel);

// By the height of the tile, from 1 on.
struct PanelFunctions {
  PanelFunction of_rows[kTileRows];
};
template <class T, int... Row>
constexpr PanelFunctions panel_functions(std::integer_sequence<int, Row...>) {
  return {{multiply_panel<T, Row + 1>...}};
}
template <class T>
constexpr PanelFunctions kPanelFunctions = panel_functions<T>(std::make_integer_sequence<int, kTileRows>{});

const PanelFunctions& functions_for(DType dtype) {
  switch (dtype) {
    case DType::bfloat16: return kPanelFunctions<BFloat16>;
    case DType::float16: return kPanelFunctions<Half>;
    case DType::int8: return kPanelFunctions<int8_t>;
    default: return kPanelFunctions<float>;
  }
}

}  // namespace

// Blocks of rows whose inputs stay in L2; under each, panels that stay in cache while the block passes by.
void packed_linear(const PackedLinearArgs& args) {
  const PanelFunctions& functions = functions_for(args.dtype);
  const int64_t panels = ceil_div(args.outputs, kPanelOutputs);
  const int64_t panel_bytes = args.features * kPanelOutputs * static_cast<int64_t>(size_of(args.dtype)) + 1;
  const int64_t block = clamped((1 << 16) / (args.features + 1) / kTileRows, 1, 16) * kTileRows;
  const bool serial =
      args.rows * args.features * args.outputs <= kSerialWork && panels * panel_bytes <= 2 * kChunkBytes;
  const int64_t group = serial ? panels : clamped(kChunkBytes / panel_bytes, 1, panels);
  const int64_t groups = ceil_div(panels, group), blocks = ceil_div(args.rows, block);
  parallel_for(blocks * groups, [&](int64_t chunk) {
    const int64_t first = chunk / groups * block, end = smaller(args.rows, first + block);
    const int64_t panel = chunk % groups * group, panel_end = smaller(panels, panel + group);
    for (int64_t j = panel; j < panel_end; ++j)
      for (int64_t i = first; i < end; i += kTileRows)
        functions.of_rows[smaller(kTileRows, end - i) - 1](args, i, j);
  });
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
