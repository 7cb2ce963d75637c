// What a stranger's first program needs: the umbrella header, the ops, gradients and errors that can be
// caught.
#include <rushlight/rushlight.h>

#include <cstdio>
#include <vector>

using namespace rushlight;

int main() {
  const std::vector<float> numbers = {1, 2, 3, 4};
  Tensor x = from_values<float>(numbers, {2, 2});
  x.requires_grad_();
  (matmul(x, x) * 2).sum().backward();
  // At (i, j): twice the sum of row j plus the sum of column i.
  const std::vector<float> expected = {14, 22, 18, 26};
  if (x.grad().to_vector<float>() != expected) return std::puts("a wrong gradient"), 1;
  try {
    (void)matmul(x, from_values<float>(numbers, {4, 1}));
  } catch (const Error& error) {
    std::printf("as it should: %s\n", error.what());
    return 0;
  }
  return std::puts("a wrong shape went unnoticed"), 1;
}
