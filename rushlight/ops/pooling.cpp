// Pooling of any spatial rank: the largest or the mean of every window of each channel. Gradients go back by
// the indices of the largest, and by the mean's own adjoint.
#include "rushlight/ops/image_rules.h"

namespace rushlight {

namespace {

// -- windows that slide

struct Slide {
  const IntList &kernel_size, &stride, &padding, &dilation;

  Window window(size_t d) const {
    return {each(kernel_size, d), each(stride, d), each(padding, d), each(dilation, d)};
  }
};

void expect_slide(const char* op, const Slide& slide, size_t rank) {
  expect_numbers(op, "kernel_size", slide.kernel_size, rank, 1);
  expect_numbers(op, "stride", slide.stride, rank, 1);
  expect_numbers(op, "padding", slide.padding, rank, 0);
  expect_numbers(op, "dilation", slide.dilation, rank, 1);
  for (size_t d = 0; d < rank; ++d)
    if (slide.window(d).padding > slide.window(d).size / 2)
      fail(ErrorKind::runtime, "[", op, "] padding should be at most half of kernel_size, but padding is ",
           static_cast<const Ints&>(slide.padding), " and kernel_size ",
           static_cast<const Ints&>(slide.kernel_size));
}

// Elements that lie further apart than the image is wide may all fall beside it.
void expect_element_inside(const char* op, const Window& window, int64_t extent, int64_t positions) {
  if (window.dilation <= extent) return;
  for (int64_t p = 0; p < positions; ++p) {
    const int64_t start = p * window.stride - window.padding;
    bool inside = false;
    for (int64_t i = 0; i < window.size && !inside; ++i) {
      const int64_t at = start + i * window.dilation;
      inside = at >= 0 && at < extent;
    }
    if (!inside)
      fail(ErrorKind::runtime, "[", op, "] all ", window.size, " elements of window ", p, ", ",
           window.dilation, " apart, lie in the padding beside the ", extent,
           " of the image; take a smaller dilation");
  }
}

// The shape of one element for each position of the window over an image of shape `wide`.
Shape slid_shape(const char* op, const Slide& slide, bool ceil_mode, IntSpan wide) {
  Shape shape{wide[0], wide[1]};
  for (size_t d = 0; d + 2 < wide.size(); ++d) {
    Window window = slide.window(d);
    int64_t extent = wide[d + 2];
    int64_t count = ceil_mode ? window.positions_over_the_end(extent) : window.positions(extent);
    if (count < 1)
      fail(ErrorKind::runtime, "[", op, "] a window that covers ", window.reach(),
           " elements does not fit into ", extent, " with ", window.padding,
           " of padding on each side; input has shape ", wide);
    expect_element_inside(op, window, extent, count);
    shape.push_back(count);
  }
  return shape;
}

void refuse_bool(const OpCall& call) {
  if (call.in[0].dtype() == DType::boolean)
    fail(ErrorKind::runtime, "[", call.name(), "] is not defined for bool; cast with to(uint8)");
}

// -- the largest

void emit_largest(OpCall& call, const Shape& shape) {
  Layout layout = dense_in_order_of(call.in[0].layout(), span_of(shape));
  call.emit(layout, call.in[0].dtype());
  call.emit(layout, DType::int64);
}

void max_pool_infer(OpCall& call) {
  size_t rank = expect_image(call, 0, "input", 1);
  refuse_bool(call);
  args::MaxPool a(call.attrs);
  Slide slide{a.kernel_size, a.stride, a.padding, a.dilation};
  expect_slide("max_pool", slide, rank);
  emit_largest(call, slid_shape("max_pool", slide, a.ceil_mode, call.in[0].shape()));
}

void adaptive_max_pool_infer(OpCall& call) {
  size_t rank = expect_image(call, 0, "input", 2);
  refuse_bool(call);
  IntList size = args::AdaptiveMaxPool(call.attrs).output_size;
  expect_numbers("adaptive_max_pool", "output_size", size, rank, 0);
  Shape shape{call.in[0].shape()[0], call.in[0].shape()[1]};
  for (size_t d = 0; d < rank; ++d) shape.push_back(each(size, d));
  emit_largest(call, shape);
}

// Every window gives its gradient to the element that was the largest.
void largest_vjp(Vjp& v) { v.set(0, max_pool_gradient(v.grad(), v.output(1), spatial(v.input_shape(0)))); }

void max_pool_gradient_infer(OpCall& call) {
  constexpr size_t kNone = 99;
  size_t rank = expect_image(call, 0, "grad", kNone);
  expect_floating(call, 0, "grad");
  expect_defined(call, 1, "indices");
  const Tensor &grad = call.in[0], &indices = call.in[1];
  if (indices.dtype() != DType::int64)
    fail(ErrorKind::runtime, "[max_pool_gradient] indices must be int64, but they are ", indices.dtype());
  if (!indices.layout().same_shape(grad.layout()))
    fail(ErrorKind::runtime, "[max_pool_gradient] indices of shape ", indices.shape(),
         " do not name a place for each element of grad, whose shape is ", grad.shape());
  IntList size = args::MaxPoolGradient(call.attrs).size;
  expect_numbers(call.name(), "size", size, rank, 1);
  Shape wide{grad.shape()[0], grad.shape()[1]};
  for (size_t d = 0; d < rank; ++d) wide.push_back(each(size, d));
  call.emit(dense_in_order_of(indices.layout(), span_of(wide)), grad.dtype());
}
void max_pool_gradient_vjp(Vjp& v) {
  Tensor indices = v.input(1);
  v.set(0, reshape(gather(flatten(v.grad(), {.start_dim = 2}), -1, flatten(indices, {.start_dim = 2})),
                   indices.shape()));
}

// -- the mean

const IntList kNoDilation(1);

template <class Args>
Slide expect_mean(const OpCall& call, const Args& a, size_t rank) {
  Slide slide{a.kernel_size, a.stride, a.padding, kNoDilation};
  expect_slide(call.name(), slide, rank);
  if (a.divisor_override && *a.divisor_override == 0)
    fail(ErrorKind::runtime, "[", call.name(), "] divisor_override must not be 0");
  return slide;
}

void avg_pool_infer(OpCall& call) {
  size_t rank = expect_image(call, 0, "input", 1);
  refuse_bool(call);
  args::AvgPool a(call.attrs);
  Slide slide = expect_mean(call, a, rank);
  Shape shape = slid_shape("avg_pool", slide, a.ceil_mode, call.in[0].shape());
  call.emit(dense_in_order_of(call.in[0].layout(), span_of(shape)), call.in[0].dtype());
}
void avg_pool_vjp(Vjp& v) {
  args::AvgPool a(v.attrs());
  v.set(0, avg_pool_gradient(v.grad(), spatial(v.input_shape(0)), a.kernel_size, a.stride, a.padding,
                             a.ceil_mode, a.count_include_pad, a.divisor_override));
}

void avg_pool_gradient_infer(OpCall& call) {
  size_t rank = expect_image(call, 0, "grad", 1);
  expect_floating(call, 0, "grad");
  args::AvgPoolGradient a(call.attrs);
  Slide slide = expect_mean(call, a, rank);
  expect_numbers(call.name(), "size", a.size, rank, 1);
  IntSpan narrow = call.in[0].shape();
  Shape wide{narrow[0], narrow[1]};
  for (size_t d = 0; d < rank; ++d) wide.push_back(each(a.size, d));
  Shape expected = slid_shape(call.name(), slide, a.ceil_mode, span_of(wide));
  if (expected != to_ints(narrow))
    fail(ErrorKind::runtime, "[avg_pool_gradient] avg_pool takes an image of shape ", wide, " to ", expected,
         ", but grad has shape ", narrow);
  call.emit(dense_in_order_of(call.in[0].layout(), span_of(wide)), call.in[0].dtype());
}
void avg_pool_gradient_vjp(Vjp& v) {
  args::AvgPoolGradient a(v.attrs());
  v.set(0, avg_pool(v.grad(), a.kernel_size, a.stride, a.padding, a.ceil_mode, a.count_include_pad,
                    a.divisor_override));
}

OpDef largest(OpId id, void (*infer)(OpCall&)) {
  OpDef def{id};
  def.infer = infer;
  def.vjp = largest_vjp;
  def.saves_facts = true;
  def.outputs = 2;
  def.saved_outputs = 0b10;
  def.constant_outputs = 0b10;
  return def;
}

}  // namespace

namespace defs {
const OpDef max_pool = largest(OpId::max_pool, max_pool_infer);
const OpDef max_pool_gradient = [] {
  OpDef def = with_gradient(OpId::max_pool_gradient, max_pool_gradient_infer, max_pool_gradient_vjp);
  def.saved_inputs = 0b10;
  return def;
}();
const OpDef adaptive_max_pool = largest(OpId::adaptive_max_pool, adaptive_max_pool_infer);
const OpDef avg_pool = with_gradient(OpId::avg_pool, avg_pool_infer, avg_pool_vjp);
const OpDef avg_pool_gradient =
    with_gradient(OpId::avg_pool_gradient, avg_pool_gradient_infer, avg_pool_gradient_vjp);
}  // namespace defs

}  // namespace rushlight
