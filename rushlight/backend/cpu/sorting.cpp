// Sorting by radix. Elements become unsigned keys in the same order, each beside its place, so that no two
// entries are equal and any order of them is stable.
#include "rushlight/backend/cpu/sorting.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/base/thread_pool.h"

namespace rushlight::cpu {

namespace {

// -- keys

template <class T>
using Key = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

// Halves and small whole numbers are widened first.
template <class T>
auto widened(T x) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
    return static_cast<float>(x);
  else if constexpr (std::is_integral_v<T> && sizeof(T) < 4)
    return static_cast<int32_t>(x);
  else
    return x;
}

template <class T>
constexpr Key<T> kTop = Key<T>{1} << (8 * sizeof(Key<T>) - 1);

template <class T>
Key<T> key_of(T element) {
  auto x = widened(element);
  if constexpr (std::is_floating_point_v<decltype(x)>) {
    auto bits = std::bit_cast<Key<T>>(x + 0);  // -0 + 0 is 0
    // The bits of negative numbers are in the opposite order: all are flipped, else the sign alone.
    Key<T> key = bits ^ (bits & kTop<T> ? ~Key<T>{0} : kTop<T>);
    return x != x ? ~Key<T>{0} : key;
  } else {
    return static_cast<Key<T>>(x) ^ (std::is_signed_v<decltype(x)> ? kTop<T> : 0);
  }
}

// An element of this key. Zeros and NaN of several kinds share one.
template <class T>
T element_of(Key<T> key) {
  using Wide = decltype(widened(T()));
  if constexpr (std::is_floating_point_v<Wide>)
    return static_cast<T>(std::bit_cast<Wide>(key ^ (key & kTop<T> ? kTop<T> : ~Key<T>{0})));
  else
    return static_cast<T>(key ^ (std::is_signed_v<Wide> ? kTop<T> : 0));
}
template <class T>
bool is_shared(Key<T> key) {
  return std::is_floating_point_v<decltype(widened(T()))> && (key == kTop<T> || key == ~Key<T>{0});
}

// -- entries: a key and a place

struct NarrowEntry {
  uint64_t both;
  NarrowEntry() = default;
  NarrowEntry(uint32_t key, int64_t place) : both(uint64_t{key} << 32 | static_cast<uint64_t>(place)) {}
  uint32_t key() const { return static_cast<uint32_t>(both >> 32); }
  int64_t place() const { return static_cast<int64_t>(both & 0xFFFFFFFF); }
  bool operator<(NarrowEntry other) const { return both < other.both; }
};
struct WideEntry {
  uint64_t key_, place_;
  WideEntry() = default;
  WideEntry(uint64_t key, int64_t place) : key_(key), place_(static_cast<uint64_t>(place)) {}
  uint64_t key() const { return key_; }
  int64_t place() const { return static_cast<int64_t>(place_); }
  bool operator<(const WideEntry& other) const {
    return key_ != other.key_ ? key_ < other.key_ : place_ < other.place_;
  }
};
template <class T>
using EntryOf = std::conditional_t<sizeof(T) == 8, WideEntry, NarrowEntry>;

// -- parallel work on one row

constexpr int64_t kLong = 1 << 16;  // a row of so many elements is worth all threads

struct Chunks {
  explicit Chunks(int64_t length) : length(length), size(std::max(kLong, (length + 31) / 32)) {}
  int64_t count() const { return ceil_div(length, size); }
  // body(chunk, begin, end)
  template <class Body>
  void each(Body body) const {
    parallel_for(count(), [&](int64_t c) { body(c, c * size, std::min(length, (c + 1) * size)); });
  }
  int64_t length, size;
};

// Which bits of the keys are not the same in all.
template <class Entry>
uint64_t varying_bits(const Entry* entries, int64_t n) {
  Chunks chunks(n);
  std::vector<uint64_t> found(static_cast<size_t>(chunks.count()));
  const uint64_t first = entries[0].key();
  chunks.each([&](int64_t c, int64_t begin, int64_t end) {
    uint64_t bits = 0;
    for (int64_t i = begin; i < end; ++i) bits |= entries[i].key() ^ first;
    found[static_cast<size_t>(c)] = bits;
  });
  uint64_t bits = 0;
  for (uint64_t some : found) bits |= some;
  return bits;
}

// How many entries of each chunk have each digit: some bits of the key.
class Counts {
 public:
  Counts(Chunks chunks, int bits)
      : chunks_(chunks),
        buckets_(int64_t{1} << bits),
        numbers_(static_cast<size_t>(chunks.count() * buckets_)) {}

  template <class Entry>
  void count(const Entry* entries, int shift) {
    std::fill(numbers_.begin(), numbers_.end(), 0);
    chunks_.each([&](int64_t c, int64_t begin, int64_t end) {
      uint32_t* number = of_chunk(c);
      for (int64_t i = begin; i < end; ++i) ++number[digit(entries[i], shift)];
    });
  }
  // Counts become the places where each chunk's entries of each digit begin.
  void sum_up() {
    uint32_t before = 0;
    for (int64_t b = 0; b < buckets_; ++b)
      for (int64_t c = 0; c < chunks_.count(); ++c) before += std::exchange(of_chunk(c)[b], before);
  }
  template <class Entry>
  void distribute(const Entry* from, Entry* to, int shift) {
    chunks_.each([&](int64_t c, int64_t begin, int64_t end) {
      uint32_t* next = of_chunk(c);
      for (int64_t i = begin; i < end; ++i) to[next[digit(from[i], shift)]++] = from[i];
    });
  }
  template <class Entry>
  int64_t digit(const Entry& entry, int shift) const {
    return static_cast<int64_t>(entry.key() >> shift) & (buckets_ - 1);
  }
  uint32_t* of_chunk(int64_t c) { return numbers_.data() + c * buckets_; }
  int64_t buckets() const { return buckets_; }

 private:
  Chunks chunks_;
  int64_t buckets_;
  std::vector<uint32_t> numbers_;
};

int digit_bits(int64_t n) { return n < kLong ? 8 : 11; }

// In place, with `other` as working memory. REQUIRES: entries in the order of their places.
template <class Entry>
void sort_entries(Entry* entries, Entry* other, int64_t n) {
  constexpr int64_t kFew = 256;
  if (n <= kFew) return std::sort(entries, entries + n);
  const uint64_t varying = varying_bits(entries, n);
  Counts counts(Chunks(n), digit_bits(n));
  Entry *from = entries, *to = other;
  for (int shift = varying ? std::countr_zero(varying) : 64; shift < 64 && varying >> shift != 0;
       shift += digit_bits(n)) {
    if ((varying >> shift & static_cast<uint64_t>(counts.buckets() - 1)) == 0) continue;
    counts.count(from, shift);
    counts.sum_up();
    counts.distribute(from, to, shift);
    std::swap(from, to);
  }
  if (from != entries) std::copy_n(from, n, entries);
}

// The entry that stands at `rank` of the sorted ones. They are narrowed to those that share its leading
// digits.
template <class Entry>
Entry entry_at(Entry* entries, Entry* other, int64_t n, int64_t rank) {
  while (n > kLong) {
    const uint64_t varying = varying_bits(entries, n);
    if (varying == 0) return entries[rank];  // equal keys stand in the order of their places
    const int bits = digit_bits(n), shift = std::max(0, static_cast<int>(std::bit_width(varying)) - bits);
    Chunks chunks(n);
    Counts counts(chunks, bits);
    counts.count(entries, shift);
    int64_t bucket = 0, size = 0;
    for (;; ++bucket, rank -= size) {
      size = 0;
      for (int64_t c = 0; c < chunks.count(); ++c) size += counts.of_chunk(c)[bucket];
      if (rank < size) break;
    }
    std::vector<int64_t> starts;
    for (int64_t c = 0, start = 0; c < chunks.count(); start += counts.of_chunk(c++)[bucket])
      starts.push_back(start);
    chunks.each([&](int64_t c, int64_t begin, int64_t end) {
      Entry* to = other + starts[static_cast<size_t>(c)];
      for (int64_t i = begin; i < end; ++i)
        if (counts.digit(entries[i], shift) == bucket) *to++ = entries[i];
    });
    std::swap(entries, other);
    n = size;
  }
  std::nth_element(entries, entries + rank, entries + n);
  return entries[rank];
}

// -- rows

template <class T>
struct Row {
  const T* x;
  int64_t length;
  Key<T> flip;  // all ones where the order descends

  EntryOf<T> entry(int64_t i) const { return {static_cast<Key<T>>(key_of(x[i]) ^ flip), i}; }
  void make_entries(EntryOf<T>* to) const {
    Chunks(length).each([&](int64_t, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) to[i] = entry(i);
    });
  }
  void write(const EntryOf<T>* entries, int64_t count, T* values, int64_t* places) const {
    Chunks(count).each([&](int64_t, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        places[i] = entries[i].place();
        const auto key = static_cast<Key<T>>(entries[i].key() ^ flip);
        values[i] = is_shared<T>(key) ? x[places[i]] : element_of<T>(key);
      }
    });
  }
};

// body(Row<T>, row, entries): long rows one after the other, short ones at once; with memory for `arrays`
// times as many entries as a row has elements.
template <class Body>
void each_row(const RowsToSort& rows, bool descending, int64_t arrays, Body body) {
  visit(rows.dtype, [&]<class T>(TypeTag<T>) {
    using Entry = EntryOf<T>;
    auto one = [&](int64_t i, void* memory) {
      const Key<T> flip = descending ? ~Key<T>{0} : 0;
      body(Row<T>{static_cast<const T*>(rows.x) + i * rows.length, rows.length, flip}, i,
           static_cast<Entry*>(memory));
    };
    const int64_t bytes = arrays * rows.length * static_cast<int64_t>(sizeof(Entry));
    if (rows.length >= kLong) {
      Tensor memory = empty(bytes, DType::uint8);
      for (int64_t i = 0; i < rows.rows; ++i) one(i, memory.raw_data());
      return;
    }
    const int64_t some = std::max<int64_t>(1, (1 << 12) / rows.length);
    parallel_for(ceil_div(rows.rows, some), [&](int64_t chunk) {
      const Scratch memory(static_cast<size_t>(bytes));
      for (int64_t i = chunk * some; i < std::min(rows.rows, (chunk + 1) * some); ++i) one(i, memory.data());
    });
  });
}

// -- the first few of a long row

// A key that few but `kept` elements come before: of a sample of the row, the element at a rank that is a
// little too high.
template <class T>
Key<T> likely_bound(const Row<T>& row, int64_t kept, EntryOf<T>* memory) {
  const int64_t step = std::max<int64_t>(7, row.length >> 12) | 1;  // odd: not one column of a matrix
  const int64_t samples = ceil_div(row.length, step);
  for (int64_t i = 0; i < samples; ++i) memory[i] = row.entry(i * step);
  const double expected = static_cast<double>(kept) / static_cast<double>(step);
  const auto rank = static_cast<int64_t>(expected + 4 * std::sqrt(expected) + 4);
  if (rank >= samples) return ~Key<T>{0};
  std::nth_element(memory, memory + rank, memory + samples);
  return static_cast<Key<T>>(memory[rank].key());
}

// The places in [begin, end) of the elements up to the bound, and perhaps of some behind it; how many.
template <class T>
int64_t places_up_to(Key<T> bound, const Row<T>& row, int64_t begin, int64_t end, uint32_t* places) {
  if constexpr (std::is_floating_point_v<T>) {
    const T limit = element_of<T>(bound ^ row.flip);
    const int64_t count =
        floating_kernels<T>().find_beyond(end - begin, row.x + begin, limit, row.flip != 0, places);
    for (int64_t i = 0; i < count; ++i) places[i] += static_cast<uint32_t>(begin);
    return count;
  } else {
    int64_t count = 0;
    for (int64_t i = begin; i < end; ++i) {
      places[count] = static_cast<uint32_t>(i);
      count += (key_of(row.x[i]) ^ row.flip) <= bound;
    }
    return count;
  }
}

// The entries up to the bound; how many.
template <class T>
int64_t entries_up_to(Key<T> bound, const Row<T>& row, EntryOf<T>* to) {
  constexpr int64_t kTile = 1 << 10;
  Chunks chunks(row.length);
  std::vector<int64_t> found(static_cast<size_t>(chunks.count()));
  chunks.each([&](int64_t c, int64_t begin, int64_t end) {
    EntryOf<T>* next = to + begin;
    uint32_t places[kTile];
    for (int64_t first = begin; first < end; first += kTile) {
      const int64_t count = places_up_to(bound, row, first, std::min(end, first + kTile), places);
      for (int64_t i = 0; i < count; ++i)
        if (EntryOf<T> entry = row.entry(places[i]); entry.key() <= bound) *next++ = entry;
    }
    found[static_cast<size_t>(c)] = next - (to + begin);
  });
  int64_t count = found[0];
  for (int64_t c = 1; c < chunks.count(); ++c) {
    std::copy_n(to + c * chunks.size, found[static_cast<size_t>(c)], to + count);
    count += found[static_cast<size_t>(c)];
  }
  return count;
}

}  // namespace

void sort_rows(const RowsToSort& rows, bool descending, int64_t kept, void* values, int64_t* places) {
  each_row(rows, descending, 2, [&]<class T, class Entry>(const Row<T>& row, int64_t i, Entry* memory) {
    row.make_entries(memory);
    sort_entries(memory, memory + rows.length, rows.length);
    row.write(memory, kept, static_cast<T*>(values) + i * kept, places + i * kept);
  });
}

void first_of_rows(const RowsToSort& rows, bool descending, int64_t kept, void* values, int64_t* places) {
  if (kept > rows.length / 8) return sort_rows(rows, descending, kept, values, places);
  each_row(rows, descending, 2, [&]<class T, class Entry>(const Row<T>& row, int64_t i, Entry* memory) {
    constexpr int64_t kShort = 1 << 8;
    int64_t count = 0;
    if (rows.length > kShort) count = entries_up_to(likely_bound(row, kept, memory), row, memory);
    if (count < kept) {
      row.make_entries(memory);
      count = rows.length;
    }
    std::nth_element(memory, memory + kept, memory + count);
    std::sort(memory, memory + kept);
    row.write(memory, kept, static_cast<T*>(values) + i * kept, places + i * kept);
  });
}

void pick_from_rows(const RowsToSort& rows, Rank rank, int64_t given, void* values, int64_t* places) {
  each_row(rows, false, 2, [&]<class T, class Entry>(const Row<T>& row, int64_t i, Entry* memory) {
    row.make_entries(memory);
    int64_t numbers = rows.length, at = given;
    if (rank != Rank::given && is_floating(rows.dtype))
      for (int64_t k = 0; k < rows.length; ++k) numbers -= memory[k].key() == ~Key<T>{0};
    if (rank == Rank::median) at = numbers < rows.length ? numbers : (numbers - 1) / 2;
    if (rank == Rank::number_median) at = numbers ? (numbers - 1) / 2 : 0;
    Entry found = entry_at(memory, memory + rows.length, rows.length, at);
    row.write(&found, 1, static_cast<T*>(values) + i, places + i);
  });
}

}  // namespace rushlight::cpu
