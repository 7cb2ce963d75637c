// What plain integers cannot compute, as errors. The formulas (floor 1) know no error type.
#include "rushlight/base/error.h"
#include "rushlight/math/num.h"

namespace rushlight::math {

void integer_division_by_zero() {
  fail(ErrorKind::runtime,
       "ZeroDivisionError: integer division or remainder by zero; floating point gives inf or nan instead");
}
void negative_integer_power() {
  fail(ErrorKind::runtime,
       "Integers to negative integer powers are not allowed; cast the base with to(float32)");
}

}  // namespace rushlight::math
