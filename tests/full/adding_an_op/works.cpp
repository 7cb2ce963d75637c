// What docs/adding-an-op.md promises of its ops in C++; the numbers are worked out by hand.
#include <cmath>
#include <cstdio>
#include <string>

#include "rushlight/backend/backend.h"
#include "rushlight/core/schema.h"
#include "rushlight/rushlight.h"

using namespace rushlight;

namespace {

int failures = 0;

void expect(bool condition, const std::string& what) {
  if (condition) return;
  ++failures;
  std::printf("not so: %s\n", what.c_str());
}
void expect_near(const Tensor& got, double expected, const std::string& what) {
  expect(std::fabs(got.item<double>() - expected) < 1e-6, what);
}

void functions_and_methods(const std::string& backend) {
  Tensor x = full({}, 2.0);
  expect_near(quirk(x), 0.4, backend + ": quirk(2) is 2 / 5");
  expect_near(x.quirk(), 0.4, backend + ": the method");
  Tensor target = empty({}, DType::float32);
  quirk_out(target, x);
  expect_near(target, 0.4, backend + ": quirk_out");
  x.quirk_();
  expect_near(x, 0.4, backend + ": in place");
  expect_near(scaled_quirk(full({}, 2.0), {.scale = 6.0}), 0.2, backend + ": scaled_quirk(2, 6) is 2 / 10");
  expect_near(scaled_quirk(full({}, 2.0)), 0.4, backend + ": the default scale is 1");
}

// d/dx x / (1 + x^2) is (1 - x^2) / (1 + x^2)^2, and its own derivative 2x (x^2 - 3) / (1 + x^2)^3.
void gradients(const std::string& backend) {
  for (DType dtype : {DType::float32, DType::float64}) {
    Tensor x = full({}, 2.0, {.dtype = dtype});
    x.requires_grad_();
    Tensor first = grad({quirk(x)}, {x}, {.create_graph = true})[0];
    expect_near(first, -3.0 / 25, backend + ": the gradient");
    expect_near(grad({first}, {x})[0], 4.0 / 125, backend + ": the second gradient");
  }
}

}  // namespace

int main() {
  for (const Backend* backend : host_backends()) {
    set_backend(backend->name);
    const OpId* id = find_op("quirk");
    expect(id && backend->kernel(*id, Part::forward) && backend->kernel(*id, Part::grad0),
           std::string(backend->name) + " has kernels");
    functions_and_methods(backend->name);
    gradients(backend->name);
  }
  if (failures == 0) std::puts("function, method, in place, out, gradients: on every backend");
  return failures != 0;
}
