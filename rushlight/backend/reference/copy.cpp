// Filling and copying, with casts.
#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/strided_loop.h"

namespace rushlight::reference {

namespace {
template <class To, class From>
void cast_elements(void* to, int64_t to_step, const void* from, int64_t from_step, int64_t n) {
  auto* out = static_cast<To*>(to);
  auto* in = static_cast<const From*>(from);
  for (int64_t i = 0; i < n; ++i) out[i * to_step] = static_cast<To>(in[i * from_step]);
}
}  // namespace

CastRun cast_run(DType to, DType from) {
  return visit(to, [&](auto to_tag) {
    return visit(from, [&](auto from_tag) -> CastRun {
      return cast_elements<typename decltype(to_tag)::type, typename decltype(from_tag)::type>;
    });
  });
}

void copy_elements(const Tensor& to, const Tensor& from) {
  StridedLoop<2> loop;
  loop.add(to);
  loop.add(from);
  CastRun cast = cast_run(to.dtype(), from.dtype());
  loop.each_run(
      [&](char* const* at, const int64_t* step, int64_t n) { cast(at[0], step[0], at[1], step[1], n); });
}

Tensor row_major_in(DType dtype, const Tensor& tensor) {
  Tensor copy = empty(tensor.shape(), dtype);
  copy_elements(copy, tensor);
  return copy;
}

void pick_elements(const Tensor& out, const Tensor& input, const std::vector<int64_t>& places) {
  visit_size(out.dtype(), [&]<class T>(TypeTag<T>) {
    auto* from = static_cast<const T*>(input.storage()->data());
    auto* to = static_cast<T*>(out.storage()->data());
    auto place = places.begin();
    for_each_offset(out.layout(), [&](int64_t at) {
      to[at] = *place < 0 ? T(0) : from[*place];
      ++place;
    });
  });
}

bool full(const KernelCall& call) {
  copy_elements(call.out[0], call.in[0]);
  return true;
}
bool copy_first(const KernelCall& call) {
  copy_elements(call.out[0], call.in[0]);
  return true;
}
bool copy(const KernelCall& call) {
  copy_elements(call.out[0], call.in[1]);
  return true;
}

bool as_strided_scatter(const KernelCall& call) {
  const Tensor& out = call.out[0];
  copy_elements(out, call.in[0]);
  const Ints &size = call.attrs[0].as_ints(), &stride = call.attrs[1].as_ints();
  int64_t start =
      call.in[0].storage_offset();  // infer made sure that input and out are rows of the same elements
  int64_t offset = out.storage_offset() + (call.attrs[2].given() ? call.attrs[2].as_int() - start : 0);
  copy_elements(alias(out, Layout({size.data(), size.size()}, {stride.data(), stride.size()}, offset)),
                call.in[1]);
  return true;
}

}  // namespace rushlight::reference
