// Optimizer steps, one parameter after the other.
#include <cmath>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

// Inputs: params, grads, first moments, second moments (n each), step. Results: params, both moments, step.
bool adamw_step(const KernelCall& call) {
  args::AdamwStep a(call.attrs);
  size_t n = (call.in.size() - 1) / 4;
  const Tensor& step = call.in[4 * n];
  double count = step.item<double>() + 1;
  double lr = a.lr.get(), correction1 = 1 - std::pow(a.beta1, count),
         correction2 = 1 - std::pow(a.beta2, count);
  for (size_t i = 0; i < n; ++i) {
    const Tensor &param = call.in[i], &grad = call.in[n + i], &m = call.in[2 * n + i],
                 &v = call.in[3 * n + i];
    visit(param.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;
      auto read = [](const Tensor& t) {
        std::vector<Wide> values;
        for_each_offset(t.layout(), [&](int64_t at) {
          values.push_back(static_cast<Wide>(static_cast<const T*>(t.storage()->data())[at]));
        });
        return values;
      };
      auto write = [](const Tensor& t, const std::vector<Wide>& values) {
        auto from = values.begin();
        for_each_offset(t.layout(), [&](int64_t at) {
          static_cast<T*>(t.storage()->data())[at] = static_cast<T>(*from++);
        });
      };
      auto p = read(param), g = read(grad), first = read(m), second = read(v);
      Wide beta1 = static_cast<Wide>(a.beta1), beta2 = static_cast<Wide>(a.beta2),
           eps = static_cast<Wide>(a.eps);
      Wide decay = static_cast<Wide>(1 - lr * a.weight_decay), rate = static_cast<Wide>(lr / correction1);
      Wide root = static_cast<Wide>(std::sqrt(correction2));
      for (size_t k = 0; k < p.size(); ++k) {
        Wide gradient = a.maximize ? -g[k] : g[k];
        first[k] = beta1 * first[k] + (1 - beta1) * gradient;
        second[k] = beta2 * second[k] + (1 - beta2) * gradient * gradient;
        p[k] = p[k] * decay - rate * first[k] / (std::sqrt(second[k]) / root + eps);
      }
      write(call.out[i], p);
      write(call.out[n + i], first);
      write(call.out[2 * n + i], second);
    });
  }
  visit(step.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    *static_cast<T*>(call.out[3 * n].raw_data()) = static_cast<T>(static_cast<float>(count));
  });
  return true;
}

}  // namespace rushlight::reference
