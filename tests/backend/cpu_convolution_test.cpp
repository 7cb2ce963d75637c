// Convolutions by Winograd's tiles against the direct ones in double; pooling.
#include <cstring>

#include "rushlight/rushlight.h"
#include "tests/backend/both_backends.h"

using namespace rushlight;

namespace {

struct Shape3x3 {
  int64_t images, groups, in, out, height, width, padding;
};
// Channels, tiles and images that fill their blocks or not, edges of every remainder, several blocks of
// channels; few tiles of many channels, which go another way.
const Shape3x3 kShapes[] = {
    {5, 1, 16, 16, 8, 8, 1},     {3, 1, 20, 33, 7, 9, 1},  {2, 1, 130, 140, 14, 14, 1},
    {4, 1, 32, 64, 16, 17, 0},   {9, 1, 32, 48, 5, 6, 2},  {1, 1, 16, 16, 130, 30, 1},
    {2, 3, 17, 19, 11, 10, 1},   {70, 1, 16, 16, 4, 4, 1}, {1, 1, 16, 16, 6, 400, 1},
    {6, 1, 130, 140, 14, 14, 1}, {3, 2, 100, 90, 4, 5, 1},
};

Tensor numbers(const IntList& shape, unsigned seed) {
  int64_t count = 1;
  for (int64_t size : shape) count *= size;
  std::vector<float> values = cpu::random_numbers<float>(count, seed);
  Tensor made = empty(shape, DType::float32);
  std::copy(values.begin(), values.end(), made.span<float>().begin());
  return made;
}

// The result and the three gradients.
std::vector<Tensor> convolve(const Shape3x3& s, DType dtype, const char* order = "contiguous") {
  Tensor x = numbers({s.images, s.in * s.groups, s.height, s.width}, 1).to(dtype);
  x = clone(x, {.memory_format = order}).requires_grad_();
  Tensor w = numbers({s.out * s.groups, s.in, 3, 3}, 2).to(dtype).requires_grad_();
  Tensor bias = numbers({s.out * s.groups}, 3).to(dtype).requires_grad_();
  Tensor y = conv2d(x, w, {.bias = bias, .padding = s.padding, .groups = s.groups});
  y.backward({.gradient = numbers({y.size(0), y.size(1), y.size(2), y.size(3)}, 4).to(dtype)});
  return {y.detach(), x.grad(), w.grad(), bias.grad()};
}

// The largest difference, in units of the largest number.
double error_of(const Tensor& made, const Tensor& exact) {
  return (made.to(DType::float64) - exact).abs().max().item<double>() / exact.abs().max().item<double>();
}

struct Bytes {
  std::vector<Tensor> tensors;
  bool operator==(const Bytes& other) const {
    bool same = true;
    for (size_t i = 0; i < tensors.size(); ++i)
      same &= !std::memcmp(tensors[i].raw_data(), other.tensors[i].raw_data(),
                           static_cast<size_t>(tensors[i].numel()) * sizeof(float));
    return same;
  }
};

struct WithoutWinograd {
  WithoutWinograd() { allow_winograd(false); }
  ~WithoutWinograd() { allow_winograd(true); }
};

}  // namespace

TEST_CASE("cpu: Winograd's convolution and its gradients are within 2e-5 of the direct ones in double") {
  for (const Shape3x3& shape : kShapes) {
    CAPTURE(shape.in);
    CAPTURE(shape.width);
    std::vector<Tensor> made = convolve(shape, DType::float32), exact = convolve(shape, DType::float64);
    for (size_t i = 0; i < made.size(); ++i) CHECK(error_of(made[i], exact[i]) < 2e-5);
  }
}

TEST_CASE("cpu: convolutions of channels-last images stay so, with or without tiles") {
  for (const Shape3x3& shape : kShapes)
    for (DType dtype : {DType::float32, DType::float64}) {
      CAPTURE(shape.in);
      CAPTURE(shape.width);
      std::vector<Tensor> made = convolve(shape, dtype, "channels_last"),
                          exact = convolve(shape, DType::float64);
      for (int i : {0, 1}) CHECK(made[static_cast<size_t>(i)].layout().is_channels_last());
      for (size_t i = 0; i < made.size(); ++i)
        CHECK(error_of(made[i], exact[i]) < (dtype == DType::float64 ? 1e-13 : 2e-5));
    }
}

TEST_CASE("cpu: a transposed convolution with strides keeps the order of its image") {
  Tensor x = numbers({2, 5, 6, 7}, 1), w = numbers({5, 3, 3, 2}, 2);
  Tensor last = clone(x, {.memory_format = "channels_last"});
  auto transposed = [&](const Tensor& image) {
    return conv_transpose2d(image, w, {.stride = 2, .padding = {1, 0}, .output_padding = 1});
  };
  CHECK(transposed(last).layout().is_channels_last());
  CHECK(error_of(transposed(last), transposed(x).to(DType::float64)) < 1e-6);
}

TEST_CASE("cpu: Winograd's convolution is used where it may be") {
  const Shape3x3 shape = kShapes[0];
  Bytes tiles{convolve(shape, DType::float32)};
  WithoutWinograd guard;
  CHECK_FALSE(winograd_allowed());
  std::vector<Tensor> direct = convolve(shape, DType::float32), exact = convolve(shape, DType::float64);
  CHECK_FALSE(Bytes{direct} == tiles);
  for (size_t i = 0; i < direct.size(); ++i) CHECK(error_of(direct[i], exact[i]) < 1e-6);
}

TEST_CASE("cpu: Winograd's convolution does not depend on the thread count") {
  for (const Shape3x3& shape : kShapes)
    cpu::check_same_for_all_thread_counts([&] { return Bytes{convolve(shape, DType::float32)}; });
}

TEST_CASE("cpu: a NaN or an infinity stays in the tiles that see it") {
  Tensor x = full({1, 16, 16, 16}, 1.0), w = full({16, 16, 3, 3}, 1.0);
  x.span<float>()[0] = NAN;
  Tensor y = conv2d(x, w, {.padding = 1});
  CHECK(std::isnan(y.span<float>()[0]));
  CHECK(y.span<float>()[15 * 16 + 15] == 16 * 4);
}

TEST_CASE("cpu: max pooling finds the first of equals and the last NaN, at any stride, padding and width") {
  for (int64_t width : {5, 8, 31, 40})
    for (int64_t stride : {1, 2, 3})
      for (int64_t dilation : {1, 2})
        for (int64_t padding : {0, 1}) {
          CAPTURE(width);
          CAPTURE(stride);
          Tensor x = (numbers({2, 3, 7, width}, 5) * 3).round();  // many are equal
          x.span<float>()[static_cast<size_t>(width + 3)] = NAN;
          x = clone(x, {.memory_format = padding ? "channels_last" : "contiguous"});
          const auto pooled = [&] {
            return max_pool2d_with_indices(
                x, {3, 2}, {.stride = stride, .padding = {padding, padding}, .dilation = dilation});
          };
          auto fast = pooled();
          set_backend("reference");
          auto slow = pooled();
          set_backend("cpu");
          CHECK(equal(fast.indices, slow.indices));
          CHECK(equal(fast.output.nan_to_num(), slow.output.nan_to_num()));
          CHECK(equal(fast.output.isnan(), slow.output.isnan()));
        }
}

TEST_CASE("cpu: the gradient of max pooling adds up what several windows send to one place") {
  for (const char* order : {"contiguous", "channels_last"})
    for (int64_t stride : {1, 2}) {
      Tensor x = clone((numbers({3, 17, 9, 8}, 6) * 3).round(), {.memory_format = order}).requires_grad_();
      auto gradient = [&] {
        x.set_grad({});
        Tensor y = max_pool2d(x, 3, {.stride = stride, .padding = 1});
        (y * y).sum().backward();
        return x.grad();
      };
      Tensor fast = gradient();
      CHECK(fast.layout().is_channels_last() == x.layout().is_channels_last());
      set_backend("reference");
      Tensor slow = gradient();
      set_backend("cpu");
      CHECK(equal(fast, slow));  // of whole numbers, so that no order of additions matters
    }
}

TEST_CASE("cpu: max pooling of lines, planes and volumes of any floating type, and its gradient") {
  const IntList shapes[] = {{2, 3, 75}, {2, 19, 9, 11}, {2, 5, 6, 7, 40}};
  for (const IntList& shape : shapes)
    for (DType dtype : {DType::float32, DType::float64, DType::bfloat16, DType::float16})
      for (bool turned : {false, true}) {
        CAPTURE(shape.size());
        CAPTURE(dtype);
        CAPTURE(turned);
        Tensor x = to((numbers(shape, 5) * 3).round(), dtype);  // many are equal
        x = masked_fill(x, numbers(shape, 7) > 0.9, NAN);
        if (turned) x = clone(transpose(transpose(x, 1, -1).contiguous(), 1, -1));
        check_same_on_both_backends([&] {
          auto [y, places] = max_pool(x, 3, 2, 1, 1, true);
          Tensor grad =
              max_pool_gradient(remainder(places, 4).to(dtype), places, IntList(x.shape().subspan(2)));
          auto [parts, at] = adaptive_max_pool(x, 3);
          return std::vector{y, places, grad, parts, at, max_pool(x, 2, 1, 0, 2, false).indices};
        });
        CHECK(max_pool(x, 2, 2, 0, 1, false).output.dtype() == dtype);
      }
}

TEST_CASE("cpu: channel norm of images in either order, with numbers far from zero") {
  const IntList shapes[] = {{3, 20, 7, 9},    {64, 8, 16, 16}, {2, 130, 5},    {700, 9, 3, 2},
                            {150, 600, 1, 2}, {90, 3, 5, 4},   {70, 40, 1, 1}, {300, 19, 1}};
  for (const IntList& shape : shapes)
    for (DType dtype : {DType::float32, DType::float64}) {
      const int64_t channels = shape[1];
      Tensor weight = numbers({channels}, 2).to(dtype).requires_grad_();
      Tensor bias = numbers({channels}, 3).to(dtype).requires_grad_();
      Tensor grad = numbers(shape, 4).to(dtype);
      auto run = [&](const char* order, bool relu, bool given) {
        Tensor x = clone((numbers(shape, 1) * 3 + 50).to(dtype), {.memory_format = order}).requires_grad_();
        ChannelNormOptions how{.weight = weight, .bias = bias, .relu = relu};
        if (given)
          how.mean = numbers({channels}, 5).to(dtype) + 50,
          how.variance = full(channels, 7.0, {.dtype = dtype});
        auto [y, mean, variance] = channel_norm(x, how);
        weight.set_grad({}), bias.set_grad({});
        y.backward({.gradient = grad});
        CHECK(y.layout().is_channels_last() == x.layout().is_channels_last());
        return std::vector<Tensor>{y.detach(), mean, variance, x.grad(), weight.grad(), bias.grad()};
      };
      for (bool relu : {false, true})
        for (bool given : {false, true}) {
          CAPTURE(given);
          std::vector<Tensor> made = run("channels_last", relu, given),
                              planes = run("contiguous", relu, given);
          cpu::check_same_for_all_thread_counts([&] { return bytes_of(run("channels_last", relu, given)); });
          const std::vector<Tensor> slow = by_reference([&] { return run("contiguous", relu, given); });
          const double bound = dtype == DType::float64 ? 1e-12 : 1e-5;
          for (size_t i = 0; i < made.size(); ++i) {
            CHECK(error_of(made[i], slow[i].to(DType::float64)) < bound);
            CHECK(error_of(planes[i], slow[i].to(DType::float64)) < bound);
          }
        }
    }
}

TEST_CASE("cpu: channel norm that keeps the largest of each window is the norm and the pool behind it" *
          doctest::test_suite("slow")) {
  const IntList shapes[] = {{3, 20, 8, 10}, {5, 8, 7, 9}, {2, 33, 3, 3}, {40, 16, 16, 16}, {70, 600, 3, 4}};
  for (const IntList& shape : shapes)
    for (DType dtype : {DType::float32, DType::float64})
      for (int64_t pool : {2, 3})
        for (bool relu : {false, true}) {
          CAPTURE(shape[1]);
          CAPTURE(pool);
          const int64_t channels = shape[1];
          Tensor weight = numbers({channels}, 2).to(dtype).requires_grad_();  // some are negative
          Tensor bias = numbers({channels}, 3).to(dtype).requires_grad_();
          auto run = [&](const char* order, bool at_once) {
            const Tensor ties = (numbers(shape, 1) * 3).round().to(dtype);
            Tensor x = clone(ties, {.memory_format = order}).requires_grad_();
            const int64_t own = at_once ? pool : 1;
            ChannelNormOptions how{.weight = weight, .bias = bias, .relu = relu, .max_pool = own};
            if (pool == 3)
              how.mean = full(channels, 0.5, {.dtype = dtype}),
              how.variance = full(channels, 2.0, {.dtype = dtype});
            auto [y, mean, variance] = channel_norm(x, how);
            if (!at_once) y = max_pool2d(y, pool);
            weight.set_grad({}), bias.set_grad({});
            y.backward({.gradient = numbers(IntList(y.shape()), 4).to(dtype)});
            return std::vector<Tensor>{y.detach(), mean, variance, x.grad(), weight.grad(), bias.grad()};
          };
          const std::vector<Tensor> made = run("channels_last", true), apart = run("channels_last", false);
          const std::vector<Tensor> turned = run("contiguous", true),
                                    slow = by_reference([&] { return run("contiguous", false); });
          CHECK(made[0].layout().is_channels_last());
          CHECK(made[3].layout().is_channels_last());
          cpu::check_same_for_all_thread_counts([&] { return bytes_of(run("channels_last", true)); });
          const double bound = dtype == DType::float64 ? 1e-12 : 1e-5;
          for (size_t i = 0; i < made.size(); ++i)
            for (const std::vector<Tensor>* other : {&made, &apart, &turned})
              CHECK(error_of((*other)[i], slow[i].to(DType::float64)) < bound);
        }
}

TEST_CASE("cpu: batch norm keeps the largest of each window in training and evaluation, in any order") {
  for (const char* order : {"contiguous", "channels_last"})
    for (bool training : {false, true}) {
      const Tensor x = clone(numbers({4, 16, 9, 6}, 1), {.memory_format = order});
      auto run = [&](int64_t own, int64_t behind) {
        Tensor mean = full(16, 0.1), variance = full(16, 2.0);
        const Tensor y = batch_norm(x, mean, variance, {.training = training, .relu = true, .max_pool = own});
        return std::vector<Tensor>{behind == 1 ? y : max_pool2d(y, behind), mean, variance};
      };
      const std::vector<Tensor> at_once = run(2, 1), apart = run(1, 2);
      for (size_t i = 0; i < apart.size(); ++i) CHECK(allclose(at_once[i], apart[i]));
    }
  const Tensor x = numbers({4, 16, 9, 6}, 1);
  CHECK_THROWS_WITH_AS((void)batch_norm(clone(x, {.memory_format = "channels_last"}), {}, {},
                                        {.training = true, .max_pool = 7}),
                       doctest::Contains("max_pool=7"), Error);
  CHECK_THROWS_AS((void)batch_norm(x, {}, {}, {.training = true, .max_pool = 0}), Error);
  for (bool training : {false, true})  // no image without a batch
    CHECK_THROWS_WITH_AS((void)batch_norm(numbers({4, 8, 10}, 1), full(8, 0.0), full(8, 1.0),
                                          {.training = training, .max_pool = 2}),
                         doctest::Contains("max_pool=2"), Error);
  // Of halves too, and of few channels.
  for (int64_t channels : {1, 3, 16})
    for (bool training : {false, true}) {
      const auto slopes = [&](int64_t own) {
        Tensor half =
            clone(numbers({4, channels, 8, 6}, 1).to(DType::bfloat16), {.memory_format = "channels_last"});
        half.requires_grad_();
        const Tensor mean = full(channels, 0.5), variance = full(channels, 2.0);
        const Tensor y =
            batch_norm(half, mean, variance, {.training = training, .relu = true, .max_pool = own});
        const Tensor pooled = own == 1 ? max_pool2d(y, 2) : y;
        pooled.backward({.gradient = numbers({4, channels, 4, 3}, 2).to(DType::bfloat16)});
        return std::vector{pooled.detach(), half.grad()};
      };
      const std::vector<Tensor> at_once = slopes(2), slow = by_reference([&] { return slopes(1); });
      for (size_t i = 0; i < slow.size(); ++i) CHECK(error_of(at_once[i], slow[i].to(DType::float64)) < 1e-2);
    }
}

TEST_CASE("cpu: batch norm in evaluation goes back by the statistics that it went forward with") {
  const Tensor mean = full(16, 0.5), variance = full(16, 2.0);
  const auto slope = [&](bool train_between) {
    Tensor x = numbers({4, 16, 9, 6}, 1).requires_grad_();
    const Tensor y = batch_norm(x, mean, variance, {.relu = true});
    if (train_between) (void)batch_norm(numbers({4, 16, 3, 3}, 2) + 7, mean, variance, {.training = true});
    y.sum().backward();
    return x.grad();
  };
  const Tensor before = slope(false), during = slope(true);
  CHECK(equal(before, during));
  CHECK_FALSE(equal(before, slope(false)));
}

TEST_CASE("cpu: given statistics carry a gradient past numbers that are not finite, and not through them") {
  for (const char* order : {"contiguous", "channels_last"})
    for (int64_t pool : {1, 2}) {
      const auto slopes = [&](bool of_input_alone) {
        Tensor x = clone(numbers({2, 16, 6, 4}, 1), {.memory_format = order});
        x(0, 0, 0, 0) = INFINITY, x(1, 3, 2, 2) = -INFINITY;
        x(1, 5, 2, 0) = NAN, x(1, 5, 2, 1) = NAN;  // in one window
        x.requires_grad_();
        Tensor weight = numbers({16}, 2).requires_grad_(!of_input_alone);
        const Tensor statistics = full({16, 2}, 2.0).select(1, 0);  // not side by side
        channel_norm(x, {.weight = weight, .mean = statistics, .variance = statistics, .max_pool = pool})
            .output.backward({.gradient = numbers({2, 16, 6 / pool, 4 / pool}, 3)});
        return x.grad();
      };
      const Tensor expected = by_reference([&] { return slopes(true); });
      CHECK(isfinite(expected).all().item<bool>());
      CHECK(allclose(slopes(true), expected));
      CHECK(allclose(slopes(false), expected));
    }
}

TEST_CASE("cpu: a window that spans far more than the image needs no memory for what lies between its taps") {
  const auto convolve_widely = [] {
    Tensor x = numbers({1, 2, 4, 5}, 1).requires_grad_(), w = numbers({8, 2, 2, 2}, 2).requires_grad_();
    Tensor y = conv2d(x, w, {.padding = 100000, .dilation = 200000});
    y.sum().backward();
    return std::vector{y.detach(), x.grad(), w.grad()};
  };
  check_close_on_both_backends(1e-5, convolve_widely);
}

TEST_CASE("cpu: direct convolutions, however images, lines, channels and outputs are cut") {
  struct Case {
    IntList image, weight;
    int64_t stride, padding, dilation, groups;
  };
  const Case cases[] = {
      {{1, 40, 9, 9}, {101, 40, 3, 3}, 2, 1, 1, 1},     // few images: outputs are cut
      {{7, 300, 5, 5}, {290, 300, 1, 1}, 1, 0, 1, 1},   // several blocks of channels, of outputs, of images
      {{2, 3, 30, 31}, {8, 3, 7, 7}, 2, 3, 1, 1},       // panels of pieces of several runs
      {{2, 24, 7, 300}, {18, 12, 3, 2}, 1, 2, 2, 2},    // lines longer than a batch, groups, dilation
      {{3, 9, 4, 6, 5}, {17, 9, 2, 3, 3}, 2, 1, 1, 1},  // volumes
      {{9, 33, 70}, {34, 33, 5}, 3, 2, 1, 1},           // lines
      {{5, 70, 18, 18}, {13, 70, 3, 3}, 1, 1, 1, 1},    // outputs that fill no vector
      {{2, 9, 16, 17}, {20, 9, 1, 1}, 1, 0, 1, 1},      // products as they stand
      {{40, 16, 1, 3}, {9, 16, 1, 2}, 1, 1, 1, 1},      // small images
  };
  for (const Case& c : cases)
    for (bool last : {false, true}) {
      CAPTURE(c.weight[0]);
      CAPTURE(last);
      const auto whole = [&](const IntList& shape,
                             uint64_t seed) {  // so that every order gives the same sums
        const Tensor numbers = some_numbers(shape, 5, seed).to(DType::float32) - 2;
        return last && shape.size() == 4 ? clone(numbers, {.memory_format = "channels_last"}) : numbers;
      };
      check_same_on_both_backends([&] {
        const Tensor x = whole(c.image, 1), w = whole(c.weight, 2);
        const IntList kernel(w.shape().subspan(2));
        const Tensor bias = c.weight[0] % 2 ? whole({c.weight[0]}, 4) : Tensor();
        const Tensor y = convolution(x, w, bias, c.stride, c.padding, c.dilation, false, 0, c.groups);
        const Tensor grad = whole(IntList(y.shape()), 3);
        return std::vector{
            y, convolution(grad, w, {}, c.stride, c.padding, c.dilation, true, 0, c.groups),
            convolution_weight_gradient(x, grad, kernel, c.stride, c.padding, c.dilation, c.groups)};
      });
    }
}

TEST_CASE("cpu: the weight's gradient over long lines") {
  const auto gradient = [] {
    const Tensor image = numbers({2, 3, 5001}, 1), grad = numbers({2, 8, 4999}, 2);
    return std::vector{convolution_weight_gradient(image, grad, {3}, 1, 0, 1, 1)};
  };
  check_close_on_both_backends(1e-4, gradient);
}
