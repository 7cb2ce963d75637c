// Windows of an image as columns, and columns added up into an image: each is the other's gradient.
#include "rushlight/ops/image_rules.h"

namespace rushlight {

namespace {

// How many columns the windows of an image of this height and width make.
template <class Args>
int64_t column_count(const char* op, const Args& a, IntSpan size) {
  expect_numbers(op, "kernel_size", a.kernel_size, 2, 1);
  expect_numbers(op, "dilation", a.dilation, 2, 1);
  expect_numbers(op, "padding", a.padding, 2, 0);
  expect_numbers(op, "stride", a.stride, 2, 1);
  int64_t count = 1;
  for (size_t d = 0; d < 2; ++d) {
    Window window{each(a.kernel_size, d), each(a.stride, d), each(a.padding, d), each(a.dilation, d)};
    int64_t positions = window.positions(size[d]);
    if (positions < 1)
      fail(ErrorKind::runtime, "[", op, "] a window that covers ", window.reach(),
           " elements does not fit into ", size[d], " with ", window.padding,
           " of padding on each side; the image has size ", size);
    if (__builtin_mul_overflow(count, positions, &count))
      fail(ErrorKind::runtime, "[", op, "] the columns are too many for 64 bits");
  }
  return count;
}
template <class Args>
int64_t window_elements(const Args& a) {
  return each(a.kernel_size, 0) * each(a.kernel_size, 1);
}

// Rank `rank` without a batch, or one more; only the batch may be empty.
void expect_filled(const OpCall& call, int rank) {
  expect_defined(call, 0, "input");
  IntSpan shape = call.in[0].shape();
  bool batched = call.in[0].rank() == rank + 1, filled = batched || call.in[0].rank() == rank;
  for (size_t d = batched; filled && d < shape.size(); ++d) filled = shape[d] > 0;
  if (!filled)
    fail(ErrorKind::runtime, "[", call.name(), "] expected ", rank, "D (unbatched) or ", rank + 1,
         "D (batched) input with non-zero dimensions but for the batch, but its shape is ", shape);
}

void im2col_infer(OpCall& call) {
  expect_filled(call, 3);
  args::Im2col a(call.attrs);
  Shape shape = to_ints(call.in[0].shape());
  size_t channels = shape.size() - 3;
  int64_t columns = column_count("im2col", a, call.in[0].shape().subspan(channels + 1));
  if (__builtin_mul_overflow(shape[channels], window_elements(a), &shape[channels]))
    fail(ErrorKind::runtime, "[im2col] kernel_size ", static_cast<const Ints&>(a.kernel_size),
         " is too large");
  shape[channels + 1] = columns;
  shape.pop_back();
  call.emit(span_of(shape), call.in[0].dtype());
}
void im2col_vjp(Vjp& v) {
  args::Im2col a(v.attrs());
  IntSpan shape = v.input_shape(0);
  v.set(0, col2im(v.grad(), shape.last(2), a.kernel_size,
                  {.dilation = a.dilation, .padding = a.padding, .stride = a.stride}));
}

void col2im_infer(OpCall& call) {
  expect_filled(call, 2);
  args::Col2im a(call.attrs);
  expect_numbers("col2im", "output_size", a.output_size, 2, 1);
  Shape shape = to_ints(call.in[0].shape());
  size_t rows = shape.size() - 2;
  Shape size{each(a.output_size, 0), each(a.output_size, 1)};
  int64_t columns = column_count("col2im", a, span_of(size));
  if (shape[rows] % window_elements(a) != 0)
    fail(ErrorKind::runtime, "[col2im] the elements of a window, kernel_size ",
         static_cast<const Ints&>(a.kernel_size), ", must divide dimension ", rows,
         " of input, whose shape is ", call.in[0].shape());
  if (shape[rows + 1] != columns)
    fail(ErrorKind::runtime, "[col2im] an image of size ", size, " has ", columns,
         " such windows, but input of shape ", call.in[0].shape(), " has ", shape[rows + 1], " columns");
  shape[rows] /= window_elements(a);
  shape[rows + 1] = size[0];
  shape.push_back(size[1]);
  call.emit(span_of(shape), call.in[0].dtype());
}
void col2im_vjp(Vjp& v) {
  args::Col2im a(v.attrs());
  v.set(0,
        im2col(v.grad(), a.kernel_size, {.dilation = a.dilation, .padding = a.padding, .stride = a.stride}));
}

}  // namespace

namespace defs {
const OpDef im2col = with_gradient(OpId::im2col, im2col_infer, im2col_vjp);
const OpDef col2im = with_gradient(OpId::col2im, col2im_infer, col2im_vjp);
}  // namespace defs

}  // namespace rushlight
