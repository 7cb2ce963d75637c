// Elements put in a row: tensors one after the other, numbers counted up, what a mask lets through.
#include <algorithm>
#include <vector>

#include "rushlight/backend/concatenate.h"
#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

int64_t chunks_of(int64_t n) { return ceil_div(n, kChunk); }

}  // namespace

bool cat(const KernelCall& call) {
  concatenate(call, copy_elements);
  return true;
}

// Counted in 64 bits that wrap, or in float64, tile by tile.
bool sequence(const KernelCall& call) {
  const Tensor &start = call.in[0], &step = call.in[1], &out = call.out[0];
  if (!out.is_contiguous()) return by_reference(call);
  auto count_in = [&]<class T>(TypeTag<T>, DType dtype, T first, T stride) {
    CastRun cast = cast_run(out.dtype(), dtype);
    parallel_for(chunks_of(out.numel()), [&](int64_t chunk) {
      constexpr int64_t kTile = 512;
      T tile[kTile];
      for (int64_t i = chunk * kChunk, end = std::min(out.numel(), i + kChunk); i < end; i += kTile) {
        int64_t n = std::min(kTile, end - i);
        for (int64_t k = 0; k < n; ++k) tile[k] = first + static_cast<T>(i + k) * stride;
        cast(static_cast<char*>(out.raw_data()) + i * static_cast<int64_t>(out.element_size()), 1, tile, 1,
             n);
      }
    });
  };
  if (is_floating(out.dtype()))
    count_in(TypeTag<double>{}, DType::float64, start.item<double>(), step.item<double>());
  else
    count_in(TypeTag<uint64_t>{}, DType::int64, static_cast<uint64_t>(start.item<int64_t>()),
             static_cast<uint64_t>(step.item<int64_t>()));
  return true;
}

namespace {

// How many are true before each chunk of a row-major mask; the last number is how many there are.
std::vector<int64_t> trues_before(const Tensor& mask) {
  const bool* is_true = pointer<bool>(mask);
  int64_t n = mask.numel();
  std::vector<int64_t> before(static_cast<size_t>(chunks_of(n)) + 1, 0);
  parallel_for(chunks_of(n), [&](int64_t chunk) {
    int64_t count = 0;
    for (int64_t i = chunk * kChunk; i < std::min(n, (chunk + 1) * kChunk); ++i) count += is_true[i];
    before[static_cast<size_t>(chunk) + 1] = count;
  });
  for (size_t chunk = 1; chunk < before.size(); ++chunk) before[chunk] += before[chunk - 1];
  return before;
}

// found(places, count, number): the places of some of the true elements, the first of which is the number-th,
// in chunks that run at once.
template <class Found>
void each_true(const Tensor& mask, const std::vector<int64_t>& before, Found found) {
  const bool* is_true = pointer<bool>(mask);
  int64_t n = mask.numel();
  parallel_for(chunks_of(n), [&](int64_t chunk) {
    constexpr int64_t kTile = 512;
    int64_t places[kTile], number = before[static_cast<size_t>(chunk)];
    for (int64_t i = chunk * kChunk, end = std::min(n, i + kChunk); i < end; i += kTile) {
      int64_t count = 0;
      for (int64_t k = i; k < std::min(end, i + kTile); ++k) {
        places[count] = k;  // overwritten unless it is true: no branch to foresee
        count += is_true[k];
      }
      found(places, count, number);
      number += count;
    }
  });
}

}  // namespace

bool nonzero_positions(const KernelCall& call) {
  const Tensor& out = call.out[0];
  Tensor mask = row_major_as(call.in[0], DType::boolean);
  std::vector<int64_t> before = trues_before(mask);
  if (before.back() < out.numel() || !out.is_contiguous()) return by_reference(call);
  int64_t* position = pointer<int64_t>(out);
  each_true(mask, before, [&](const int64_t* places, int64_t count, int64_t number) {
    if (number < out.numel()) std::copy_n(places, std::min(count, out.numel() - number), position + number);
  });
  return true;
}

bool masked_scatter(const KernelCall& call) {
  const Tensor& out = call.out[0];
  if (!out.is_contiguous()) return by_reference(call);
  Tensor mask = empty(out.shape(), DType::boolean);
  copy_elements(mask, call.in[1]);
  Tensor source = row_major_as(call.in[2], out.dtype());
  std::vector<int64_t> before = trues_before(mask);
  if (before.back() > source.numel()) return by_reference(call);  // which says what is wrong
  if (out.raw_data() != call.in[0].raw_data()) copy_elements(out, call.in[0]);
  visit_size(out.dtype(), [&]<class T>(TypeTag<T>) {
    T *to = pointer<T>(out), *from = pointer<T>(source);
    each_true(mask, before, [&](const int64_t* places, int64_t count, int64_t number) {
      for (int64_t k = 0; k < count; ++k) to[places[k]] = from[number + k];
    });
  });
  return true;
}

}  // namespace rushlight::cpu
