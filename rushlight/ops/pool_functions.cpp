// Pooling by spatial rank, as PyTorch names it, and what follows from it: unpooling, norms of windows.
#include <cmath>

#include "rushlight/ops/image_rules.h"

namespace rushlight {

namespace {

// No stride is the window's own size.
const IntList& stride_or(const OptionalIntList& stride, const IntList& kernel_size) {
  return stride && !stride->empty() ? *stride : kernel_size;
}

template <class Options>
MaxPoolResult largest(const char* op, const Tensor& input, const IntList& kernel_size, const Options& o,
                      int rank) {
  return in_batches(op, input, rank, [&](const Tensor& x) {
    return max_pool(x, kernel_size, stride_or(o.stride, kernel_size), o.padding, o.dilation, o.ceil_mode);
  });
}

template <class Options>
Tensor window_means(const char* op, const Tensor& input, const IntList& kernel_size, const Options& o,
                    int rank, std::optional<int64_t> divisor) {
  return in_batches(op, input, rank, [&](const Tensor& x) {
    return avg_pool(x, kernel_size, stride_or(o.stride, kernel_size), o.padding, o.ceil_mode,
                    o.count_include_pad, divisor);
  });
}

// One size for each spatial dimension of an image; those that are not said are its own.
IntList full_size(const char* op, const Tensor& image, const IntList& output_size) {
  auto rank = static_cast<size_t>(image.rank() - 2);
  IntList size;
  if (output_size.size() == 1 || output_size.size() == rank)
    for (size_t d = 0; d < rank; ++d)
      size.push_back(each(output_size, d) == kUnsaid ? image.shape()[d + 2] : each(output_size, d));
  expect_numbers(op, "output_size", size.empty() ? output_size : size, rank, 0);
  return size;
}

AdaptiveMaxPoolResult adaptive_largest(const char* op, const Tensor& input, const IntList& output_size,
                                       int rank) {
  return in_batches(op, input, rank,
                    [&](const Tensor& x) { return adaptive_max_pool(x, full_size(op, x, output_size)); });
}
Tensor adaptive_mean(const char* op, const Tensor& input, const IntList& output_size, int rank) {
  return in_batches(op, input, rank,
                    [&](const Tensor& x) { return resample(x, full_size(op, x, output_size), "area"); });
}

// -- unpooling

// The spatial shape that pooling shrank to that of `image`, or the one that is asked for, where it may be.
template <class Options>
Shape unpooled_shape(const char* op, IntSpan image, const IntList& kernel_size, const Options& o) {
  size_t rank = image.size() - 2;
  const IntList& stride = stride_or(o.stride, kernel_size);
  expect_numbers(op, "kernel_size", kernel_size, rank, 1);
  expect_numbers(op, "stride", stride, rank, 1);
  expect_numbers(op, "padding", o.padding, rank, 0);
  const bool asked = o.output_size.has_value();
  IntList wanted = *o.output_size;  // nothing where it was not asked for
  if (wanted.size() == rank + 2) wanted = IntSpan(wanted).subspan(2);
  if (asked && wanted.size() != rank)
    fail(ErrorKind::value, "[", op, "] output_size must have ", rank, " or ", rank + 2,
         " numbers, but it is ", static_cast<const Ints&>(wanted));
  Shape shape;
  for (size_t d = 0; d < rank; ++d) {
    Window window{each(kernel_size, d), each(stride, d), each(o.padding, d)};
    int64_t usual = window.extent(image[d + 2]), size = asked ? wanted[d] : usual;
    if (size < 0 || size <= usual - window.stride || size >= usual + window.stride)
      fail(ErrorKind::value, "[", op, "] output_size ", size, " of dimension ", d, " must be above ",
           usual - window.stride, " and below ", usual + window.stride, ", and not negative");
    shape.push_back(size);
  }
  return shape;
}

template <class Options>
Tensor unpooled(const char* op, const Tensor& input, const Tensor& indices, const IntList& kernel_size,
                const Options& o, int rank) {
  if (!indices.defined() || indices.dtype() != DType::int64)
    fail(ErrorKind::runtime, "[", op, "] indices must be a tensor of dtype int64, as pooling returns them");
  return in_batches(op, input, rank, [&](const Tensor& x) {
    if (!input.layout().same_shape(indices.layout()))
      fail(ErrorKind::runtime, "[", op, "] indices must have the shape of input, ", input.shape(),
           ", but their shape is ", indices.shape());
    for (size_t d = 1; d < x.shape().size(); ++d)
      if (x.shape()[d] == 0)
        fail(ErrorKind::runtime, "[", op, "] only the batch may be empty, but the shape is ", input.shape());
    Shape shape{x.size(0), x.size(1)};
    int64_t windows = x.size(0) ? x.numel() / (x.size(0) * x.size(1)) : 0;
    for (int64_t size : unpooled_shape(op, x.shape(), kernel_size, o)) shape.push_back(size);
    int64_t places = checked_numel(spatial(span_of(shape)), op);
    Tensor nothing = zeros({shape[0], shape[1], places}, {.dtype = x.dtype()});
    IntList flat{shape[0], shape[1], windows};
    return reshape(scatter(nothing, -1, reshape(indices, flat), reshape(x, flat)), shape);
  });
}

// -- norms

template <class Options>
Tensor norm_of_windows(const char* op, const Tensor& input, double order, const IntList& kernel_size,
                       const Options& o, int rank) {
  expect_numbers(op, "kernel_size", kernel_size, static_cast<size_t>(rank), 1);
  if (order == 0) fail(ErrorKind::value, "[", op, "] norm_type must not be 0: there is no root of order 0");
  return in_batches(op, input, rank, [&](const Tensor& x) {
    const IntList& stride = stride_or(o.stride, kernel_size);
    auto extreme = [&](const Tensor& sizes) {
      return max_pool(sizes, kernel_size, stride, 0, 1, o.ceil_mode).output;
    };
    if (std::isinf(order)) return order > 0 ? extreme(abs(x)) : -extreme(-abs(x));
    double elements = 1;
    for (size_t d = 0; d < static_cast<size_t>(rank); ++d)
      elements *= static_cast<double>(each(kernel_size, d));
    Tensor means = avg_pool(pow(x, order), kernel_size, stride, 0, o.ceil_mode, true, {});
    return pow(sign(means) * relu(abs(means)) * elements, 1 / order);
  });
}

}  // namespace

#define RUSHLIGHT_POOLS(rank, nd, divisor)                                                                  \
  Tensor max_pool##nd(const Tensor& input, const IntList& kernel_size, const MaxPool##nd##Options& o) {     \
    return largest("max_pool" #nd, input, kernel_size, o, rank).output;                                     \
  }                                                                                                         \
  MaxPool##nd##WithIndicesResult max_pool##nd##_with_indices(                                               \
      const Tensor& input, const IntList& kernel_size, const MaxPool##nd##WithIndicesOptions& o) {          \
    auto [output, indices] = largest("max_pool" #nd "_with_indices", input, kernel_size, o, rank);          \
    return {output, indices};                                                                               \
  }                                                                                                         \
  Tensor avg_pool##nd(const Tensor& input, const IntList& kernel_size, const AvgPool##nd##Options& o) {     \
    return window_means("avg_pool" #nd, input, kernel_size, o, rank, divisor);                              \
  }                                                                                                         \
  Tensor adaptive_max_pool##nd(const Tensor& input, const IntList& output_size) {                           \
    return adaptive_largest("adaptive_max_pool" #nd, input, output_size, rank).output;                      \
  }                                                                                                         \
  AdaptiveMaxPool##nd##WithIndicesResult adaptive_max_pool##nd##_with_indices(const Tensor& input,          \
                                                                              const IntList& output_size) { \
    auto [output, indices] =                                                                                \
        adaptive_largest("adaptive_max_pool" #nd "_with_indices", input, output_size, rank);                \
    return {output, indices};                                                                               \
  }                                                                                                         \
  Tensor adaptive_avg_pool##nd(const Tensor& input, const IntList& output_size) {                           \
    return adaptive_mean("adaptive_avg_pool" #nd, input, output_size, rank);                                \
  }                                                                                                         \
  Tensor max_unpool##nd(const Tensor& input, const Tensor& indices, const IntList& kernel_size,             \
                        const MaxUnpool##nd##Options& o) {                                                  \
    return unpooled("max_unpool" #nd, input, indices, kernel_size, o, rank);                                \
  }
RUSHLIGHT_POOLS(1, 1d, std::nullopt)
RUSHLIGHT_POOLS(2, 2d, o.divisor_override)
RUSHLIGHT_POOLS(3, 3d, o.divisor_override)
#undef RUSHLIGHT_POOLS

Tensor lp_pool1d(const Tensor& input, double norm_type, const IntList& kernel_size,
                 const LpPool1dOptions& o) {
  return norm_of_windows("lp_pool1d", input, norm_type, kernel_size, o, 1);
}
Tensor lp_pool2d(const Tensor& input, double norm_type, const IntList& kernel_size,
                 const LpPool2dOptions& o) {
  return norm_of_windows("lp_pool2d", input, norm_type, kernel_size, o, 2);
}

}  // namespace rushlight
