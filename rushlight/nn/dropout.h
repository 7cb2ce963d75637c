// Dropout: in training, numbers or whole channels become 0 by chance, and the others make up for it.
#pragma once

#include "rushlight/generated/functions.h"
#include "rushlight/nn/layer.h"

namespace rushlight::nn {

template <class Self, class Options, Tensor (*op)(const Tensor&, const Options&)>
class DropoutOf : public Layer<Self> {
 public:
  explicit DropoutOf(double p = 0.5) : p_(p) {
    if (!(p >= 0 && p <= 1))
      fail(ErrorKind::value, "[", short_name<Self>(), "] p is a probability between 0 and 1, not ", p);
  }
  Tensor forward(const Tensor& x) const {
    return this->is_training() && p_ > 0 ? op(x, {.p = p_, .training = true}) : x;
  }
  std::string details() const override { return join_text("p=", p_); }

 private:
  double p_;
};

struct Dropout : DropoutOf<Dropout, DropoutOptions, dropout> {
  using DropoutOf::DropoutOf;
};
struct Dropout1d : DropoutOf<Dropout1d, Dropout1dOptions, dropout1d> {
  using DropoutOf::DropoutOf;
};
struct Dropout2d : DropoutOf<Dropout2d, Dropout2dOptions, dropout2d> {
  using DropoutOf::DropoutOf;
};
struct Dropout3d : DropoutOf<Dropout3d, Dropout3dOptions, dropout3d> {
  using DropoutOf::DropoutOf;
};
struct AlphaDropout : DropoutOf<AlphaDropout, AlphaDropoutOptions, alpha_dropout> {
  using DropoutOf::DropoutOf;
};

}  // namespace rushlight::nn
