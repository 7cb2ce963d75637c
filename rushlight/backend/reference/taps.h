// Walking a wide image and a small one that is made from it together.
#pragma once

#include <vector>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/tap_tables.h"

namespace rushlight::reference {

// Walks both images. Offsets are counted from their first elements; a place is its row-major number within
// its channel, a channel that among all items' channels.
class TapWalk {
 public:
  // One table for each spatial dimension.
  TapWalk(const Layout& wide, const Layout& narrow, std::vector<TapTable> tables)
      : wide_(wide), narrow_(narrow), tables_(std::move(tables)), chosen_(tables_.size()) {}

  // visit(offset in the narrow image, channel) for each of its elements, in row-major order.
  template <class Visit>
  void each_element(Visit&& visit) {
    channel_ = 0;
    for (int64_t n = 0; n < narrow_.size(0); ++n)
      for (int64_t c = 0; c < narrow_.size(1); ++c, ++channel_) {
        first_ = n * wide_.stride(0) + c * wide_.stride(1);
        choose(0, n * narrow_.stride(0) + c * narrow_.stride(1), visit);
      }
  }

  // Of the element that is being visited: visit(offset in the wide image, place, weight) for each tap.
  template <class Visit>
  void each_tap(Visit&& visit) const {
    meet(0, first_, 0, 1, visit);
  }
  // ... and over how many elements a mean is taken.
  int64_t count() const {
    int64_t product = 1;
    for (const Taps* taps : chosen_) product *= taps->count;
    return product;
  }

 private:
  template <class Visit>
  void choose(size_t d, int64_t offset, Visit& visit) {
    if (d == tables_.size()) return visit(offset, channel_);
    for (const Taps& taps : tables_[d]) {
      chosen_[d] = &taps;
      choose(d + 1, offset, visit);
      offset += narrow_.stride(static_cast<int>(d) + 2);
    }
  }
  template <class Visit>
  void meet(size_t d, int64_t offset, int64_t place, double weight, Visit& visit) const {
    if (d == tables_.size()) return visit(offset, place, weight);
    int dim = static_cast<int>(d) + 2;
    for (const Tap& tap : chosen_[d]->list)
      meet(d + 1, offset + tap.at * wide_.stride(dim), place * wide_.size(dim) + tap.at, weight * tap.weight,
           visit);
  }

  const Layout &wide_, &narrow_;
  std::vector<TapTable> tables_;
  std::vector<const Taps*> chosen_;
  int64_t first_ = 0, channel_ = 0;
};

// How many places a channel has.
inline int64_t places_of(const Layout& image) {
  int64_t places = 1;
  for (int d = 2; d < image.rank(); ++d) places *= image.size(d);
  return places;
}

// The transpose of a weighted mean over taps: spreads `shares`, a narrow image in float64, over `out`, the
// wide one. REQUIRES: the walk is over their layouts.
inline void spread(TapWalk walk, const Tensor& shares, const Tensor& out, int64_t divisor) {
  Tensor totals = empty(out.shape(), DType::float64);
  copy_elements(totals, 0);
  auto* share = shares.data<double>();
  auto* total = totals.data<double>();
  int64_t places = places_of(out.layout());
  walk.each_element([&](int64_t at, int64_t channel) {
    double part = share[at] / static_cast<double>(divisor ? divisor : walk.count());
    walk.each_tap(
        [&](int64_t, int64_t place, double weight) { total[channel * places + place] += weight * part; });
  });
  copy_elements(out, totals);
}

}  // namespace rushlight::reference
