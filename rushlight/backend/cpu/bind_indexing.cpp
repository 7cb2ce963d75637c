// Reading and writing at index tensors. Whatever the op, the indexed dimension stands between those before
// and those behind it: outer x size x inner runs of elements. What this does not fit is the reference's.
#include <algorithm>
#include <atomic>
#include <cmath>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/index_plan.h"
#include "rushlight/backend/scatter_words.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

int64_t product(IntSpan sizes) {
  int64_t numbers = 1;
  for (int64_t size : sizes) numbers *= size;
  return numbers;
}

// -- the numbers of an index

// Whether each is in [low, high).
bool all_inside(const Tensor& numbers, int64_t low, int64_t high) {
  const int64_t *number = pointer<int64_t>(numbers), n = numbers.numel();
  std::atomic<bool> inside = true;
  parallel_for(ceil_div(n, kChunk), [&](int64_t chunk) {
    bool all = true;
    for (int64_t i = chunk * kChunk; i < std::min(n, (chunk + 1) * kChunk); ++i)
      all &= number[i] >= low && number[i] < high;
    if (!all) inside.store(false, std::memory_order_relaxed);
  });
  return inside;
}

// Row-major, and not memory that `written` shares.
Tensor apart(const Tensor& read, DType dtype, const Tensor& written) {
  Tensor row = row_major_as(read, dtype);
  if (!row.shares_storage(written)) return row;
  Tensor copy = empty(read.shape(), dtype);
  copy_elements(copy, read);
  return copy;
}

// total = total * size + number, with negative numbers counted from the end. False where one is out of range.
bool append_numbers(const Tensor& total, const Tensor& numbers, int64_t size) {
  if (!all_inside(numbers, -size, size)) return false;
  int64_t* to = pointer<int64_t>(total);
  const int64_t *number = pointer<int64_t>(numbers), n = numbers.numel();
  parallel_for(ceil_div(n, kChunk), [&](int64_t chunk) {
    for (int64_t i = chunk * kChunk; i < std::min(n, (chunk + 1) * kChunk); ++i)
      to[i] = to[i] * size + number[i] + (number[i] < 0 ? size : 0);
  });
  return true;
}

// -- memory

// A copy of all of it is not worth a few elements.
bool is_cheap(const Tensor& read, int64_t elements) {
  return read.is_contiguous() || read.numel() <= 4 * elements;
}

// Where a result that begins as `input` is put together: itself if that is row-major and of this type, else
// beside it until it is finished.
class Workplace {
 public:
  Workplace(const KernelCall& call, DType dtype) : out_(call.out[0]) {
    const Tensor& input = call.in[0];
    bool direct = out_.dtype() == dtype && out_.is_contiguous();
    at = direct ? out_ : empty(out_.shape(), dtype);
    if (at.raw_data() != input.raw_data()) copy_elements(at, input);
  }
  bool finish() {
    if (!at.is_same(out_)) copy_elements(out_, at);
    return true;
  }
  Tensor at;

 private:
  const Tensor& out_;
};

// What the numbers of an index mean, and the index itself.
struct Picks {
  PickArgs args;
  Tensor numbers;

  PickArgs between(const Tensor& large, const Tensor& small) const {
    PickArgs whole = args;
    whole.index = pointer<int64_t>(numbers);
    whole.large = large.raw_data();
    whole.small = small.raw_data();
    whole.element_bytes = static_cast<int>(large.element_size());
    return whole;
  }
};

// -- what is put

void put(const Picks& picks, const Tensor& to, const Tensor& from) { kernels().put(picks.between(to, from)); }

void put_value(const Picks& picks, const Tensor& to, const Tensor& number) {
  alignas(16) unsigned char element[16];
  cast_run(to.dtype(), number.dtype())(element, 1, number.raw_data(), 1, 1);
  PickArgs args = picks.between(to, to);
  args.small = element;
  kernels().put_value(args);
}

// Whether there are kernels that join elements of this type.
bool can_join(DType dtype, Join how, double factor) {
  return is_floating(dtype) || (dtype != DType::boolean && how == Join::add && factor == 1);
}

void join(const Picks& picks, const Tensor& to, const Tensor& from, Join how, double factor = 1) {
  bool floating = with_floating(to.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    floating_kernels<T>().join(picks.between(to, from), how, static_cast<T>(factor));
    return true;
  });
  if (!floating) kernels().put_sums(picks.between(to, from));  // whole numbers wrap, whatever their sign
}

// -- one number for each slice

// The dimension must be there.
Picks slice_picks(const Tensor& large, int64_t dim, Tensor numbers) {
  IntSpan shape = large.shape();
  auto d = static_cast<size_t>(dim < 0 ? dim + large.rank() : dim);
  PickArgs args;
  args.outer = product(shape.first(d));
  args.size = shape[d];
  args.count = numbers.numel();
  args.run = product(shape.subspan(d + 1));
  return {args, std::move(numbers)};
}

// write(picks, workplace) unless a number is out of range, or there is no dimension.
template <class Write>
bool write_slices(const KernelCall& call, int64_t dim, bool wraps, DType dtype, Write write) {
  const Tensor& out = call.out[0];
  if (out.rank() == 0) return by_reference(call);
  Picks picks = slice_picks(out, dim, apart(call.in[1], DType::int64, out));
  const int64_t size = picks.args.size;
  if (wraps) {
    Tensor wrapped = empty(picks.numbers.shape(), DType::int64);
    std::fill_n(pointer<int64_t>(wrapped), wrapped.numel(), 0);
    if (!append_numbers(wrapped, picks.numbers, size)) return by_reference(call);
    picks.numbers = std::move(wrapped);
  } else if (!all_inside(picks.numbers, 0, size)) {
    return by_reference(call);
  }
  Workplace work(call, dtype);
  write(picks, work.at);
  return work.finish();
}

}  // namespace

bool index_select(const KernelCall& call) {
  const Tensor &input = call.in[0], &out = call.out[0];
  if (input.rank() == 0 || !out.is_contiguous() || !is_cheap(input, out.numel())) return by_reference(call);
  Picks picks = slice_picks(input, args::IndexSelect(call.attrs).dim, row_major_as(call.in[1], DType::int64));
  if (!all_inside(picks.numbers, 0, picks.args.size)) return by_reference(call);
  kernels().pick(picks.between(row_major(input), out));
  return true;
}

bool index_add(const KernelCall& call) {
  args::IndexAdd a(call.attrs);
  const DType dtype = compute_type(call.out[0].dtype());
  if (!can_join(dtype, Join::add, a.alpha)) return by_reference(call);
  return write_slices(call, a.dim, false, dtype, [&](const Picks& picks, const Tensor& to) {
    join(picks, to, apart(call.in[2], dtype, to), Join::add, a.alpha);
  });
}

bool index_copy(const KernelCall& call) {
  return write_slices(
      call, args::IndexCopy(call.attrs).dim, false, call.out[0].dtype(),
      [&](const Picks& picks, const Tensor& to) { put(picks, to, apart(call.in[2], to.dtype(), to)); });
}

bool index_fill(const KernelCall& call) {
  return write_slices(call, args::IndexFill(call.attrs).dim, true, call.out[0].dtype(),
                      [&](const Picks& picks, const Tensor& to) { put_value(picks, to, call.in[2]); });
}

// -- index tensors for neighbouring dimensions: together they are one for the dimension that these make

namespace {

// Whether the given index tensors stand side by side.
bool are_neighbours(Inputs indices) {
  int runs = 0;
  bool before = false;
  for (size_t d = 0; d < indices.size(); ++d) {
    runs += indices[d].defined() && !before;
    before = indices[d].defined();
  }
  return runs == 1;
}

// False where a number is out of range. REQUIRES: neighbours, which `plan` accepts.
bool find_picks(const IndexPlan& plan, IntSpan shape, Inputs indices, Picks& picks) {
  picks.numbers = empty(IntSpan(plan.index_shape.data(), plan.index_shape.size()), DType::int64);
  std::fill_n(pointer<int64_t>(picks.numbers), picks.numbers.numel(), 0);
  PickArgs& a = picks.args;
  a.size = 1;
  a.count = picks.numbers.numel();
  for (size_t d = 0; d < shape.size(); ++d) {
    if (d >= indices.size() || !indices[d].defined()) {
      (d < plan.index_at ? a.outer : a.run) *= shape[d];
      continue;
    }
    a.size *= shape[d];
    Tensor numbers = row_major_as(indices[d], DType::int64);
    if (numbers.numel() != a.count) {
      Tensor spread = empty(picks.numbers.shape(), DType::int64);
      copy_elements(spread, numbers);
      numbers = std::move(spread);
    }
    if (!append_numbers(picks.numbers, numbers, shape[d])) return false;
  }
  return true;
}

}  // namespace

bool index(const KernelCall& call) {
  const Tensor &input = call.in[0], &out = call.out[0];
  Inputs indices = call.in.from(1);
  if (!are_neighbours(indices) || !out.is_contiguous() || !is_cheap(input, out.numel()))
    return by_reference(call);
  IndexPlan plan(input.layout(), indices, "index");
  Picks picks;
  if (!find_picks(plan, input.shape(), indices, picks)) return by_reference(call);
  kernels().pick(picks.between(row_major(input), out));
  return true;
}

bool index_put(const KernelCall& call) {
  const Tensor &values = call.in[call.in.size() - 1], &out = call.out[0];
  Inputs indices{call.in.data() + 1, call.in.size() - 2};
  const bool adds = args::IndexPut(call.attrs).accumulate;
  const DType dtype = adds ? compute_type(out.dtype()) : out.dtype();
  if (!are_neighbours(indices) || (adds && !can_join(dtype, Join::add, 1))) return by_reference(call);
  IndexPlan plan(out.layout(), indices, "index_put");
  Picks picks;
  if (!find_picks(plan, out.shape(), indices, picks)) return by_reference(call);
  Workplace work(call, dtype);
  if (values.numel() == 1 && !adds) {
    put_value(picks, work.at, values);
    return work.finish();
  }
  Tensor spread = apart(values, dtype, out);
  if (Shape shape = to_ints(values.shape()); shape != plan.result_shape) {
    spread = empty(IntSpan(plan.result_shape.data(), plan.result_shape.size()), dtype);
    copy_elements(spread, values);
  }
  adds ? join(picks, work.at, spread, Join::add) : put(picks, work.at, spread);
  return work.finish();
}

// -- a number for each element

namespace {

// `tensor` as far as the index reaches, its indexed dimension whole.
Tensor within_reach(const Tensor& tensor, const Tensor& index, int64_t dim, bool whole) {
  Shape shape = to_ints(index.shape());
  auto d = static_cast<size_t>(dim < 0 ? dim + index.rank() : dim);
  if (whole) shape[d] = tensor.shape()[d];
  return alias(tensor, Layout({shape.data(), shape.size()}, tensor.strides(), tensor.storage_offset()));
}

// The last dimensions behind `d` along which the index repeats its numbers (it was expanded): where they
// begin.
int repeats_from(const Layout& index, int d) {
  int first = index.rank();
  bool repeats = false;
  while (first > d + 1 && (index.size(first - 1) == 1 || index.stride(first - 1) == 0))
    repeats |= index.size(--first) != 1;
  return repeats ? first : index.rank();
}

// REQUIRES: a dimension, and that large is within the index's reach. False where a number is out of range.
bool find_picks(const Tensor& large, const Tensor& index, int64_t dim, const Tensor& written, Picks& picks) {
  const Layout& layout = index.layout();
  const int d = static_cast<int>(dim < 0 ? dim + layout.rank() : dim);
  const auto end = static_cast<size_t>(repeats_from(layout, d)), at = static_cast<size_t>(d);
  IntSpan shape = layout.shape();
  PickArgs& a = picks.args;
  a.outer = product(shape.first(at));
  a.size = large.layout().size(d);
  a.count = shape[at];
  a.inner = product(shape.subspan(at + 1, end - at - 1));
  a.run = product(shape.subspan(end));
  a.index_step = a.count * a.inner;
  picks.numbers = apart(alias(index, Layout(shape.first(end), layout.strides().first(end), layout.offset())),
                        DType::int64, written);
  return all_inside(picks.numbers, 0, a.size);
}

// What scattering does with equal places.
struct Scattering {
  std::optional<Join> how;  // none: the last one stays
  bool from_identity = false;
};

Tensor identity_of(Join how) {
  switch (how) {
    case Join::add: return 0.0;
    case Join::multiply: return 1.0;
    case Join::largest: return -HUGE_VAL;
    default: return HUGE_VAL;
  }
}

// src, or one number for all.
bool scatter_with(const KernelCall& call, const Tensor& src, Scattering scattering) {
  const Tensor &index = call.in[1], &out = call.out[0];
  const int64_t dim = call.attrs[0].as_int();
  const DType dtype = scattering.how ? compute_type(out.dtype()) : out.dtype();
  const bool one = src.rank() == 0;
  if (out.rank() == 0 || index.rank() == 0 || index.numel() == 0 || (one && scattering.how) ||
      (scattering.how && !can_join(dtype, *scattering.how, 1)) ||
      (scattering.from_identity && !is_floating(dtype)))
    return by_reference(call);
  Layout rows(out.shape());  // as the workplace has them
  Picks picks;
  if (!within_reach(alias(out, rows), index, dim, true).is_contiguous() ||
      !find_picks(out, index, dim, out, picks))
    return by_reference(call);
  Workplace work(call, dtype);
  if (one) {
    put_value(picks, work.at, src);
    return work.finish();
  }
  Tensor from = apart(within_reach(src, index, dim, false), dtype, work.at);
  if (scattering.from_identity) put_value(picks, work.at, identity_of(*scattering.how));
  scattering.how ? join(picks, work.at, from, *scattering.how) : put(picks, work.at, from);
  return work.finish();
}

// Nothing for what replaces, and for means, which count.
std::optional<Join> join_named(std::string_view name) {
  switch (reduce_named(name)) {
    case Reduce::sum: return Join::add;
    case Reduce::prod: return Join::multiply;
    case Reduce::amax: return Join::largest;
    case Reduce::amin: return Join::smallest;
    default: return {};
  }
}

}  // namespace

bool gather(const KernelCall& call) {
  const Tensor &input = call.in[0], &index = call.in[1], &out = call.out[0];
  const int64_t dim = args::Gather(call.attrs).dim;
  if (input.rank() == 0 || index.rank() == 0 || index.numel() == 0 || !out.is_contiguous())
    return by_reference(call);
  Tensor reached = within_reach(input, index, dim, true);
  Picks picks;
  if (!is_cheap(reached, out.numel()) || !find_picks(reached, index, dim, out, picks))
    return by_reference(call);
  kernels().pick(picks.between(row_major(reached), out));
  return true;
}

bool scatter(const KernelCall& call) {
  return scatter_with(call, call.in[2], {join_named(args::Scatter(call.attrs).reduce.value_or(""))});
}
bool scatter_value(const KernelCall& call) {
  args::ScatterValue a(call.attrs);
  return scatter_with(call, a.value, {join_named(a.reduce.value_or(""))});
}
bool scatter_add(const KernelCall& call) { return scatter_with(call, call.in[2], {Join::add}); }
bool scatter_reduce(const KernelCall& call) {
  args::ScatterReduce a(call.attrs);
  std::optional<Join> how = join_named(a.reduce);
  return how ? scatter_with(call, call.in[2], {how, !a.include_self}) : by_reference(call);
}

}  // namespace rushlight::cpu
