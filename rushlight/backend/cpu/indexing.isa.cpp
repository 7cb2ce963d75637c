// Runs of elements picked from, and put at, the numbers of an index. Where several runs may meet at one
// place, the work is cut by columns, so that each place sees them in the order of the index.
#include "rushlight/backend/cpu/indexing.h"

#include "rushlight/backend/cpu/bytes16.h"
#include "rushlight/backend/cpu/chunks.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

// -- small <- large

// Runs [p, p + n) of small, which read from large's runs at `numbers`, `inner` apart, and one further on with
// each where there are several.
template <class Unit>
void pick_runs(const PickArgs& a, Unit unit, char* small, const char* large, const int64_t* numbers,
               int64_t n) {
  const int64_t bytes = unit.bytes;
  if (a.inner == 1)
    for (int64_t k = 0; k < n; ++k) unit.move(small + k * bytes, large + numbers[k] * bytes);
  else
    for (int64_t k = 0; k < n; ++k) unit.move(small + k * bytes, large + (numbers[k] * a.inner + k) * bytes);
}

template <class Unit>
void pick_units(const PickArgs& a, Unit unit) {
  const int64_t whole = a.count * a.inner, bytes = unit.bytes;
  const auto* large = static_cast<const char*>(a.large);
  auto* small = static_cast<char*>(a.small);
  parallel_ranges(a.outer * whole, a.run, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin, n = 0; p < end; p += n) {
      const int64_t o = p / whole, within = p % whole, j = a.inner == 1 ? 0 : within % a.inner;
      n = smaller(end - p, a.inner == 1 ? whole - within : a.inner - j);
      pick_runs(a, unit, small + p * bytes, large + (o * a.size * a.inner + j) * bytes,
                a.index + o * a.index_step + within, n);
    }
  });
}

template <class E>
struct OneUnit {
  static constexpr int64_t bytes = sizeof(E);
  static void move(char* to, const char* from) { __builtin_memcpy(to, from, sizeof(E)); }
};
struct RunUnit {
  int64_t bytes;
  void move(char* to, const char* from) const { __builtin_memcpy(to, from, static_cast<size_t>(bytes)); }
};

// -- large <- small

// join(to, from, n) for each run, or for its part in a block of columns.
template <class E, class Joining>
void put_runs(const PickArgs& a, Joining join) {
  constexpr int64_t kLeastBlock = 32;  // two cache lines of floats
  const bool one = a.inner == 1;
  const int64_t columns = one ? a.run : a.inner, width = one ? 1 : a.run;
  const int64_t block =
      clamped(kChunkNumbers / (a.count * width + 1), smaller(kLeastBlock, columns), columns);
  const int64_t blocks = block == 0 ? 0 : ceil_div(columns, block), row = a.inner * a.run;
  auto *large = static_cast<E*>(a.large), *small = static_cast<E*>(a.small);
  parallel_ranges(a.outer * blocks, a.count * block * width, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t o = task / blocks, first = task % blocks * block, n = smaller(block, columns - first);
      E* to = large + o * a.size * row + first * width;
      const E* from = small + o * a.count * row + first * width;
      const int64_t* numbers = a.index + o * a.index_step + (one ? 0 : first);
      if (row == 1)
        for (int64_t i = 0; i < a.count; ++i) join(to + numbers[i], from + i, 1);
      else
        for (int64_t i = 0; i < a.count; ++i, from += row, numbers += a.inner)
          if (one)
            join(to + *numbers * row, from, n);
          else if (width == 1)
            for (int64_t j = 0; j < n; ++j) join(to + numbers[j] * row + j, from + j, 1);
          else
            for (int64_t j = 0; j < n; ++j) join(to + numbers[j] * row + j * width, from + j * width, width);
    }
  });
}

template <class E>
void put_elements(const PickArgs& a) {
  put_runs<E>(a, [](E* to, const E* from, int64_t n) {
    if (n == 1)
      *to = *from;
    else
      __builtin_memmove(to, from, static_cast<size_t>(n) * sizeof(E));  // in place a run may meet itself
  });
}
template <class E>
void fill_elements(const PickArgs& a) {
  E value;
  __builtin_memcpy(&value, a.small, sizeof value);
  PickArgs own = a;
  own.small = a.large;  // is not read
  put_runs<E>(own, [value](E* to, const E*, int64_t n) {
    for (int64_t i = 0; i < n; ++i) to[i] = value;
  });
}

template <class T, class Combine>
void join_runs(const PickArgs& a, Combine combine) {
  put_runs<T>(a, [combine](T* to, const T* from, int64_t n) {
    for (int64_t i = 0; i < n; ++i) to[i] = combine(to[i], from[i]);
  });
}

template <class E>
void add_whole_numbers(const PickArgs& a) {
  join_runs<E>(a, [](E x, E y) { return static_cast<E>(x + y); });
}

}  // namespace

void pick(const PickArgs& a) {
  switch (const int64_t bytes = a.run * a.element_bytes; bytes) {
    case 1: return pick_units(a, OneUnit<uint8_t>{});
    case 2: return pick_units(a, OneUnit<uint16_t>{});
    case 4: return pick_units(a, OneUnit<uint32_t>{});
    case 8: return pick_units(a, OneUnit<uint64_t>{});
    case 16: return pick_units(a, OneUnit<Bytes16>{});
    default: return pick_units(a, RunUnit{bytes});
  }
}

void put(const PickArgs& a) {
  switch (a.element_bytes) {
    case 1: return put_elements<uint8_t>(a);
    case 2: return put_elements<uint16_t>(a);
    case 4: return put_elements<uint32_t>(a);
    default: return put_elements<uint64_t>(a);
  }
}

void put_value(const PickArgs& a) {
  switch (a.element_bytes) {
    case 1: return fill_elements<uint8_t>(a);
    case 2: return fill_elements<uint16_t>(a);
    case 4: return fill_elements<uint32_t>(a);
    default: return fill_elements<uint64_t>(a);
  }
}

void put_sums(const PickArgs& a) {
  switch (a.element_bytes) {
    case 1: return add_whole_numbers<uint8_t>(a);
    case 2: return add_whole_numbers<uint16_t>(a);
    case 4: return add_whole_numbers<uint32_t>(a);
    default: return add_whole_numbers<uint64_t>(a);
  }
}

template <class T>
void join(const PickArgs& a, Join how, T factor) {
  switch (how) {
    case Join::add:
      if (factor != 1) return join_runs<T>(a, [factor](T x, T y) { return x + factor * y; });
      return join_runs<T>(a, [](T x, T y) { return x + y; });
    case Join::multiply: return join_runs<T>(a, [](T x, T y) { return x * y; });
    case Join::largest: return join_runs<T>(a, [](T x, T y) { return y != y || y > x ? y : x; });
    case Join::smallest: return join_runs<T>(a, [](T x, T y) { return y != y || y < x ? y : x; });
  }
}
template void join(const PickArgs&, Join, float);
template void join(const PickArgs&, Join, double);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
