// Optimizer steps: one pass over parameters, gradients and state.
#include "rushlight/backend/cpu/optimizer.h"

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

// body(tensor, begin, end) over all numbers of all tensors, in chunks of one tensor each.
template <class Body>
void parallel_tensors(int64_t count, const int64_t* sizes, Body body) {
  const Scratch scratch(static_cast<size_t>(count + 1) * sizeof(int64_t));
  int64_t* first_chunk = static_cast<int64_t*>(scratch.data());
  first_chunk[0] = 0;
  for (int64_t i = 0; i < count; ++i) first_chunk[i + 1] = first_chunk[i] + ceil_div(sizes[i], kChunkNumbers);
  parallel_for(first_chunk[count], [&](int64_t chunk) {
    int64_t low = 0, high = count;  // the tensor is in [low, high)
    while (high - low > 1) {
      const int64_t middle = (low + high) / 2;
      (first_chunk[middle] <= chunk ? low : high) = middle;
    }
    const int64_t begin = (chunk - first_chunk[low]) * kChunkNumbers;
    body(low, begin, smaller(sizes[low], begin + kChunkNumbers));
  });
}

// A number of a formula in every lane.
template <class T>
Vec<T> lanes(double x) {
  return Vec<T>::splat(static_cast<T>(x));
}

template <class T>
struct Adam {
  using V = Vec<T>;
  explicit Adam(const AdamArgs<T>& args)
      : args(args),
        shrink(args.decoupled_decay ? 1 - args.lr * args.weight_decay : 1),
        decay(args.decoupled_decay ? 0 : args.weight_decay),
        step_size(args.lr / (1 - __builtin_pow(args.beta1, args.step))),
        root_correction(__builtin_sqrt(1 - __builtin_pow(args.beta2, args.step))) {}

  void update(int64_t t, int64_t i, int64_t count) const {
    T *param = args.params[t] + i, *mean = args.mean[t] + i, *variance = args.variance[t] + i;
    const V p = load_partial(param, count);
    const V g =
        multiply_add(p, lanes<T>(decay), load_partial(args.grads[t] + i, count) * lanes<T>(args.grad_scale));
    const V m0 = load_partial(mean, count);
    const V m = multiply_add(g - m0, lanes<T>(1 - args.beta1), m0);
    const V v =
        multiply_add(g * g, lanes<T>(1 - args.beta2), load_partial(variance, count) * lanes<T>(args.beta2));
    V largest = v;
    if (args.largest_variance) {
      largest = max(v, load_partial(args.largest_variance[t] + i, count));
      store_partial(args.largest_variance[t] + i, largest, count);
    }
    const V spread = sqrt(largest) / lanes<T>(root_correction) + lanes<T>(args.eps);
    store_partial(mean, m, count);
    store_partial(variance, v, count);
    store_partial(param, p * lanes<T>(shrink) - lanes<T>(step_size) * m / spread, count);
  }

  const AdamArgs<T>& args;
  double shrink, decay, step_size, root_correction;
};

template <class T>
struct Sgd {
  using V = Vec<T>;
  const SgdArgs<T>& args;

  // What a step of size lr follows.
  V direction(int64_t t, int64_t i, int64_t count, V g) const {
    if (!args.momentum_buffers) return g;
    T* buffer = args.momentum_buffers[t] + i;
    V b = g;
    if (!args.first_step)
      b = multiply_add(g, lanes<T>(1 - args.dampening),
                       load_partial(buffer, count) * lanes<T>(args.momentum));
    store_partial(buffer, b, count);
    return args.nesterov ? multiply_add(b, lanes<T>(args.momentum), g) : b;
  }

  void update(int64_t t, int64_t i, int64_t count) const {
    T* param = args.params[t] + i;
    const V p = load_partial(param, count);
    const V g = multiply_add(p, lanes<T>(args.weight_decay),
                             load_partial(args.grads[t] + i, count) * lanes<T>(args.grad_scale));
    store_partial(param, p - lanes<T>(args.lr) * direction(t, i, count, g), count);
  }
};

template <class T, class Rule>
void update_all(const Rule& rule) {
  parallel_tensors(rule.args.count, rule.args.sizes, [&](int64_t tensor, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += Vec<T>::kLanes) rule.update(tensor, i, end - i);
  });
}

}  // namespace

template <class T>
void adam_step(const AdamArgs<T>& args) {
  update_all<T>(Adam<T>(args));
}

template <class T>
void sgd_step(const SgdArgs<T>& args) {
  update_all<T>(Sgd<T>{args});
}

template void adam_step(const AdamArgs<float>&);
template void adam_step(const AdamArgs<double>&);
template void sgd_step(const SgdArgs<float>&);
template void sgd_step(const SgdArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
