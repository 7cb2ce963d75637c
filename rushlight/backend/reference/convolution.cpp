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

  // visit(wide, narrow, weight): offsets from the first elements of those that meet.
  template <class Visit>
  void each_meeting(Visit&& visit) const {
    int64_t outputs = narrow.size(1), inputs = weight.size(1);
    for (int64_t n = 0; n < narrow.size(0); ++n)
      for (int64_t o = 0; o < outputs; ++o) {
        int64_t group = o / (outputs / groups);
        for (int64_t i = 0; i < inputs; ++i) {
          Meeting first{n * wide.stride(0) + (group * inputs + i) * wide.stride(1),
                        n * narrow.stride(0) + o * narrow.stride(1),
                        o * weight.stride(0) + i * weight.stride(1)};
          for (const Meeting& m : meetings)
            visit(first.wide + m.wide, first.narrow + m.narrow, first.weight + m.weight);
        }
      }
  }

  const Layout &wide, &narrow, &weight;
  int64_t groups;
  std::vector<Meeting> meetings{Meeting{0, 0, 0}};
};

// Every channel's bias, or zeros, at each of its places.
Tensor starting_totals(const Tensor& out, const Tensor& bias) {
  Tensor totals = empty(out.shape(), total_type(out.dtype()));
  if (!bias.defined()) {
    copy_elements(totals, 0);
    return totals;
  }
  Shape shape(static_cast<size_t>(out.rank()) - 1, 1);
  Strides strides(shape.size(), 0);
  shape[0] = bias.numel();
  strides[0] = bias.layout().stride(0);
  copy_elements(totals, alias(bias, Layout({shape.data(), shape.size()}, {strides.data(), strides.size()},
                                           bias.storage_offset())));
  return totals;
}

// Adds the products of a and b to the totals: `pick` puts the offsets of a meeting in the order total, a, b.
template <class Pick>
void add_products(const Walk& walk, const Tensor& a, const Tensor& b, const Tensor& totals, Pick pick) {
  visit_total(totals.dtype(), [&]<class Total>(TypeTag<Total>) {
    const Total *x = a.data<Total>(), *y = b.data<Total>();
    Total* total = totals.data<Total>();
    walk.each_meeting([&](int64_t wide, int64_t narrow, int64_t weight) {
      auto [to, from_a, from_b] = pick(wide, narrow, weight);
      total[to] += x[from_a] * y[from_b];
    });
  });
}

}  // namespace

bool convolution(const KernelCall& call) {
  args::Convolution a(call.attrs);
  Tensor totals = starting_totals(call.out[0], call.in[2]);
  Tensor input = row_major_in(totals.dtype(), call.in[0]), weight = row_major_in(totals.dtype(), call.in[1]);
  Walk walk(a, a.transposed ? totals : input, a.transposed ? input : totals, weight);
  add_products(walk, input, weight, totals, [&](int64_t wide, int64_t narrow, int64_t place) {
    return a.transposed ? Meeting{wide, narrow, place} : Meeting{narrow, wide, place};
  });
  copy_elements(call.out[0], totals);
  return true;
}

bool convolution_weight_gradient(const KernelCall& call) {
  Tensor totals = starting_totals(call.out[0], {});
  Tensor input = row_major_in(totals.dtype(), call.in[0]), grad = row_major_in(totals.dtype(), call.in[1]);
  Walk walk(args::ConvolutionWeightGradient(call.attrs), input, grad, totals);
  add_products(walk, input, grad, totals,
               [](int64_t wide, int64_t narrow, int64_t place) { return Meeting{place, wide, narrow}; });
  copy_elements(call.out[0], totals);
  return true;
}

}  // namespace rushlight::reference
