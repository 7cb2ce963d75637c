#include "rushlight/math/uses.h"

#include <doctest/doctest.h>

#include <string>

#include "rushlight/math/elementwise.h"

namespace rushlight::math {

namespace {

// "ab" for two operands, "y" for the result.
std::string reads(const GradUse& use) {
  std::string names;
  for (int i = 0; i < 4; ++i)
    if (use.reads_input[i]) names += "abcd"[i];
  return use.reads_output ? names + "y" : names;
}

}  // namespace

TEST_CASE("a gradient reads only what its formula mentions") {
  CHECK(reads(grad_use<Add, 0>()) == "");
  CHECK(reads(grad_use<Mul, 0>()) == "b");
  CHECK(reads(grad_use<Mul, 1>()) == "a");
  CHECK(reads(grad_use<Div, 0>()) == "b");
  CHECK(reads(grad_use<Div, 1>()) == "ab");
  CHECK(reads(grad_use<Exp, 0>()) == "y");
  CHECK(reads(grad_use<Log, 0>()) == "a");
  CHECK(reads(grad_use<Relu, 0>()) == "y");
  CHECK(reads(grad_use<Tanh, 0>()) == "y");
  CHECK(reads(grad_use<Gelu, 0>()) == "a");
  CHECK(reads(grad_use<LeakyRelu, 0>()) == "a");
  CHECK(reads(grad_use<Where, 1>()) == "a");
  CHECK(reads(grad_use<Addcmul, 1>()) == "c");
  CHECK(reads(grad_use<Pow, 1>()) == "aby");
}

TEST_CASE("a constant reads nothing, and is zero where it says so") {
  CHECK(Uses(0.0).is == Uses::Is::zero);
  CHECK(Uses(1.0).is == Uses::Is::something);
  CHECK(Uses(1.0).reads == 0);
}

TEST_CASE("a gradient that passes unchanged is known, and one that is zero") {
  CHECK(grad_use<Add, 0>().is_identity);
  CHECK(grad_use<Add, 1>().is_identity);
  CHECK(grad_use<Sub, 0>().is_identity);
  CHECK_FALSE(grad_use<Sub, 1>().is_identity);
  CHECK_FALSE(grad_use<Mul, 0>().is_identity);
  CHECK_FALSE(grad_use<AddScaled, 1>().is_identity);
  CHECK_FALSE(grad_use<Where, 1>().is_identity);
  CHECK(grad_use<Where, 0>().is_zero);
  CHECK(grad_use<Floor, 0>().is_zero);
  CHECK_FALSE(grad_use<Add, 0>().is_zero);
  CHECK_FALSE(grad_use<AddScaled, 1>().is_zero);
  CHECK_FALSE(grad_use<Exp, 0>().is_zero);
}

}  // namespace rushlight::math
