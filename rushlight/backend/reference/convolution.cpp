// Convolutions of any spatial rank. Three ops share one walk: a window slides over the `wide` image, the
// `narrow` image has one element for each of its positions, and the weight one for each place inside of it.
#include <vector>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/windows.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

// Offsets of the three elements that meet, from the first elements of their channels.
struct Meeting {
  int64_t wide, narrow, weight;
};

template <class Args>
Window window_of(const Args& args, int64_t size, size_t d) {
  return {size, each(args.stride, d), each(args.padding, d), each(args.dilation, d)};
}

struct Walk {
  template <class Args>
  Walk(const Args& args, const Tensor& wide_image, const Tensor& narrow_image, const Tensor& kernel)
      : wide(wide_image.layout()),
        narrow(narrow_image.layout()),
        weight(kernel.layout()),
        groups(args.groups) {
    for (int d = 2; d < weight.rank(); ++d)
      add_dimension(d, window_of(args, weight.size(d), static_cast<size_t>(d - 2)));
  }

  void add_dimension(int d, const Window& window) {
    std::vector<Meeting> outer;
    outer.swap(meetings);
    for (const Meeting& m : outer)
      for (int64_t position = 0; position < narrow.size(d); ++position)
        for (int64_t tap = 0; tap < window.size; ++tap) {
          int64_t at = window.start(position) + tap * window.dilation;
          if (at < 0 || at >= wide.size(d)) continue;
          meetings.push_back({m.wide + at * wide.stride(d), m.narrow + position * narrow.stride(d),
                              m.weight + tap * weight.stride(d)});
        }
  }

  // visit(wide, narrow, weight): offsets into the storages of elements that meet.
  template <class Visit>
  void each_meeting(Visit&& visit) const {
    int64_t outputs = narrow.size(1), inputs = weight.size(1);
    for (int64_t n = 0; n < narrow.size(0); ++n)
      for (int64_t o = 0; o < outputs; ++o) {
        int64_t group = o / (outputs / groups);
        for (int64_t i = 0; i < inputs; ++i) {
          Meeting first{wide.offset() + n * wide.stride(0) + (group * inputs + i) * wide.stride(1),
                        narrow.offset() + n * narrow.stride(0) + o * narrow.stride(1),
                        weight.offset() + o * weight.stride(0) + i * weight.stride(1)};
          for (const Meeting& m : meetings)
            visit(first.wide + m.wide, first.narrow + m.narrow, first.weight + m.weight);
        }
      }
  }

  const Layout &wide, &narrow, &weight;
  int64_t groups;
  std::vector<Meeting> meetings{Meeting{0, 0, 0}};
};

template <class T>
using Total = std::conditional_t<std::is_integral_v<T>, uint64_t, double>;

template <class T>
const T* elements(const Tensor& tensor) {
  return static_cast<const T*>(tensor.storage()->data());
}

// Every channel's bias, or zeros, in the result's row-major order.
template <class T>
std::vector<Total<T>> starting_totals(const Tensor& out, const Tensor& bias) {
  std::vector<Total<T>> totals(static_cast<size_t>(out.numel()), Total<T>(0));
  if (!bias.defined() || totals.empty()) return totals;
  int64_t channels = out.size(1), plane = out.numel() / (out.size(0) * channels);
  const T* first = elements<T>(bias) + bias.storage_offset();
  for (size_t i = 0; i < totals.size(); ++i)
    totals[i] =
        static_cast<Total<T>>(first[static_cast<int64_t>(i) / plane % channels * bias.layout().stride(0)]);
  return totals;
}

template <class T>
void write(const Tensor& out, const std::vector<Total<T>>& totals) {
  T* to = out.data<T>();
  for (Total<T> total : totals)
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
      *to++ = static_cast<T>(static_cast<float>(total));
    else
      *to++ = static_cast<T>(total);
}

// Adds the products of a and b to the result: `pick` puts the offsets of a meeting in the order result, a, b.
template <class T, class Pick>
void add_products(const Walk& walk, const Tensor& a, const Tensor& b, const Tensor& out,
                  std::vector<Total<T>> totals, Pick&& pick) {
  const T *x = elements<T>(a), *y = elements<T>(b);
  walk.each_meeting([&](int64_t wide, int64_t narrow, int64_t weight) {
    auto [to, from_a, from_b] = pick(wide, narrow, weight);
    totals[static_cast<size_t>(to - out.storage_offset())] +=
        static_cast<Total<T>>(x[from_a]) * static_cast<Total<T>>(y[from_b]);
  });
  write<T>(out, totals);
}

}  // namespace

bool convolution(const KernelCall& call) {
  args::Convolution a(call.attrs);
  const Tensor &input = call.in[0], &weight = call.in[1], &out = call.out[0];
  Walk walk(a, a.transposed ? out : input, a.transposed ? input : out, weight);
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    add_products<T>(walk, input, weight, out, starting_totals<T>(out, call.in[2]),
                    [&](int64_t wide, int64_t narrow, int64_t place) {
                      return a.transposed ? Meeting{wide, narrow, place} : Meeting{narrow, wide, place};
                    });
  });
  return true;
}

bool convolution_weight_gradient(const KernelCall& call) {
  args::ConvolutionWeightGradient a(call.attrs);
  const Tensor &input = call.in[0], &grad = call.in[1], &out = call.out[0];
  Walk walk(a, input, grad, out);
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    add_products<T>(walk, input, grad, out, starting_totals<T>(out, {}),
                    [](int64_t wide, int64_t narrow, int64_t place) { return Meeting{place, wide, narrow}; });
  });
  return true;
}

}  // namespace rushlight::reference
