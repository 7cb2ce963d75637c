// Tensors: making them, their shapes, broadcasting, views, reductions, indexing.
#include <iostream>

#include "rushlight/core/print.h"
#include "rushlight/rushlight.h"

using namespace rushlight;

int main() {
  manual_seed(0);
  const Tensor counted = arange(6, {.dtype = DType::float32}).reshape({2, 3});
  const Tensor row = from_values<float>(std::vector<float>{10, 20, 30}, 3);
  std::cout << "six numbers as 2 x 3:\n"
            << to_string(counted) << "\nplus a row, which is broadcast:\n"
            << to_string(counted + row) << '\n';

  const Tensor turned = counted.t();  // a view: the same memory, read the other way
  turned.select(0, 1).fill_(-1);
  std::cout << "written through its transpose:\n" << to_string(counted) << '\n';

  std::cout << "sums of rows " << to_string(counted.sum({.dim = 1})) << ", the mean "
            << counted.mean().item<float>() << ", the largest at " << argmax(counted).item<int64_t>() << '\n';
  std::cout << "what is positive: " << to_string(masked_select(counted, counted > 0.0)) << '\n';
  std::cout << "a product, " << to_string(matmul(counted, row)) << ", and random numbers:\n"
            << to_string(randn({2, 4}));
  std::cout << '\n';
}
