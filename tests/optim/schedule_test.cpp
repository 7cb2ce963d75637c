// Where schedules start from, what they turn, and what they refuse.
#include "rushlight/optim/schedule.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "rushlight/optim/optim.h"
#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// One number, whose gradient is 1 at every step.
struct Slope {
  Tensor x = full(1, 1.0, {.dtype = DType::float64}).requires_grad_();

  void step(optim::Optimizer& optimizer) const {
    optimizer.zero_grad();
    x.sum().backward();
    optimizer.step();
  }
  double at() const { return x.detach().item<double>(); }
};

struct TwoGroups {
  Tensor first = full(1, 0.0).requires_grad_(), second = full(1, 0.0).requires_grad_();
  optim::SGD optimizer{{first}, {.lr = 0.5}};
  TwoGroups() { optimizer.add_param_group({second}, {.lr = 0.02}); }
  double lr(size_t group) const { return optimizer.groups()[group].lr.get(); }
  double momentum(size_t group) const { return optimizer.groups()[group].momentum.get(); }
};

}  // namespace

TEST_CASE("a schedule gives an optimizer without a momentum one") {
  Slope slope;
  optim::SGD optimizer({slope.x}, {.lr = 0.01});
  optim::OneCycleLR schedule(optimizer, 0.1, 10);
  for (double pytorch : {0.996, 0.8972, 0.6357, 0.328151847251, 0.018774696923}) {
    slope.step(optimizer), schedule.step();
    CHECK(slope.at() == doctest::Approx(pytorch).epsilon(1e-9));
  }
}

TEST_CASE("a momentum may come late and go, and its memory is part of the state") {
  Slope slope, again;
  optim::SGD optimizer({slope.x}, {.lr = 0.1});
  slope.step(optimizer);
  CHECK(slope.at() == doctest::Approx(0.9));
  CHECK(find_tensor(optimizer.state_dict(), "0.momentum_buffer") == nullptr);
  optimizer.groups()[0].momentum.set(0.5);
  slope.step(optimizer), slope.step(optimizer);
  CHECK(slope.at() == doctest::Approx(0.9 - 0.1 - 0.15));
  optimizer.groups()[0].momentum.set(0);
  slope.step(optimizer);
  CHECK(slope.at() == doctest::Approx(0.55));
  const NamedTensors state = optimizer.state_dict();
  CHECK(find_tensor(state, "0.momentum_buffer")->item<double>() == 1.5);

  again.x.detach().copy_(slope.x.detach());
  optim::SGD resumed({again.x}, {.lr = 7});
  resumed.load_state_dict(state);
  for (optim::SGD* each : {&optimizer, &resumed}) each->groups()[0].momentum.set(0.5);
  slope.step(optimizer), again.step(resumed);
  CHECK(again.at() == slope.at());
  CHECK(again.at() == doctest::Approx(0.55 - 0.175));
}

TEST_CASE("only an optimizer with a momentum can have it cycled") {
  Slope slope;
  optim::Adagrad optimizer({slope.x});
  CHECK(fails_with(ErrorKind::value, {"OneCycleLR", "Adagrad", "cycle_momentum"},
                   [&] { optim::OneCycleLR(optimizer, 0.1, 10); }));
  optim::OneCycleLR(optimizer, 0.1, 10, {.cycle_momentum = false});
  CHECK(optimizer.lr() == doctest::Approx(0.004));
}

TEST_CASE("a replayed step takes its momentum from the group") {
  const auto weights_after = [](auto make, bool traced) {
    const Tensor x = full({2, 2}, 1.0, {.dtype = DType::float64}).requires_grad_();
    const auto optimizer = make(std::vector{x});
    const auto step = [&](const Tensor& slope) {
      Tensor loss = (x * slope).sum();
      loss.backward();
      optimizer->step();
      optimizer->zero_grad();
      return loss;
    };
    auto replayed = trace(step);
    for (int i = 0; i < 10; ++i) {
      optimizer->groups()[0].momentum.set(0.9 - 0.05 * i);
      const Tensor slope = arange(4, {.dtype = DType::float64}).reshape({2, 2}) - i;
      (void)(traced ? replayed(slope) : step(slope));
    }
    return x.detach();
  };
  const auto sgd = [](std::vector<Tensor> p) { return std::make_unique<optim::SGD>(p); };
  const auto rmsprop = [](std::vector<Tensor> p) { return std::make_unique<optim::RMSprop>(p); };
  const auto muon = [](std::vector<Tensor> p) { return std::make_unique<optim::Muon>(p); };
  CHECK(equal(weights_after(sgd, true), weights_after(sgd, false)));
  CHECK(equal(weights_after(rmsprop, true), weights_after(rmsprop, false)));
  CHECK(equal(weights_after(muon, true), weights_after(muon, false)));
}

TEST_CASE("a schedule starts from the rate that it finds, another one from where the first began") {
  Slope slope;
  optim::SGD optimizer({slope.x}, {.lr = 0.1});
  optimizer.set_lr(0.5);
  optim::StepLR schedule(optimizer, 10);
  CHECK(optimizer.lr() == 0.5);
  schedule.go_to(10);
  CHECK(optimizer.lr() == 0.05);
  optim::ExponentialLR other(optimizer, 0.5);
  other.step();
  CHECK(optimizer.lr() == 0.25);
  optim::OneCycleLR cycle(optimizer, 2.0, 10);
  optim::CosineAnnealingLR wave(optimizer, 10);
  CHECK(optimizer.lr() == 2.0 / 25);
}

TEST_CASE(
    "a resumed schedule starts from where it did, whether it is made before or after the state is read") {
  Slope slope;
  optim::SGD optimizer({slope.x}, {.lr = 0.1});
  CHECK(find_tensor(optimizer.state_dict(), "group0.initial_lr") == nullptr);
  optimizer.set_lr(0.3);
  optim::ExponentialLR schedule(optimizer, 0.7);
  schedule.go_to(5);
  const NamedTensors state = optimizer.state_dict();
  for (bool before : {true, false}) {
    optim::SGD resumed({Slope().x}, {.lr = 0.1});
    if (!before) resumed.load_state_dict(state);
    optim::ExponentialLR again(resumed, 0.7);
    if (before) resumed.load_state_dict(state);
    again.load_state_dict(schedule.state_dict());
    CHECK(resumed.lr() == optimizer.lr());
    again.step();
    schedule.go_to(6);
    CHECK(resumed.lr() == optimizer.lr());
    schedule.go_to(5);
  }
}

TEST_CASE("groups of parameters have schedules of their own") {
  TwoGroups groups;
  optim::LambdaLR factors(
      groups.optimizer, [](int64_t) { return 0.5; }, [](int64_t steps) { return 1.0 + double(steps); });
  factors.go_to(3);
  CHECK(groups.lr(0) == 0.25);
  CHECK(groups.lr(1) == doctest::Approx(0.08));
  optim::OneCycleLR cycle(groups.optimizer, {1, 3}, 20, {.base_momentum = {0.5, 0.6}});
  cycle.go_to(5);
  CHECK(groups.lr(0) == doctest::Approx(1));
  CHECK(groups.lr(1) == doctest::Approx(3));
  CHECK(groups.momentum(0) == doctest::Approx(0.5));
  CHECK(groups.momentum(1) == doctest::Approx(0.6));
  optim::ReduceLROnPlateau plateau(groups.optimizer, {.patience = 0, .min_lr = {0.5, 1}});
  for (int i = 0; i < 9; ++i) plateau.step(1);
  CHECK(groups.lr(0) == 0.5);
  CHECK(groups.lr(1) == 1);
  CHECK(fails_with(ErrorKind::value, {"LambdaLR", "2", "3"}, [&] {
    const auto one = [](int64_t) { return 1; };
    optim::LambdaLR(groups.optimizer, one, one, one);
  }));
  CHECK(fails_with(ErrorKind::value, {"OneCycleLR", "max_lr", "2", "3"},
                   [&] { optim::OneCycleLR(groups.optimizer, {1, 2, 3}, 20); }));
  groups.optimizer.add_param_group({full(1, 0.0).requires_grad_()}, {});
  for (optim::Schedule* made_before :
       {static_cast<optim::Schedule*>(&factors), static_cast<optim::Schedule*>(&cycle)})
    CHECK(fails_with(ErrorKind::value, {"Schedule", "group 2", "after all groups"},
                     [&] { made_before->step(); }));
}

TEST_CASE("schedules that would give no rate are refused by name") {
  TwoGroups groups;
  optim::Optimizer& o = groups.optimizer;
  const auto refused = [](std::initializer_list<const char*> words, auto make) {
    return fails_with(ErrorKind::value, words, make);
  };
  CHECK(refused({"OneCycleLR", "pct_start", "0.1", "way up"},
                [&] { optim::OneCycleLR(o, 0.1, 10, {.pct_start = 0.1}); }));
  CHECK(refused({"OneCycleLR", "div_factor"}, [&] { optim::OneCycleLR(o, 0.1, 10, {.div_factor = 0}); }));
  CHECK(refused({"OneCycleLR", "final_div_factor"},
                [&] { optim::OneCycleLR(o, 0.1, 10, {.final_div_factor = 0}); }));
  CHECK(refused({"OneCycleLR", "max_lr"}, [&] { optim::OneCycleLR(o, kNaN, 10); }));
  CHECK(refused({"OneCycleLR", "base_momentum"},
                [&] { optim::OneCycleLR(o, 0.1, 10, {.base_momentum = kNaN}); }));
  CHECK(refused({"StepLR", "gamma"}, [&] { optim::StepLR(o, 10, {.gamma = kNaN}); }));
  CHECK(refused({"MultiStepLR", "gamma"}, [&] { optim::MultiStepLR(o, {10}, {.gamma = kNaN}); }));
  CHECK(refused({"MultiStepLR", "-3"}, [&] { optim::MultiStepLR(o, {10, -3}); }));
  CHECK(refused({"ExponentialLR", "gamma"}, [&] { optim::ExponentialLR(o, kNaN); }));
  CHECK(refused({"ConstantLR", "factor", "2"}, [&] { optim::ConstantLR(o, {.factor = 2}); }));
  CHECK(refused({"CosineAnnealingLR", "T_max"}, [&] { optim::CosineAnnealingLR(o, 0); }));
  CHECK(
      refused({"CosineAnnealingLR", "eta_min"}, [&] { optim::CosineAnnealingLR(o, 10, {.eta_min = kNaN}); }));
  CHECK(refused({"CosineAnnealingWarmRestarts", "T_0"}, [&] { optim::CosineAnnealingWarmRestarts(o, 0); }));
  CHECK(refused({"-1"}, [&] { optim::StepLR(o, 10).go_to(-1); }));
  CHECK(groups.lr(0) == 0.5);
  for (const optim::OneCycleOptions& options :
       {optim::OneCycleOptions{.pct_start = 1}, optim::OneCycleOptions{.pct_start = 0},
        optim::OneCycleOptions{.pct_start = 0.01}, optim::OneCycleOptions{.three_phase = true}}) {
    optim::OneCycleLR cycle(o, 0.1, 10, options);
    for (int step = 0; step <= 10; ++step) {
      cycle.go_to(step);
      CHECK(std::isfinite(groups.lr(0)));
      CHECK(std::isfinite(groups.momentum(0)));
    }
  }
  optim::MultiStepLR never(o, {});
  never.go_to(100);
  CHECK(groups.lr(0) == doctest::Approx(0.004));
}
