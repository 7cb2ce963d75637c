// Optimizer steps, one parameter after the other.
#include <cmath>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

// The lists of a call: inputs are params, grads, states ... (n each), results the same without grads. Halves
// compute in float32.
template <class Wide>
class Lists {
 public:
  Lists(const KernelCall& call, size_t lists, size_t i) : call_(call), i_(i) {
    n_ = call.in.size() / lists;  // the one or two numbers behind them fill no other list
    for (size_t list = 0; list < lists; ++list)
      values_.push_back(row_major_in(dtype_of<Wide>, call.in[list * n_ + i]));
  }
  size_t size() const { return static_cast<size_t>(values_[0].numel()); }
  Wide* operator[](size_t list) const { return static_cast<Wide*>(values_[list].raw_data()); }

  void write_back() const {
    for (size_t list = 0; list < values_.size(); ++list)
      if (list != 1) copy_elements(call_.out[(list ? list - 1 : 0) * n_ + i_], values_[list]);
  }

 private:
  const KernelCall& call_;
  size_t i_, n_;
  std::vector<Tensor> values_;
};

// update(Lists<float or double>&) for every parameter.
template <class Update>
void each_parameter(const KernelCall& call, size_t lists, Update update) {
  for (size_t i = 0; i < call.in.size() / lists; ++i) {
    auto run = [&](auto lists_of_one) {
      update(lists_of_one);
      lists_of_one.write_back();
    };
    if (call.in[i].dtype() == DType::float64)
      run(Lists<double>(call, lists, i));
    else
      run(Lists<float>(call, lists, i));
  }
}

// The last input but one counts the steps before this one; the last result counts it too.
double count_step(const KernelCall& call) {
  double count = call.in[call.in.size() - 2].item<double>() + 1;
  const Tensor& step = call.out[call.out.size() - 1];
  visit(step.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    *static_cast<T*>(step.raw_data()) = static_cast<T>(static_cast<float>(count));
  });
  return count;
}

// What a gradient is multiplied by.
double grad_scale(const KernelCall& call, bool maximize) {
  const Tensor& factor = call.in[call.in.size() - 1];
  return (maximize ? -1 : 1) * (factor.defined() ? factor.item<double>() : 1);
}

// Lists: params, grads, first and second moments, and with amsgrad the largest second moments.
bool adam(const KernelCall& call, bool decoupled_decay, bool amsgrad) {
  args::AdamStep a(call.attrs);
  double count = count_step(call), lr = a.lr.get(), beta1 = a.beta1.get(), beta2 = a.beta2.get();
  double factor = grad_scale(call, a.maximize);
  double correction1 = 1 - std::pow(beta1, count), correction2 = 1 - std::pow(beta2, count);
  each_parameter(call, amsgrad ? 5 : 4, [&]<class Wide>(Lists<Wide>& of) {
    auto wide = [](double x) { return static_cast<Wide>(x); };
    Wide decay = wide(decoupled_decay ? 1 - lr * a.weight_decay : 1);
    Wide pull = wide(decoupled_decay ? 0 : a.weight_decay), root = wide(std::sqrt(correction2));
    for (size_t k = 0; k < of.size(); ++k) {
      Wide g = wide(factor) * of[1][k] + pull * of[0][k];
      of[2][k] = wide(beta1) * of[2][k] + wide(1 - beta1) * g;
      of[3][k] = wide(beta2) * of[3][k] + wide(1 - beta2) * g * g;
      if (amsgrad) of[4][k] = std::max(of[4][k], of[3][k]);
      Wide spread = std::sqrt(of[amsgrad ? 4 : 3][k]) / root + wide(a.eps);
      of[0][k] = of[0][k] * decay - wide(lr / correction1) * of[2][k] / spread;
    }
  });
  return true;
}

}  // namespace

bool adamw_step(const KernelCall& call) { return adam(call, true, false); }
bool adamw_amsgrad_step(const KernelCall& call) { return adam(call, true, true); }
bool adam_step(const KernelCall& call) { return adam(call, false, false); }
bool adam_amsgrad_step(const KernelCall& call) { return adam(call, false, true); }

bool sgd_step(const KernelCall& call) {
  args::SgdStep a(call.attrs);
  double lr = a.lr.get(), factor = grad_scale(call, a.maximize);
  each_parameter(call, 2, [&]<class Wide>(Lists<Wide>& of) {
    for (size_t k = 0; k < of.size(); ++k) {
      Wide g = static_cast<Wide>(factor) * of[1][k] + static_cast<Wide>(a.weight_decay) * of[0][k];
      of[0][k] -= static_cast<Wide>(lr) * g;
    }
  });
  return true;
}

// Lists: params, grads, momentum buffers.
bool sgd_momentum_step(const KernelCall& call) {
  args::SgdMomentumStep a(call.attrs);
  bool first = count_step(call) == 1;
  double lr = a.lr.get(), momentum = a.momentum.get(), factor = grad_scale(call, a.maximize);
  each_parameter(call, 3, [&]<class Wide>(Lists<Wide>& of) {
    auto wide = [](double x) { return static_cast<Wide>(x); };
    for (size_t k = 0; k < of.size(); ++k) {
      Wide g = wide(factor) * of[1][k] + wide(a.weight_decay) * of[0][k];
      of[2][k] = first ? g : wide(momentum) * of[2][k] + wide(1 - a.dampening) * g;
      of[0][k] -= wide(lr) * (a.nesterov ? g + wide(momentum) * of[2][k] : of[2][k]);
    }
  });
  return true;
}

}  // namespace rushlight::reference
