// Random numbers, each a function of the key and of the element's place in row-major order: the bits are the
// reference's.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

PhiloxKey key_of(const Tensor& key) {
  const auto* words = pointer<const uint64_t>(key);
  return {words[0], words[1]};
}

// `out` itself, or memory for what is cast to it.
Tensor row_major_target(const Tensor& out, DType dtype) {
  return out.dtype() == dtype && out.is_contiguous() ? out : empty(out.shape(), dtype);
}
bool finish(const Tensor& out, const Tensor& made) {
  if (!made.is_same(out)) copy_elements(out, made);
  return true;
}

// Halves are cut to the grid that they hold: rounded up, a number below 1 could become 1.
constexpr int grid_bits(DType dtype) {
  return dtype == DType::float16 ? 11 : dtype == DType::bfloat16 ? 8 : 24;
}

// fill(kernels, arguments)
template <class Fill>
bool fill_floating(const KernelCall& call, Fill fill) {
  const Tensor& out = call.out[0];
  Tensor made = row_major_target(out, compute_type(out.dtype()));
  with_floating(made.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    fill(floating_kernels<T>(),
         RandomArgs<T>{key_of(call.in[0]), made.numel(), pointer<T>(made), grid_bits(out.dtype())});
    return true;
  });
  return finish(out, made);
}

// draw(first element, words of the elements from it on, how many), two words each, in parallel chunks.
template <class Draw>
void draw_pairs(PhiloxKey key, int64_t count, Draw draw) {
  constexpr int64_t kTile = 1024;
  parallel_for((count + kTile - 1) / kTile, [&](int64_t chunk) {
    uint32_t words[2 * kTile];
    const int64_t first = chunk * kTile, n = std::min(kTile, count - first);
    kernels().random_words(key, static_cast<uint64_t>(first) / 2, (n + 1) / 2 * 4, words);
    draw(first, words, n);
  });
}
WordPair pair_at(const uint32_t* words, int64_t i) { return {words[2 * i], words[2 * i + 1]}; }
double uniform_of(WordPair words) { return uniform<double>(uint64_t{words.high}, uint64_t{words.low}); }

}  // namespace

bool uniform_with_key(const KernelCall& call) {
  return fill_floating(call, [](const auto& table, const auto& args) { table.uniform(args); });
}
bool normal_with_key(const KernelCall& call) {
  return fill_floating(call, [](const auto& table, const auto& args) { table.normal(args); });
}

bool dropout_with_key(const KernelCall& call) {
  const Tensor& out = call.out[0];
  const double p = args::DropoutWithKey(call.attrs).p, scale = p < 1 ? 1 / (1 - p) : 0;
  const DType dtype = call.in[0].dtype() == DType::float64 ? DType::float64 : DType::float32;
  Tensor x = row_major_as(call.in[0], dtype), made = row_major_target(out, dtype);
  with_floating(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    floating_kernels<T>().dropout({key_of(call.in[1]), x.numel(), static_cast<float>(p),
                                   static_cast<T>(scale), pointer<T>(x), pointer<T>(made)});
    return true;
  });
  return finish(out, made);
}

bool integers_with_key(const KernelCall& call) {
  args::IntegersWithKey a(call.attrs);
  const Tensor& out = call.out[0];
  const auto low = static_cast<uint64_t>(a.low), span = static_cast<uint64_t>(a.high) - low;
  Tensor made = row_major_target(out, DType::int64);
  int64_t* number = pointer<int64_t>(made);
  draw_pairs(key_of(call.in[0]), made.numel(), [&](int64_t first, const uint32_t* words, int64_t n) {
    for (int64_t i = 0; i < n; ++i)
      number[first + i] = static_cast<int64_t>(low + bounded(pair_at(words, i), span));
  });
  return finish(out, made);
}

// Fisher and Yates: every element changes places with one that is not before it. Who that is may be drawn
// ahead.
bool permutation_with_key(const KernelCall& call) {
  const Tensor& out = call.out[0];
  const int64_t n = out.numel();
  Tensor made = row_major_target(out, DType::int64), partners = empty(n, DType::int64);
  int64_t *order = pointer<int64_t>(made), *partner = pointer<int64_t>(partners);
  draw_pairs(key_of(call.in[0]), n, [&](int64_t first, const uint32_t* words, int64_t count) {
    for (int64_t i = first; i < first + count; ++i) {
      order[i] = i;
      partner[i] = i + static_cast<int64_t>(bounded(pair_at(words, i - first), static_cast<uint64_t>(n - i)));
    }
  });
  for (int64_t i = 0; i + 1 < n; ++i) std::swap(order[i], order[partner[i]]);
  return finish(out, made);
}

// -- multinomial, a row of weights at a time

namespace {

struct WeightRow {
  const double* weight;
  int64_t count, number;  // of categories, and which row
  PhiloxKey key;

  bool is_distribution() const {
    double total = 0;
    for (int64_t i = 0; i < count; ++i) {
      if (!(weight[i] >= 0 && std::isfinite(weight[i]))) return false;
      total += weight[i];
    }
    return total > 0;
  }

  // A uniform number among the running sums finds the place of the step it is on.
  void draw_again_and_again(int64_t* place, int64_t samples) const {
    std::vector<double> sums(static_cast<size_t>(count));
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) sums[static_cast<size_t>(i)] = sum += weight[i];
    auto end = std::lower_bound(sums.begin(), sums.end(), sum);  // behind it are zero weights
    for (int64_t i = 0; i < samples; ++i) {
      WordPair words = random_word_pair(key, static_cast<uint64_t>(number * samples + i));
      place[i] = std::upper_bound(sums.begin(), end, uniform_of(words) * sum) - sums.begin();
    }
  }

  // Each place waits for an exponentially distributed time, the shorter the larger its weight: who comes
  // first is drawn first. A weight of 0 comes after all others.
  void draw_once(int64_t* place, int64_t samples) const {
    constexpr int64_t kTile = 512;
    std::vector<std::pair<double, int64_t>> times(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; i += kTile) {
      uint32_t words[2 * kTile + 4];
      const int64_t n = std::min(kTile, count - i), element = number * count + i, odd = element % 2;
      kernels().random_words(key, static_cast<uint64_t>(element) / 2, (n + odd + 1) / 2 * 4, words);
      for (int64_t k = 0; k < n; ++k) {
        double w = weight[i + k], infinity = std::numeric_limits<double>::infinity();
        times[static_cast<size_t>(i + k)] = {
            w > 0 ? -std::log1p(-uniform_of(pair_at(words, odd + k))) / w : infinity, i + k};
      }
    }
    std::partial_sort(times.begin(), times.begin() + samples, times.end());
    for (int64_t i = 0; i < samples; ++i) place[i] = times[static_cast<size_t>(i)].second;
  }
};

}  // namespace

bool multinomial_with_key(const KernelCall& call) {
  args::MultinomialWithKey a(call.attrs);
  Tensor weights = row_major_as(call.in[0], DType::float64);
  const int64_t categories = call.in[0].size(-1);
  if (categories == 0 || !call.out[0].is_contiguous()) return by_reference(call);
  auto row = [&](int64_t i) {
    return WeightRow{pointer<double>(weights) + i * categories, categories, i, key_of(call.in[1])};
  };
  const int64_t rows = weights.numel() / categories;
  for (int64_t i = 0; i < rows; ++i)
    if (!row(i).is_distribution()) return by_reference(call);  // which says what is wrong
  int64_t* places = pointer<int64_t>(call.out[0]);
  parallel_for(rows, [&](int64_t i) {
    int64_t* place = places + i * a.num_samples;
    a.replacement ? row(i).draw_again_and_again(place, a.num_samples)
                  : row(i).draw_once(place, a.num_samples);
  });
  return true;
}

}  // namespace rushlight::cpu
