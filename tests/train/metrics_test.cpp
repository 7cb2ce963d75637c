// Metrics, curves, and the search for the first NaN.
#include "rushlight/train/metrics.h"

#include <doctest/doctest.h>

#include <cmath>

#include "rushlight/base/terminal.h"
#include "rushlight/rushlight.h"
#include "rushlight/train/anomaly.h"
#include "rushlight/train/curve.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

Tensor scores_of(std::vector<float> numbers, int64_t classes) {
  return from_values<float>(numbers, {static_cast<int64_t>(numbers.size()) / classes, classes});
}
Tensor labels_of(std::vector<int64_t> numbers) {
  return from_values<int64_t>(numbers, static_cast<int64_t>(numbers.size()));
}

}  // namespace

TEST_CASE("the share of examples whose label is among the highest scores") {
  const Tensor scores = scores_of({0.1f, 0.7f, 0.2f, 0.5f, 0.5f, 0.0f, 0.3f, 0.3f, 0.3f}, 3);
  train::Accuracy first;
  train::TopK second(2);
  for (train::TopK* metric : {&first, &second}) metric->add(scores, labels_of({2, 0, 1}));
  CHECK(first.right() == 1);  // of equal scores the first class counts
  CHECK(second.value() == 1);
  first.add(scores, labels_of({1, 0, 0}));
  CHECK(first.value() == doctest::Approx(4.0 / 6));
  first.reset();
  CHECK(first.value() == 0);
  first.add(scores_of({NAN, 1}, 2), labels_of({0}));
  CHECK(first.right() == 0);
  CHECK(fails_with(ErrorKind::index, {"label 3", "3 classes"},
                   [&] { first.add(scores, labels_of({0, 1, 3})); }));
  CHECK(fails_with(ErrorKind::value, {"(batch, classes)"}, [&] { first.add(scores, labels_of({0, 1})); }));
}

TEST_CASE("a confusion matrix counts what was taken for what") {
  train::ConfusionMatrix matrix(3);
  const Tensor scores = scores_of({9, 0, 0, 9, 0, 0, 0, 9, 0, 0, 9, 0, 0, 0, 9}, 3);
  matrix.add(scores, labels_of({0, 1, 1, 1, 2}));
  CHECK(matrix.at(1, 0) == 1);
  CHECK(matrix.at(1, 1) == 2);
  CHECK(matrix.accuracy() == doctest::Approx(0.8));
  CHECK(matrix.recall(1) == doctest::Approx(2.0 / 3));
  CHECK(matrix.precision(0) == doctest::Approx(0.5));
  CHECK(matrix.f1(0) == doctest::Approx(2.0 / 3));
  const std::string text = matrix.to_string({"cat", "dog", "bird"});
  CHECK(has(text, "dog |   1   2   ·   66.7%"));
  const std::string wide = matrix.to_string({"größer", "日本語", "x"});
  CHECK(has(wide, " label | grö  日   x  recall\n"));
  CHECK(has(wide, "größer |   1   ·   ·  100.0%\n"));
  CHECK(has(wide, "日本語 |   1   2   ·   66.7%\n"));
  CHECK(has(matrix.to_svg({"<cat>", "dog", "bird"}), "&lt;cat&gt;"));
  CHECK(fails_with(ErrorKind::value, {"3 classes", "2"},
                   [&] { matrix.add(scores_of({1, 2}, 2), labels_of({0})); }));
}

TEST_CASE("a curve fills its place and survives what is no number") {
  train::Curve curve{"loss", {}, {}};
  CHECK(train::draw_curve(curve).empty());
  for (int i = 0; i < 100; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(i == 50 ? NAN : 100.0 / (1 + i));
  }
  const std::string text = train::draw_curve(curve, {.columns = 40, .rows = 5});
  int lines = 0;
  for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1, ++lines)
    CHECK(display_width(text.substr(at, end - at)) == 40);
  CHECK(lines == 5);
  CHECK(has(text, "loss"));
  CHECK_FALSE(has(train::curves_to_svg("a run", {curve}), "nan"));
  const train::Curve near{"loss", {1, 2}, {0.001, 0.0010000000000000002}};  // two neighbours among doubles
  CHECK(has(train::curves_to_svg("a run", {near}), ">0.001</text>"));
  train::Curve longer{"validation_accuracy", {1, 2}, {0.5, 0.6}};
  CHECK(has(train::draw_curve(longer, {.columns = 40, .rows = 5}), "validation_accuracy "));
  train::Curve flat{"flat", {1, 2}, {3, 3}};
  CHECK_FALSE(train::draw_curve(flat).empty());
}

TEST_CASE("a picture of curves: each quantity has a scale of its own, and no name breaks out") {
  const std::string svg = train::curves_to_svg("a <run> & more", {{"loss", {1, 2, 3}, {2, 1, 0.5}},
                                                                  {"lr", {1, 2, 3}, {1e-3, 5e-4, 0}},
                                                                  {"validation_loss", {1, 2, 3}, {3, NAN, 1}},
                                                                  {"<x>", {1, 2, 3}, {7, 7, 7}}});
  CHECK(has(svg, "<title>a &lt;run&gt; &amp; more</title>"));
  CHECK(has(svg, ">&lt;x&gt;</tspan>"));
  CHECK_FALSE(has(svg, "nan"));
  const auto points_of = [&](const char* name) {
    const size_t at = svg.find("points=\"", svg.find(join_text(">", name, "</tspan>")));
    return svg.substr(at + 8, svg.find('"', at + 8) - at - 8);
  };
  // loss and its validation share a scale from 0.5 to 3; 3 stands at its top.
  CHECK(points_of("loss") == "70,120 345,176 620,204 ");
  CHECK(has(svg, "points=\"70,64 620,176 \""));
  CHECK(points_of("lr") == "70,244 345,314 620,384 ");
  CHECK(has(svg, ">0.0002</text>"));
  CHECK(points_of("&lt;x&gt;") == "70,494 345,494 620,494 ");
}

TEST_CASE("a sparkline keeps its width and its shape, however long it gets") {
  train::Sparkline line(4);
  CHECK(line.draw() == "    ");
  line.add(NAN);
  line.add(8);
  CHECK(line.draw() == "▅   ");  // nothing is high or low yet
  line.add(1);
  line.add(INFINITY);
  CHECK(line.draw() == "█▁  ");
  for (double value : {2.0, 3.0}) line.add(value);
  CHECK(line.draw() == "█▁▂▃");

  for (int64_t count : {400, 401, 1023, 10'000, 123'457}) {
    CAPTURE(count);
    train::Sparkline rising(8), steps(4);
    for (int64_t i = 0; i < count; ++i) {
      rising.add(static_cast<double>(i));
      steps.add(i < count / 2 ? 1 : 0);
    }
    CHECK(rising.draw() == "▁▂▃▄▅▆▇█");
    CHECK(steps.draw().starts_with("█"));
    CHECK(steps.draw().ends_with("▁"));
    CHECK(display_width(steps.draw()) == 4);
  }
}

TEST_CASE("the first op that makes a NaN is named, forward and backward") {
  const Tensor x = from_values<float>(std::vector<float>{1, -1}, 2).requires_grad_();
  const auto loss = [&] { return (sqrt(x * 2.0) * 3.0).sum(); };
  CHECK(std::isnan(loss().item<float>()));
  {
    train::DetectAnomaly detect;
    CHECK(fails_with(ErrorKind::runtime, {"sqrt", "(2,)"}, [&] { (void)loss(); }));
    CHECK(fails_with(ErrorKind::runtime, {"log"}, [&] { (void)x.detach().clone().log_(); }));
    const Tensor bad = from_values<float>(std::vector<float>{NAN}, 1);
    (void)(bad + 1.0);  // it was there before
    const Tensor zero = full(1, 0.0).requires_grad_();
    const Tensor product = sqrt(zero) * 0.0;
    CHECK(fails_with(ErrorKind::runtime, {"gradient of", "sqrt"}, [&] { product.sum().backward(); }));
    const Tensor large = exp(full(3, 100.0, {.dtype = DType::float32}));
    CHECK(fails_with(ErrorKind::runtime,
                     {"sub made a NaN", "last infinity before was made by exp of", "(3,)"},
                     [&] { (void)(large - large); }));
  }
  CHECK(std::isnan(loss().item<float>()));  // off again
}
