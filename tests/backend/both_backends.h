// Ops on the cpu backend beside the plain loops of the reference: the same bits, for any number of threads.
#pragma once

#include "rushlight/rushlight.h"
#include "tests/backend/cpu_testing.h"

namespace rushlight {

// The bytes of all results in row-major order.
inline std::vector<unsigned char> bytes_of(const std::vector<Tensor>& results) {
  std::vector<unsigned char> bytes;
  for (const Tensor& result : results) {
    Tensor row = contiguous(result);
    const auto* first = static_cast<const unsigned char*>(row.raw_data());
    bytes.insert(bytes.end(), first, first + row.nbytes());
  }
  return bytes;
}

// By the plain loops.
template <class Compute>
auto by_reference(Compute compute) {
  struct Scope {  // left by errors too
    Scope() { set_backend("reference"); }
    ~Scope() { set_backend("cpu"); }
  } scope;
  return compute();
}

// compute() -> std::vector<Tensor>
template <class Compute>
void check_same_on_both_backends(Compute compute) {
  const auto bytes = [&] { return bytes_of(compute()); };
  CHECK(bytes() == by_reference(bytes));
  cpu::check_same_for_all_thread_counts(bytes);
}

// For sums that are made in another order or type: no further apart than `tolerance`.
template <class Compute>
void check_close_on_both_backends(double tolerance, Compute compute) {
  const std::vector<Tensor> fast = compute(), slow = by_reference(compute);
  for (size_t i = 0; i < fast.size(); ++i) {
    CAPTURE(i);
    CHECK(fast[i].dtype() == slow[i].dtype());
    CHECK(allclose(fast[i], slow[i], {.rtol = tolerance, .atol = tolerance, .equal_nan = true}));
  }
  cpu::check_same_for_all_thread_counts([&] { return bytes_of(compute()); });
}

// Whole numbers below `end` from a fixed seed.
inline Tensor some_numbers(const IntList& shape, int64_t end, uint64_t seed) {
  return randint(0, end, shape, {.generator = Generator(seed)});
}
inline Tensor some_normals(const IntList& shape, uint64_t seed, DType dtype = DType::float32) {
  return randn(shape, {.dtype = dtype, .generator = Generator(seed)});
}

}  // namespace rushlight
