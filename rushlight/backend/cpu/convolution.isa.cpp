// Convolutions: which way each goes, Winograd's tiles, a product that reads the image in place, or, here, one
// whose right operand, the columns of the image, is gathered panel by panel: it is never whole in memory. How
// the work is cut depends on shapes alone.
#include "rushlight/backend/cpu/convolution.h"

#include "rushlight/backend/cpu/direct.h"
#include "rushlight/backend/cpu/gather_columns.h"
#include "rushlight/backend/cpu/gemm_block.h"
#include "rushlight/backend/cpu/kernels.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/winograd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

template <class T>
void gemm(const GemmArgs<T>&);

namespace {

// Multiplications that one chunk of parallel work should hold.
constexpr int64_t kChunkWork = 1 << 21;
template <class T>
constexpr int64_t kDepth =
    1024 / sizeof(T);  // channels and taps multiplied in one go: a panel of them fits L1

// -- forward, and the gradient of the image

// The weights that one slide uses, of all groups, for each part of the depth: tiles of pack_left if results
// lie channel after channel, as weights are then the left operand; else panels of output channels.
template <class T>
struct PackedWeights {
  T* data;
  int64_t rows, depth;  // of one group
  bool left;

  int64_t padded_rows() const { return left ? rows : round_up(rows, kPanelCols<T>); }
  T* at(int64_t group, int64_t p) const { return data + (group * depth + p) * padded_rows(); }
};

template <class T>
void pack_weights(const ConvolutionArgs<T>& c, const Slide& slide, int64_t group, PackedWeights<T> to) {
  const auto& [d, h, w] = slide.axis;
  const Scratch scratch(static_cast<size_t>(to.rows * to.depth) * sizeof(T));
  T *flat = static_cast<T*>(scratch.data()), *out = flat;
  const T* from = c.w + group * c.w_group;
  for (int64_t o = 0; o < to.rows; ++o)
    for (int64_t i = 0; i < c.in_channels; ++i) {
      const T* kernel = from + o * c.w_out + i * c.w_in;
      for (int64_t td = 0; td < d.taps; ++td)
        for (int64_t th = 0; th < h.taps; ++th)
          for (int64_t tw = 0; tw < w.taps; ++tw)
            *out++ =
                kernel[((d.w_first + td * d.w_step) * c.kernel[1] + h.w_first + th * h.w_step) * c.kernel[2] +
                       w.w_first + tw * w.w_step];
    }
  for (int64_t p = 0; p < to.depth; p += kDepth<T>) {
    const int64_t k = smaller(kDepth<T>, to.depth - p);
    if (to.left)
      pack_left(to.rows, k, LeftMatrix<T>{flat + p, to.depth, 1}, to.at(group, p));
    else
      pack_panels(k, to.rows, flat + p, 1, to.depth, to.at(group, p));
  }
}

// Positions that one chunk computes: their columns of one depth stay in L2.
template <class T>
int64_t positions_per_chunk(int64_t positions) {
  const int64_t most = 4 * kPanelCols<T>;
  return ceil_div(positions, ceil_div(positions, most));
}

// For each part of the depth: multiply(p, k, columns), columns being the plan's panels of k rows each.
template <class T, class Multiply>
void each_depth(const T* x, const ColumnPlan& plan, int64_t depth, Multiply multiply) {
  const int64_t most = smaller(kDepth<T>, depth);
  const Scratch scratch(static_cast<size_t>(plan.panels() * most * kPanelCols<T>) * sizeof(T));
  T* columns = static_cast<T*>(scratch.data());
  for (int64_t p = 0; p < depth; p += kDepth<T>) {
    const int64_t k = smaller(kDepth<T>, depth - p);
    for (int64_t panel = 0; panel < plan.panels(); ++panel)
      plan.gather(panel, x, p, p + k, columns + panel * k * kPanelCols<T>, kPanelCols<T>);
    multiply(p, k, columns);
  }
}

// The plan's results, `row` apart: a row for each output channel,
template <class T>
void convolve_channels(const T* x, const ColumnPlan& plan, int64_t width, PackedWeights<T> weights,
                       int64_t group, const T* bias, T* results, int64_t row) {
  for (int64_t o = 0; o < weights.rows; ++o)
    for (int64_t j = 0; j < width; ++j) results[o * row + j] = bias ? bias[o] : T(0);
  each_depth(x, plan, weights.depth, [&](int64_t p, int64_t k, const T* columns) {
    multiply_packed_block(weights.rows, width, k, weights.at(group, p),
                          Panels<T>{columns, k * kPanelCols<T>, kPanelCols<T>},
                          Destination<T>{results, row, true});
  });
}

// or for each position.
template <class T>
void convolve_pixels(const T* x, const ColumnPlan& plan, int64_t width, PackedWeights<T> weights,
                     int64_t group, const T* bias, T* results, int64_t row) {
  for (int64_t j = 0; j < width; ++j)
    for (int64_t o = 0; o < weights.rows; ++o) results[j * row + o] = bias ? bias[o] : T(0);
  each_depth(x, plan, weights.depth, [&](int64_t p, int64_t k, const T* columns) {
    for (int64_t panel = 0; panel < plan.panels(); ++panel)
      multiply_block(plan.width_of(panel), weights.rows, k,
                     LeftMatrix<T>{columns + panel * k * kPanelCols<T>, 1, kPanelCols<T>},
                     Panels<T>{weights.at(group, p), k * kPanelCols<T>, kPanelCols<T>},
                     Destination<T>{results + panel * kPanelCols<T> * row, row, true});
  });
}

// One output channel's positions of a slide, from side by side to where they belong.
template <class T>
void scatter(const Slide& slide, const int64_t (&result)[3], int64_t first, int64_t width, const T* from,
             T* to, int64_t pixel) {
  const auto& [d, h, w] = slide.axis;
  for (int64_t j = 0; j < width; ++j) {
    const int64_t at = first + j, line = at / w.positions;
    const int64_t z = d.to_first + line / h.positions * d.to_step,
                  y = h.to_first + line % h.positions * h.to_step;
    const int64_t place = (z * result[1] + y) * result[2] + w.to_first + at % w.positions * w.to_step;
    to[place * pixel] = from[j];
  }
}

template <class T>
bool is_dense(const ConvolutionArgs<T>& c, const Slide& slide) {
  bool dense = true;
  for (int a = 0; a < 3; ++a) dense &= slide.axis[a].to_step == 1 && slide.axis[a].positions == c.result[a];
  return dense;
}

template <class T>
void convolve_slide(const ConvolutionArgs<T>& c, const Slide& slide) {
  const bool dense = is_dense(c, slide), by_pixel = dense && c.y_order.pixel != 1;
  PackedWeights<T> weights{nullptr, c.out_channels, c.in_channels * slide.taps(), !by_pixel};
  const Scratch scratch(static_cast<size_t>(c.groups * weights.padded_rows() * weights.depth) * sizeof(T));
  weights.data = static_cast<T*>(scratch.data());
  parallel_for(c.groups, [&](int64_t group) { pack_weights(c, slide, group, weights); });
  const int64_t positions = slide.positions(), width = positions_per_chunk<T>(positions);
  const int64_t blocks = ceil_div(positions, width);
  // Items of one chunk share its plan.
  const int64_t items = c.images * c.groups;
  const int64_t run = clamped(kChunkWork / (width * weights.rows * (weights.depth + 1)), 1, 8);
  parallel_for(ceil_div(items, run) * blocks, [&](int64_t chunk) {
    const int64_t first = chunk % blocks * width, count = smaller(width, positions - first);
    const ColumnPlan plan(slide, c.x_order, first, count, kPanelCols<T>);
    const Scratch side_by_side(dense ? 0 : static_cast<size_t>(c.out_channels * count) * sizeof(T));
    T* results = static_cast<T*>(side_by_side.data());
    for (int64_t item = chunk / blocks * run; item < smaller(items, (chunk / blocks + 1) * run); ++item) {
      const int64_t image = item / c.groups, group = item % c.groups;
      const T* x = c.x + image * c.x_order.image + group * c.in_channels * c.x_order.channel;
      const T* bias = c.bias ? c.bias + group * c.out_channels : nullptr;
      T* y = c.y + image * c.y_order.image + group * c.out_channels * c.y_order.channel;
      if (by_pixel) {
        convolve_pixels(x, plan, count, weights, group, bias, y + first * c.y_order.pixel, c.y_order.pixel);
        continue;
      }
      if (dense) {
        convolve_channels(x, plan, count, weights, group, bias, y + first, c.y_order.channel);
        continue;
      }
      convolve_channels(x, plan, count, weights, group, bias, results, count);
      for (int64_t o = 0; o < c.out_channels; ++o)
        scatter(slide, c.result, first, count, results + o * count, y + o * c.y_order.channel,
                c.y_order.pixel);
    }
  });
}

// -- the gradient of the weight

// The images are cut into a fixed number of parts, whose sums are added up in order. Each sum is the
// transpose of the gradient: rows are channels and taps.
template <class T>
struct WeightGradient {
  static constexpr int64_t kPositions = 256, kRows = 96;  // columns of so many fit L2

  const WeightGradientArgs<T>& c;
  int64_t depth = c.in_channels * c.slide.taps(), positions = c.slide.positions();
  int64_t size = depth * c.out_channels;
  int64_t row_blocks = ceil_div(depth, kRows);
  int64_t parts = smaller(c.images, ceil_div(16, smaller(16, row_blocks* c.groups)));
  T* sums = nullptr;  // parts x groups x size

  T* sum_of(int64_t part, int64_t group) const { return sums + (part * c.groups + group) * size; }

  // Rows [first, first + rows) of one part's sum.
  void add_part(int64_t part, int64_t group, int64_t first, int64_t rows) const {
    T* sum = sum_of(part, group) + first * c.out_channels;
    for (int64_t i = 0; i < rows * c.out_channels; ++i) sum[i] = 0;
    const int64_t panel_columns = round_up(c.out_channels, kPanelCols<T>);
    const Scratch columns(static_cast<size_t>(rows * kPositions) * sizeof(T));
    const Scratch packed(static_cast<size_t>(panel_columns * kPositions) * sizeof(T));
    T *left = static_cast<T*>(columns.data()), *right = static_cast<T*>(packed.data());
    for (int64_t p = 0; p < positions; p += kPositions) {
      const int64_t k = smaller(kPositions, positions - p);
      const ColumnPlan plan(c.slide, c.x_order, p, k, kPositions);
      const int64_t begin = c.images * part / parts, end = c.images * (part + 1) / parts;
      for (int64_t n = begin; n < end; ++n) {
        const T* x = c.x + n * c.x_order.image + group * c.in_channels * c.x_order.channel;
        plan.gather(0, x, first, first + rows, left, kPositions);
        const auto& [image, channel, pixel] = c.grad_order;
        const T* grad = c.grad + n * image + group * c.out_channels * channel + p * pixel;
        const Panels<T> b = pack_panels(k, c.out_channels, grad, pixel, channel, right);
        multiply_block(rows, c.out_channels, k, LeftMatrix<T>{left, kPositions, 1}, b,
                       Destination<T>{sum, c.out_channels, true});
      }
    }
  }

  // Output o's row of the gradient.
  void write_row(int64_t group, int64_t o) const {
    T* out = c.grad_w + (group * c.out_channels + o) * depth;
    for (int64_t k = 0; k < depth; ++k) {
      T total = 0;
      for (int64_t part = 0; part < parts; ++part) total += sum_of(part, group)[k * c.out_channels + o];
      out[k] = total;
    }
  }

  void run() {
    const Scratch scratch(static_cast<size_t>(parts * c.groups * size) * sizeof(T));
    sums = static_cast<T*>(scratch.data());
    parallel_for(parts * c.groups * row_blocks, [&](int64_t chunk) {
      const int64_t first = chunk % row_blocks * kRows, item = chunk / row_blocks;
      add_part(item / c.groups, item % c.groups, first, smaller(kRows, depth - first));
    });
    parallel_ranges(c.groups * c.out_channels, depth * parts, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) write_row(row / c.out_channels, row % c.out_channels);
    });
  }
};

// -- kernels of one tap

bool stays_in_place(const SlideAxis& a) {
  return a.taps == 1 && a.step == 1 && a.first == 0 && a.positions == a.image && a.to_step == 1;
}

// Whether images that lie channel after channel should stay so: their convolution is a product as it stands.
// Where they are several, and results not what there is most of, turning them first is faster.
template <class T>
bool is_product(const ConvolutionArgs<T>& c) {
  if (c.slide_count != 1 || c.groups != 1 || c.bias || c.x_order.pixel != 1 || c.y_order.pixel != 1)
    return false;
  const auto& [d, h, w] = c.slides[0].axis;
  if (!stays_in_place(d) || !stays_in_place(h) || !stays_in_place(w)) return false;
  return c.images == 1 || (c.in_channels < c.out_channels && c.slides[0].positions() >= 256);
}

template <class T>
void multiply_images(const ConvolutionArgs<T>& c) {
  gemm(GemmArgs<T>{.m = c.out_channels,
                   .n = c.slides[0].positions(),
                   .k = c.in_channels,
                   .a = c.w,
                   .a_row = c.w_out,
                   .a_col = c.w_in,
                   .b = c.x,
                   .b_row = c.x_order.channel,
                   .c = c.y,
                   .c_row = c.y_order.channel,
                   .batch = c.images,
                   .b_batch = c.x_order.image,
                   .c_batch = c.y_order.image});
}

}  // namespace

template <class T>
void convolution(const ConvolutionArgs<T>& args) {
  if (is_product(args)) return multiply_images(args);
  if constexpr (sizeof(T) == sizeof(float))
    if (args.allow_winograd && args.slide_count == 1 &&
        winograd_fits(args.slides[0], args.in_channels, args.out_channels))
      return winograd_convolution(args, args.slides[0]);
  if (direct_fits(args)) return direct_convolution(args);
  for (int64_t i = 0; i < args.slide_count; ++i) convolve_slide(args, args.slides[i]);
}

template <class T>
void convolution_weight_gradient(const WeightGradientArgs<T>& args) {
  if constexpr (sizeof(T) == sizeof(float))
    if (args.allow_winograd && winograd_fits(args.slide, args.in_channels, args.out_channels))
      return winograd_weight_gradient(args);
  if (direct_fits(args)) return direct_weight_gradient(args);
  WeightGradient<T>{.c = args}.run();
}

template void convolution(const ConvolutionArgs<float>&);
template void convolution(const ConvolutionArgs<double>&);
template void convolution_weight_gradient(const WeightGradientArgs<float>&);
template void convolution_weight_gradient(const WeightGradientArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
