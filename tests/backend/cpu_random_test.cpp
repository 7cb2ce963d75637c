// Random numbers on vectors: the bits of the scalars.
#include "tests/backend/both_backends.h"

using namespace rushlight;

namespace {

constexpr DType kFloating[] = {DType::float16, DType::bfloat16, DType::float32, DType::float64};

// Fresh keys; two where the low half of the counter wraps within the first vectors.
Tensor key(uint64_t seed, uint64_t counter) {
  uint64_t words[] = {seed, counter};
  return from_blob(words, {2}, DType::uint64).clone();
}
std::vector<Tensor> keys() {
  return {key(5, 0), key(0x123456789ABCDEF0, 0xFFFFFFFB), key(~uint64_t{0}, ~uint64_t{0} - 9)};
}

}  // namespace

TEST_CASE("cpu: uniform and normal numbers are the reference's") {
  for (DType dtype : kFloating)
    for (const Tensor& key : keys())
      for (int64_t count : {1, 7, 511, 515, 40001}) {
        CAPTURE(dtype);
        CAPTURE(count);
        check_same_on_both_backends([&] {
          return std::vector{uniform_with_key(key, count, dtype), normal_with_key(key, count, dtype)};
        });
      }
}

TEST_CASE("cpu: dropout keeps what the reference keeps, of any layout") {
  for (DType dtype : kFloating)
    for (const Tensor& key : keys())
      for (double p : {0.0, 0.1, 0.5, 1.0}) {
        CAPTURE(dtype);
        CAPTURE(p);
        const Tensor x = some_normals({211, 190}, 3, dtype);
        check_same_on_both_backends([&] {
          return std::vector{dropout_with_key(x, key, p), dropout_with_key(transpose(x, 0, 1), key, p),
                             dropout_with_key(x.reshape({-1}).narrow(0, 3, 9), key, p)};
        });
      }
}

TEST_CASE("cpu: dropout keeps an element whose number is p") {
  const Tensor key = keys()[0], drawn = uniform_with_key(key, 100, DType::float32), x = ones({100});
  const Tensor y = dropout_with_key(x, key, select(drawn, 0, 5).item<double>());
  CHECK(select(y, 0, 5).item<double>() > 0);
}

TEST_CASE("cpu: whole numbers, permutations and draws from distributions are the reference's") {
  Tensor weights = abs(some_normals({5, 3001}, 3));
  weights.select(0, 1).narrow(0, 100, 2901).fill_(0);
  for (const Tensor& key : keys())
    check_same_on_both_backends([&] {
      return std::vector{integers_with_key(key, 5000, -3, 1000, DType::int64),
                         integers_with_key(key, 5000, INT64_MIN, INT64_MAX, DType::int64),
                         integers_with_key(key, 333, 0, 100, DType::uint8),
                         integers_with_key(key, 333, 0, 100, DType::float32),
                         permutation_with_key(key, 5001),
                         permutation_with_key(key, 0),
                         multinomial_with_key(weights, key, 50, true),
                         multinomial_with_key(weights, key, 50, false),
                         multinomial_with_key(select(weights, 0, 1), key, 3000, false)};
    });
}
