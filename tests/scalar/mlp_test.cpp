#include "rushlight/scalar/mlp.h"

#include <doctest/doctest.h>

#include <cmath>

#include "rushlight/base/error.h"
#include "rushlight/scalar/moons.h"

using namespace rushlight;
using namespace rushlight::scalar;

TEST_CASE("a network has the parameters of its layers, and one seed gives one network") {
  MLP network({2, 16, 16, 1}, 7), twin({2, 16, 16, 1}, 7), other({2, 16, 16, 1}, 8);
  REQUIRE(network.parameters().size() == 2 * 16 + 16 + 16 * 16 + 16 + 16 + 1);
  bool same = true, all_same = true;
  for (size_t i = 0; i < network.parameters().size(); ++i) {
    const double here = network.parameters()[i].data();
    CHECK(std::fabs(here) <= 1);
    same = same && here == twin.parameters()[i].data();
    all_same = all_same && here == other.parameters()[i].data();
  }
  CHECK(same);
  CHECK_FALSE(all_same);
}

TEST_CASE("layers but the last are relu(w . x + b)") {
  MLP network({2, 1, 1});
  const Values& p = network.parameters();
  for (const auto& [x, y] : {std::pair(1.0, 2.0), std::pair(-3.0, 0.5), std::pair(0.3, -2.0)}) {
    const double hidden = std::fmax(p[0].data() * x + p[1].data() * y + p[2].data(), 0);
    CHECK(network({x, y})[0].data() == doctest::Approx(p[3].data() * hidden + p[4].data()));
  }
  p[4].data() += 1;  // a handle, not a copy
  CHECK(network({0, 0})[0].data() == doctest::Approx(p[4].data() + p[3].data() * std::fmax(p[2].data(), 0)));
}

TEST_CASE("inputs of another number than the first layer takes are an error") {
  MLP network({2, 3, 1});
  CHECK_THROWS_WITH_AS(network({1, 2, 3}), "[dot] 2 numbers against 3", Error);
}

TEST_CASE("the gradient of every parameter agrees with finite differences") {
  MLP network({2, 4, 1}, 3);
  const auto loss = [&] {
    const Value score = network({0.4, -1.3})[0];
    return hinge_loss({&score, 1}, std::vector<int>{1}) + l2_penalty(network.parameters(), 0.01);
  };
  loss().backward();
  for (const Value& parameter : network.parameters()) {
    const double at = parameter.data(), h = 1e-6;
    parameter.data() = at + h;
    const double above = loss().data();
    parameter.data() = at - h;
    const double below = loss().data();
    parameter.data() = at;
    CHECK(parameter.grad() == doctest::Approx((above - below) / (2 * h)).epsilon(1e-7));
  }
}

TEST_CASE("hinge loss: nothing for a score that is right by a margin") {
  const std::vector<int> labels{1, 1, -1, -1};
  const Values scores{2.0, 0.5, -1.0, 3.0};
  CHECK(hinge_loss(scores, labels).data() == (0 + 0.5 + 0 + 4) / 4);
  CHECK_THROWS_WITH_AS(hinge_loss(scores, std::vector<int>{1}), "[hinge_loss] 4 scores for 1 labels", Error);
}

TEST_CASE("SGD steps down the slope, and zero_grad forgets it") {
  Values x{3.0, -1.0};
  SGD optimizer(x, 0.1);
  l2_penalty(x, 0.5).backward();
  optimizer.step();
  CHECK(x[0].data() == doctest::Approx(2.7));
  CHECK(x[1].data() == doctest::Approx(-0.9));
  optimizer.zero_grad();
  optimizer.step();
  CHECK(x[0].data() == doctest::Approx(2.7));
}

TEST_CASE("2 -> 4 -> 1 learns XOR") {
  const double points[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const std::vector<int> labels{-1, 1, 1, -1};
  int learned = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    MLP network({2, 4, 1}, seed);
    SGD optimizer(network.parameters(), 0.1);
    Values scores;
    for (int step = 0; step < 500; ++step) {
      scores.clear();
      for (const auto& [x, y] : points) scores.push_back(network({x, y})[0]);
      optimizer.zero_grad();
      hinge_loss(scores, labels).backward();
      optimizer.step();
    }
    int right = 0;
    for (int i = 0; i < 4; ++i) right += scores[i].data() * labels[i] > 0.5;
    learned += right == 4;
  }
  CHECK(learned >= 8);  // the others have too few neurons that are alive where it matters
}

TEST_CASE("moons: two halves, within their noise of two half circles, the same for the same seed") {
  const std::vector<Sample> moons = make_moons(100, 0.1, 5);
  REQUIRE(moons.size() == 100);
  int upper = 0;
  for (const Sample& sample : moons) {
    upper += sample.label > 0;
    const double radius =
        sample.label > 0 ? std::hypot(sample.x, sample.y) : std::hypot(sample.x - 1, sample.y - 0.5);
    CHECK(std::fabs(radius - 1) < 0.1 * std::sqrt(2));
  }
  CHECK(upper == 50);
  CHECK(moons[17].x == make_moons(100, 0.1, 5)[17].x);
  CHECK(moons[17].x != make_moons(100, 0.1, 6)[17].x);
  CHECK(make_moons(2, 0).size() == 2);
}
