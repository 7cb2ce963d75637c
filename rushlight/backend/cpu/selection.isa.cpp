// Which numbers lie beyond a bound: most vectors hold none, and are passed by several at once.
#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// The places of those numbers that are not on the wrong side of the bound; a NaN is on neither. How many.
template <class T>
int64_t find_beyond(int64_t n, const T* x, T bound, bool above, uint32_t* places) {
  constexpr int64_t kLanes = Vec<T>::kLanes, kTile = 8 * kLanes;
  union Sides {
    typename Vec<T>::Bits bits;
    uint64_t words[kVectorBytes / 8];
  };
  const Vec<T> limit = Vec<T>::splat(bound);
  int64_t count = 0;
  for (int64_t i = 0; i < n; i += kTile) {
    const int64_t m = smaller(kTile, n - i);
    Sides found{};
    for (int64_t k = 0; k < m; k += kLanes) {
      const Vec<T> some = load_partial(x + i + k, m - k, bound);
      found.bits |= above ? (!(some < limit)).bits : (!(some > limit)).bits;
    }
    uint64_t any = 0;
    for (uint64_t word : found.words) any |= word;
    if (!any) continue;
    for (int64_t k = i; k < i + m; ++k) {
      places[count] = static_cast<uint32_t>(k);  // overwritten where it is not wanted
      count += above ? !(x[k] < bound) : !(x[k] > bound);
    }
  }
  return count;
}

template int64_t find_beyond(int64_t, const float*, float, bool, uint32_t*);
template int64_t find_beyond(int64_t, const double*, double, bool, uint32_t*);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
