// Means of windows, images in another size, windows as columns, and what goes back through them, against the
// reference's.
#include "tests/backend/both_backends.h"

using namespace rushlight;

namespace {

struct Type {
  DType dtype;
  double tolerance;
};
constexpr Type kTypes[] = {{DType::float32, 2e-6}, {DType::float64, 1e-14}, {DType::bfloat16, 1e-2}};

struct Pool {
  std::vector<int64_t> image;
  int64_t kernel, stride, padding;
};
const Pool kPools[] = {{{2, 3, 8, 20}, 2, 2, 0},   {{2, 3, 9, 41}, 3, 1, 1}, {{1, 2, 7, 70}, 3, 2, 1},
                       {{2, 2, 5, 6}, 5, 3, 2},    {{1, 2, 9, 9}, 2, 4, 0},  {{2, 3, 50}, 4, 2, 1},
                       {{1, 2, 6, 5, 19}, 2, 2, 1}};

std::vector<int64_t> spatial(const Tensor& image) { return {image.shape().begin() + 2, image.shape().end()}; }

}  // namespace

TEST_CASE("cpu: means of windows, and what goes back through them") {
  for (const Type& type : kTypes)
    for (const Pool& pool : kPools)
      for (bool ceil_mode : {false, true})
        for (bool counts_padding : {true, false})
          for (auto divisor : {std::optional<int64_t>(), std::optional<int64_t>(-3)}) {
            CAPTURE(type.dtype);
            CAPTURE(&pool - kPools);
            const Tensor x = some_normals(pool.image, 1, type.dtype);
            check_close_on_both_backends(type.tolerance, [&] {
              Tensor y =
                  avg_pool(x, pool.kernel, pool.stride, pool.padding, ceil_mode, counts_padding, divisor);
              Tensor grad = avg_pool_gradient(y, spatial(x), pool.kernel, pool.stride, pool.padding,
                                              ceil_mode, counts_padding, divisor);
              return std::vector{
                  y, grad, avg_pool(transpose(x, 0, 1), pool.kernel, pool.stride, 0, true, true, divisor)};
            });
          }
}

TEST_CASE("cpu: images in another size, and back") {
  for (const Type& type : kTypes)
    for (const char* mode : {"nearest", "nearest-exact", "linear", "cubic", "area"})
      for (const auto& [from, to] :
           std::vector<std::pair<std::vector<int64_t>, std::vector<int64_t>>>{{{2, 3, 8, 20}, {16, 40}},
                                                                              {{2, 2, 9, 13}, {5, 31}},
                                                                              {{1, 2, 30}, {7}},
                                                                              {{1, 2, 4, 5, 6}, {8, 4, 11}},
                                                                              {{2, 2, 6, 40}, {6, 40}}})
        for (bool align_corners : {false, true}) {
          if (from.size() != 4 && mode == std::string_view("cubic")) continue;
          if (align_corners && mode != std::string_view("linear") && mode != std::string_view("cubic"))
            continue;
          CAPTURE(type.dtype);
          CAPTURE(mode);
          const Tensor x = some_normals(from, 1, type.dtype);
          check_close_on_both_backends(type.tolerance, [&, to = to] {
            Tensor y = resample(x, to, mode, {.align_corners = align_corners});
            return std::vector{y, resample_gradient(y, spatial(x), mode, {.align_corners = align_corners}),
                               resample(flip(x, {-1}), to, mode, {.align_corners = align_corners})};
          });
        }
}

TEST_CASE("cpu: images made small without aliases, of elements that are only picked, and of infinite ones") {
  const Tensor x = some_normals({2, 3, 31, 50}, 1), whole = some_numbers({2, 3, 31, 50}, 250, 2);
  check_close_on_both_backends(2e-6, [&] {
    std::vector<Tensor> results;
    for (const char* mode : {"linear", "cubic", "lanczos"}) {
      results.push_back(resample(x, {11, 23}, mode, {.antialias = true}));
      results.push_back(resample_gradient(results.back(), {31, 50}, mode, {.antialias = true}));
    }
    for (DType dtype : {DType::uint8, DType::int64, DType::float16})
      results.push_back(resample(to(whole, dtype), {70, 70}, "nearest"));
    const Tensor holes = masked_fill(x, x > 1.5, INFINITY);
    results.push_back(avg_pool(holes, 3, 2, 1, true, false, {}));
    results.push_back(resample(holes, {20, 20}, "area"));
    return results;
  });
}

TEST_CASE("cpu: means are exact where they can be") {
  const Tensor nines = avg_pool(full({1, 1, 9, 9}, 9.0), 3, 1, 0, false, true, {});
  CHECK(equal(nines, full({1, 1, 7, 7}, 9.0)));
}

TEST_CASE("cpu: the largest of even parts, and windows as columns") {
  for (DType dtype : {DType::float32, DType::float64, DType::bfloat16}) {
    CAPTURE(dtype);
    Tensor x = to((some_normals({2, 3, 13, 19}, 1) * 2).round(), dtype);
    x = masked_fill(x, some_numbers({2, 3, 13, 19}, 50, 2) == 0, NAN);
    check_same_on_both_backends([&] {
      auto [largest, places] = adaptive_max_pool(x, {4, 6});
      return std::vector{largest, places, adaptive_max_pool(transpose(x, 2, 3), {20, 1}).indices};
    });
    for (int64_t stride : {1, 2})
      for (int64_t padding : {0, 3})
        for (int64_t dilation : {1, 2}) {
          CAPTURE(stride);
          CAPTURE(padding);
          const Tensor image = to(some_numbers({2, 3, 13, 19}, 9, 3), dtype);  // sums are exact
          check_same_on_both_backends([&] {
            Tensor columns =
                im2col(image, {3, 4}, {.dilation = dilation, .padding = padding, .stride = stride});
            return std::vector{columns,
                               col2im(columns, {13, 19}, {3, 4},
                                      {.dilation = dilation, .padding = padding, .stride = stride}),
                               im2col(select(image, 0, 1), {3, 4},
                                      {.dilation = dilation, .padding = padding, .stride = stride})};
          });
        }
  }
}
