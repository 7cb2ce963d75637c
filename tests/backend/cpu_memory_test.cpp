#include <numeric>

#include "tests/backend/both_backends.h"
#include "tests/backend/cpu_testing.h"

using namespace rushlight;
using namespace rushlight::cpu;

namespace {

struct CopyLayout {
  std::vector<int64_t> sizes, out_strides, in_strides;
};

// All elements of a layout, one by one.
template <class Visit>
void each_element(const CopyLayout& layout, Visit visit, size_t d = 0, int64_t out = 0, int64_t in = 0) {
  if (d == layout.sizes.size()) return visit(out, in);
  for (int64_t i = 0; i < layout.sizes[d]; ++i)
    each_element(layout, visit, d + 1, out + i * layout.out_strides[d], in + i * layout.in_strides[d]);
}

template <class E>
void check(const CopyLayout& layout) {
  int64_t out_end = 1, in_low = 0, in_end = 1;
  for (size_t d = 0; d < layout.sizes.size(); ++d) {
    out_end += std::max<int64_t>(0, layout.sizes[d] - 1) * layout.out_strides[d];
    const int64_t reach = std::max<int64_t>(0, layout.sizes[d] - 1) * layout.in_strides[d];
    (reach < 0 ? in_low : in_end) += reach;
  }
  std::vector<E> in(static_cast<size_t>(in_end - in_low)), out(static_cast<size_t>(out_end), E(99));
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<E>(i * 2654435761u >> 8);
  std::vector<E> expected = out;
  each_element(layout, [&](int64_t o, int64_t i) { expected[o] = in[i - in_low]; });
  kernels().copy({.dims = static_cast<int>(layout.sizes.size()),
                  .sizes = layout.sizes.data(),
                  .out_strides = layout.out_strides.data(),
                  .in_strides = layout.in_strides.data(),
                  .out = out.data(),
                  .in = in.data() - in_low,
                  .element_bytes = sizeof(E)});
  CHECK(out == expected);
}

const CopyLayout kLayouts[] = {
    {{}, {}, {}},
    {{1}, {5}, {7}},
    {{1000}, {1}, {1}},
    {{50000}, {1}, {2}},
    {{30}, {2}, {1}},
    {{20, 30}, {30, 1}, {30, 1}},
    {{20, 30}, {30, 1}, {1, 20}},  // a transpose
    {{300, 200}, {200, 1}, {1, 300}},
    {{30, 20}, {1, 30}, {20, 1}},
    {{20, 30}, {30, 1}, {0, 1}},  // rows repeated
    {{20, 30}, {30, 1}, {1, 0}},
    {{20, 30}, {30, 1}, {0, 0}},
    {{4, 5, 6}, {30, 6, 1}, {-30, -6, -1}},  // reversed
    {{4, 9, 17}, {9 * 17, 17, 1}, {1, 4, 36}},
    {{4, 9, 17}, {9 * 17, 17, 1}, {9 * 17, 1, 9}},
    {{3, 7, 5, 16}, {560, 80, 16, 1}, {560, 16, 112, 1}},  // heads and tokens exchanged
    {{2, 1, 3, 0}, {3, 3, 1, 1}, {3, 3, 1, 1}},            // empty
};

}  // namespace

TEST_CASE("copy: between layouts, for elements of every size") {
  for (const CopyLayout& layout : kLayouts) {
    CAPTURE(&layout - kLayouts);
    check<uint8_t>(layout);
    check<uint16_t>(layout);
    check<uint32_t>(layout);
    check<uint64_t>(layout);
  }
}

TEST_CASE("fill: every element and none beyond, in the caches or past them") {
  for (int64_t count : {0, 1, 7, 100000, (4 << 20) + 77}) {
    std::vector<uint16_t> out(static_cast<size_t>(count) + 4, 5);
    const uint16_t value = 0x1234;
    kernels().fill({.out = out.data() + 3, .count = count, .value = &value, .element_bytes = 2});
    CHECK(std::count(out.begin(), out.end(), value) == count);
    CHECK((out[2] == 5 && out.back() == 5));
  }
}

TEST_CASE("triangles: any diagonal, of elements of every size, in place too") {
  for (DType dtype : {DType::boolean, DType::float16, DType::float32, DType::int64})
    for (int64_t columns : {1, 7, 300})
      for (int64_t diagonal : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{5}, int64_t{-70}, int64_t{400},
                               INT64_MAX, INT64_MIN}) {
        CAPTURE(dtype);
        CAPTURE(columns);
        CAPTURE(diagonal);
        const Tensor x = some_numbers({2, 90, columns}, 9, 1).to(dtype);
        check_same_on_both_backends([&] {
          Tensor y = clone(x), turned = transpose(clone(x), 1, 2);
          y.tril_({.diagonal = diagonal});
          turned.triu_({.diagonal = diagonal});
          return std::vector{y, turned, tril(x, {.diagonal = diagonal}),
                             triu(transpose(x, 1, 2), {.diagonal = diagonal})};
        });
      }
}
