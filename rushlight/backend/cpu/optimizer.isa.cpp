// Optimizer steps: one pass over parameters, gradients and state.
#include "rushlight/backend/cpu/optimizer.h"

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

constexpr int64_t kLine = 16;  // numbers whose line of the cache no two threads should share

// body(tensor, begin, end) over all numbers of all tensors, which lie one behind the other for this: even
// pieces, as many for each thread, so that a thread mostly meets the gradients that it has just written
// itself.
template <class Body>
void parallel_tensors(int64_t count, const int64_t* sizes, Body body) {
  const Scratch scratch(static_cast<size_t>(count + 1) * sizeof(int64_t));
  int64_t* first = static_cast<int64_t*>(scratch.data());  // place of each tensor's first number
  first[0] = 0;
  for (int64_t i = 0; i < count; ++i) first[i + 1] = first[i] + round_up(sizes[i], kLine);
  const int64_t all = first[count], fewest = ceil_div(all, kChunkNumbers);
  const int64_t pieces = fewest > 1 ? round_up(fewest, num_threads()) : 1;
  const int64_t piece = round_up(ceil_div(all, pieces), kLine);
  parallel_for(pieces, [&](int64_t chunk) {
    const int64_t begin = chunk * piece, end = smaller(all, begin + piece);
    int64_t low = 0, high = count;  // the first tensor is in [low, high)
    while (high - low > 1) {
      const int64_t middle = (low + high) / 2;
      (first[middle] <= begin ? low : high) = middle;
    }
    for (int64_t t = low; t < count && first[t] < end; ++t) {
      const int64_t from = begin > first[t] ? begin - first[t] : 0;
      if (from < sizes[t]) body(t, from, smaller(sizes[t], end - first[t]));
    }
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
  explicit Adam(const AdamArgs<T>& a)
      : args(a),
        shrink(lanes<T>(a.decoupled_decay ? 1 - a.lr * a.weight_decay : 1)),
        decay(lanes<T>(a.decoupled_decay ? 0 : a.weight_decay)),
        grad_scale(lanes<T>(a.grad_scale)),
        mean_share(lanes<T>(1 - a.beta1)),
        variance_rest(lanes<T>(a.beta2)),
        variance_share(lanes<T>(1 - a.beta2)) {
    // step_size * m / (sqrt(v) / root_correction + eps) with a single division: in a cache those take
    // longest.
    const double root_correction = __builtin_sqrt(1 - __builtin_pow(a.beta2, a.step));
    step_size = lanes<T>(a.lr * root_correction / (1 - __builtin_pow(a.beta1, a.step)));
    eps = lanes<T>(a.eps * root_correction);
  }

  void update(int64_t t, int64_t i, int64_t count) const {
    T *param = args.params[t] + i, *mean = args.mean[t] + i, *variance = args.variance[t] + i;
    const V p = load_partial(param, count);
    const V g = multiply_add(p, decay, load_partial(args.grads[t] + i, count) * grad_scale);
    const V m0 = load_partial(mean, count);
    const V m = multiply_add(g - m0, mean_share, m0);
    const V v = multiply_add(g * g, variance_share, load_partial(variance, count) * variance_rest);
    V largest = v;
    if (args.largest_variance) {
      largest = max(v, load_partial(args.largest_variance[t] + i, count));
      store_partial(args.largest_variance[t] + i, largest, count);
    }
    store_partial(mean, m, count);
    store_partial(variance, v, count);
    store_partial(param, p * shrink - step_size * m / (sqrt(largest) + eps), count);
  }

  AdamArgs<T> args;
  V shrink, decay, grad_scale, mean_share, variance_rest, variance_share, step_size, eps;
};

template <class T>
struct Sgd {
  using V = Vec<T>;
  explicit Sgd(const SgdArgs<T>& a)
      : args(a),
        lr(lanes<T>(a.lr)),
        decay(lanes<T>(a.weight_decay)),
        grad_scale(lanes<T>(a.grad_scale)),
        momentum(lanes<T>(a.momentum)),
        share(lanes<T>(1 - a.dampening)) {}

  // What a step of size lr follows.
  V direction(int64_t t, int64_t i, int64_t count, V g) const {
    if (!args.momentum_buffers) return g;
    T* buffer = args.momentum_buffers[t] + i;
    V b = g;
    if (!args.first_step) b = multiply_add(g, share, load_partial(buffer, count) * momentum);
    store_partial(buffer, b, count);
    return args.nesterov ? multiply_add(b, momentum, g) : b;
  }

  void update(int64_t t, int64_t i, int64_t count) const {
    T* param = args.params[t] + i;
    const V p = load_partial(param, count);
    const V g = multiply_add(p, decay, load_partial(args.grads[t] + i, count) * grad_scale);
    store_partial(param, p - lr * direction(t, i, count, g), count);
  }

  SgdArgs<T> args;
  V lr, decay, grad_scale, momentum, share;
};

template <class T, class Rule>
void update_all(const Rule& rule) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  parallel_tensors(rule.args.count, rule.args.sizes, [&](int64_t tensor, int64_t begin, int64_t end) {
    const Rule own = rule;  // its numbers stay in registers: the compiler sees that no store changes them
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) own.update(tensor, i, kLanes);
    if (i < end) own.update(tensor, i, end - i);
  });
}

}  // namespace

template <class T>
void adam_step(const AdamArgs<T>& args) {
  update_all<T>(Adam<T>(args));
}

template <class T>
void sgd_step(const SgdArgs<T>& args) {
  update_all<T>(Sgd<T>(args));
}

template void adam_step(const AdamArgs<float>&);
template void adam_step(const AdamArgs<double>&);
template void sgd_step(const SgdArgs<float>&);
template void sgd_step(const SgdArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
