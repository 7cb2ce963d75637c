// Autograd: slopes of whatever was computed, and slopes of slopes.
#include <iostream>

#include "rushlight/core/print.h"
#include "rushlight/rushlight.h"

using namespace rushlight;

int main() {
  const Tensor x = from_values<double>(std::vector<double>{-1, 0.5, 2}, 3).requires_grad_();
  (x * x * x).sum().backward();
  std::cout << "the slopes of x^3 at -1, 0.5 and 2: " << to_string(x.grad()) << '\n';

  // The second slope is the slope of the first, if the first was recorded too.
  const Tensor y = full({}, 2.0, {.dtype = DType::float64}).requires_grad_();
  const Tensor first = grad({sin(y)}, {y}, {.create_graph = true})[0];
  const Tensor second = grad({first}, {y})[0];
  std::cout << "sin at 2 has slope " << first.item<double>() << " and bend " << second.item<double>() << '\n';

  // Newton's way to the square root of 2, its slopes by backward().
  Tensor guess = full({}, 1.0, {.dtype = DType::float64}).requires_grad_();
  for (int step = 0; step < 6; ++step) {
    const Tensor error = guess * guess - 2.0;
    error.backward();
    guess = (guess - error / guess.grad()).detach().requires_grad_();
  }
  std::cout.precision(12);
  std::cout << "the square root of 2: " << guess.item<double>() << '\n';
}
