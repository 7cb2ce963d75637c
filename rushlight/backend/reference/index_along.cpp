// Slices along one dimension, picked and written by their numbers.
#include "rushlight/backend/concatenate.h"
#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/strided_loop.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

// The slices of a tensor along a dimension; a 0-dimensional tensor is its own one slice.
class Slices {
 public:
  Slices(const Tensor& tensor, int64_t dim) : tensor_(tensor) {
    const Layout& layout = tensor.layout();
    Shape shape = to_ints(layout.shape());
    Strides strides = to_ints(layout.strides());
    if (layout.rank()) {
      auto d = static_cast<size_t>(dim < 0 ? dim + layout.rank() : dim);
      count = shape[d];
      step_ = strides[d];
      shape.erase(d);
      strides.erase(d);
    }
    slice_ = Layout({shape.data(), shape.size()}, {strides.data(), strides.size()}, layout.offset());
  }
  Tensor operator[](int64_t i) const {
    return alias(tensor_, slice_.with_offset(slice_.offset() + i * step_));
  }
  int64_t count = 1;

 private:
  const Tensor& tensor_;
  Layout slice_;
  int64_t step_ = 0;
};

// The numbers that `index` holds. Negative ones count from the end where `wraps` says so.
std::vector<int64_t> slice_numbers(const char* op, const Tensor& index, int64_t count, bool wraps = false) {
  std::vector<int64_t> numbers = index.to_vector<int64_t>();
  for (int64_t& number : numbers) {
    if (number >= count || number < (wraps ? -count : 0))
      fail(ErrorKind::index, "[", op, "] index ", number, " is out of bounds for a dimension of size ",
           count);
    if (number < 0) number += count;
  }
  return numbers;
}

void copy_unless_same(const Tensor& out, const Tensor& input) {
  if (out.raw_data() != input.raw_data()) copy_elements(out, input);
}

template <class T>
void add_run(char* to, int64_t to_step, const char* from, int64_t from_step, int64_t n, double alpha) {
  auto* out = reinterpret_cast<T*>(to);
  auto* in = reinterpret_cast<const T*>(from);
  auto factor = static_cast<T>(alpha);
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<T, bool>)
      out[i * to_step] = out[i * to_step] || (factor && in[i * from_step]);
    else
      out[i * to_step] = static_cast<T>(out[i * to_step] + factor * in[i * from_step]);
  }
}

void add_elements(const Tensor& to, const Tensor& from, double alpha) {
  StridedLoop<2> loop;
  loop.add(to);
  loop.add(from);
  auto add = visit(to.dtype(), []<class T>(TypeTag<T>) { return add_run<T>; });
  loop.each_run([&](char* const* at, const int64_t* step, int64_t n) {
    add(at[0], step[0], at[1], step[1], n, alpha);
  });
}

}  // namespace

bool index_select(const KernelCall& call) {
  int64_t dim = args::IndexSelect(call.attrs).dim;
  Slices from(call.in[0], dim), to(call.out[0], dim);
  int64_t next = 0;
  for (int64_t number : slice_numbers("index_select", call.in[1], from.count))
    copy_elements(to[next++], from[number]);
  return true;
}

bool index_add(const KernelCall& call) {
  args::IndexAdd a(call.attrs);
  const Tensor& out = call.out[0];
  // many small halves: their sum is kept in float32 until the end
  Tensor total = is_half(out.dtype()) ? empty(out.shape(), DType::float32) : out;
  Tensor source = is_half(out.dtype()) ? empty(call.in[2].shape(), DType::float32) : apart(call.in[2], out);
  copy_unless_same(total, call.in[0]);
  copy_unless_same(source, call.in[2]);
  Slices to(total, a.dim), from(source, a.dim);
  int64_t next = 0;
  for (int64_t number : slice_numbers("index_add", call.in[1], to.count))
    add_elements(to[number], from[next++], a.alpha);
  copy_unless_same(out, total);
  return true;
}

bool index_copy(const KernelCall& call) {
  int64_t dim = args::IndexCopy(call.attrs).dim;
  const Tensor& out = call.out[0];
  Tensor source = apart(call.in[2], out);
  Slices to(out, dim), from(source, dim);
  std::vector<int64_t> numbers = slice_numbers("index_copy", call.in[1], to.count);
  copy_unless_same(out, call.in[0]);
  int64_t next = 0;
  for (int64_t number : numbers) copy_elements(to[number], from[next++]);
  return true;
}

bool index_fill(const KernelCall& call) {
  const Tensor& out = call.out[0];
  Slices to(out, args::IndexFill(call.attrs).dim);
  std::vector<int64_t> numbers = slice_numbers("index_fill", call.in[1], to.count, true);
  copy_unless_same(out, call.in[0]);
  for (int64_t number : numbers) copy_elements(to[number], call.in[2]);
  return true;
}

bool cat(const KernelCall& call) {
  concatenate(call, [](const Tensor& part, const Tensor& piece) { copy_elements(part, piece); });
  return true;
}

}  // namespace rushlight::reference
