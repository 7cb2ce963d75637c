// The largest and smallest numbers along one axis of three, and where they are. Each lane keeps its own best;
// of equals the first wins, so the order in which lanes and parts meet does not matter.
#include "rushlight/backend/cpu/extremes.h"

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

template <class T, bool Smallest>
struct Search {
  using V = Vec<T>;
  using Bits = typename V::Bits;
  using Place = typename V::Integer;
  static constexpr int64_t kLanes = V::kLanes;
  static constexpr int64_t kMostPlaces = 1 << 30;  // places of floats are counted in 32 bits

  struct Best {
    T value;
    int64_t index;
  };
  struct Lanes {
    V value;
    Bits place;
  };

  const ExtremeArgs<T>& args;

  RUSHLIGHT_INLINE static typename V::Mask beats(V x, V best) {
    const auto better = Smallest ? x < best : x > best;
    return better | ((x != x) & (best == best));
  }
  static bool beats(const Best& x, const Best& best) {
    const bool x_nan = x.value != x.value, best_nan = best.value != best.value;
    if (x_nan || best_nan) return x_nan && (!best_nan || x.index < best.index);
    if (x.value == best.value) return x.index < best.index;
    return Smallest ? x.value < best.value : x.value > best.value;
  }

  RUSHLIGHT_INLINE static void see(Lanes& best, V x, Bits place) {
    const auto mask = beats(x, best.value);
    best.value = select(mask, x, best.value);
    best.place = mask.bits ? place : best.place;
  }

  static Best best_of_lanes(const Lanes& lanes, int64_t count, int64_t first) {
    Best best{lanes.value[0], first + lanes.place[0]};
    for (int i = 1; i < count; ++i) {
      const Best other{lanes.value[i], first + lanes.place[i]};
      if (beats(other, best)) best = other;
    }
    return best;
  }

  // inner == 1: numbers side by side.
  static Best best_of_row(const T* x, int64_t count, int64_t first) {
    constexpr auto numbers = std::make_integer_sequence<Place, static_cast<Place>(kLanes)>{};
    if (count < kLanes) {
      Lanes lanes{load_partial(x, count), lane_numbers<T>(numbers)};
      return best_of_lanes(lanes, count, first);
    }
    Lanes best{load(x), lane_numbers<T>(numbers)};
    Bits place = best.place;
    int64_t i = kLanes;
    for (; i + kLanes <= count; i += kLanes) see(best, load(x + i), place += static_cast<Place>(kLanes));
    if (i < count) {  // the last whole vector once more: what is seen twice changes nothing
      const int64_t last = count - kLanes;
      see(best, load(x + last), lane_numbers<T>(numbers) + static_cast<Place>(last));
    }
    return best_of_lanes(best, kLanes, first);
  }

  static Best best_of_line(const T* x, int64_t count, int64_t first) {
    Best best = best_of_row(x, smaller(count, kMostPlaces), first);
    for (int64_t done = kMostPlaces; done < count; done += kMostPlaces) {
      const Best other = best_of_row(x + done, smaller(count - done, kMostPlaces), first + done);
      if (beats(other, best)) best = other;
    }
    return best;
  }

  void put(int64_t place, const Best& best) const {
    if (args.value) args.value[place] = best.value;
    if (args.index) args.index[place] = best.index;
  }

  // Columns side by side, each lane one of them: a strip of whole cache lines, so that rows are fetched
  // ahead.
  static constexpr int kStripVectors = 4;
  static constexpr int64_t kStrip = kStripVectors * kLanes;
  void search_columns(int64_t outer, int64_t first) const {
    const T* x = args.x + outer * args.reduced * args.inner + first;
    const int64_t columns = smaller(args.inner - first, kStrip);
    Lanes best[kStripVectors];
    for (int k = 0; k < kStripVectors; ++k)
      best[k] = {load_partial(x + k * kLanes, columns - k * kLanes), Bits{}};
    Bits place{};
    for (int64_t r = 1; r < args.reduced; ++r) {
      place += static_cast<Place>(1);
      for (int k = 0; k < kStripVectors; ++k)
        see(best[k], load_partial(x + r * args.inner + k * kLanes, columns - k * kLanes), place);
    }
    for (int64_t i = 0; i < columns; ++i) {
      const Lanes& lanes = best[i / kLanes];
      const int lane = static_cast<int>(i % kLanes);
      put(outer * args.inner + first + i, {lanes.value[lane], lanes.place[lane]});
    }
  }

  // Long lines are cut in parts of a fixed size.
  void search_lines() const {
    const int64_t parts = ceil_div(args.reduced, kChunkNumbers);
    if (parts == 1) {
      parallel_ranges(args.outer, args.reduced, [&](int64_t begin, int64_t end) {
        for (int64_t o = begin; o < end; ++o)
          put(o, best_of_line(args.x + o * args.reduced, args.reduced, 0));
      });
      return;
    }
    const Scratch scratch(static_cast<size_t>(args.outer * parts) * sizeof(Best));
    Best* found = static_cast<Best*>(scratch.data());
    parallel_for(args.outer * parts, [&](int64_t chunk) {
      const int64_t o = chunk / parts, first = chunk % parts * kChunkNumbers;
      found[chunk] = best_of_line(args.x + o * args.reduced + first,
                                  smaller(kChunkNumbers, args.reduced - first), first);
    });
    for (int64_t o = 0; o < args.outer; ++o) {
      Best best = found[o * parts];
      for (int64_t part = 1; part < parts; ++part)
        if (beats(found[o * parts + part], best)) best = found[o * parts + part];
      put(o, best);
    }
  }

  void run() const {
    if (args.inner == 1) return search_lines();
    const int64_t strips = ceil_div(args.inner, kStrip);
    parallel_ranges(args.outer * strips, args.reduced * smaller(args.inner, kStrip),
                    [&](int64_t begin, int64_t end) {
                      for (int64_t i = begin; i < end; ++i) search_columns(i / strips, i % strips * kStrip);
                    });
  }
};

}  // namespace

template <class T>
void extreme(const ExtremeArgs<T>& args) {
  args.smallest ? Search<T, true>{args}.run() : Search<T, false>{args}.run();
}

template void extreme(const ExtremeArgs<float>&);
template void extreme(const ExtremeArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
