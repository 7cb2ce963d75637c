// Optimizers and schedules follow PyTorch's for 100 steps, in float32 too; tools/golden_optimizers.py wrote
// where those go.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "rushlight/optim/optim.h"
#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

using Rows = std::vector<std::vector<double>>;
const std::map<std::string, Rows> kTrajectories = {
#include "tests/optim/trajectories.inc"
};

constexpr int kSteps = 100;

Tensor scattered(const IntList& shape, uint32_t state) {
  Tensor numbers = empty(shape, DType::float64);
  for (double& v : numbers.span<double>())
    v = static_cast<double>((state = state * 1664525u + 1013904223u) >> 8) / 16777216.0;
  return numbers;
}

struct Problem {
  Tensor weight = (scattered({4, 3}, 1) - 0.5).requires_grad_(),
         bias = (scattered({4}, 2) - 0.5).requires_grad_();

  void to(DType dtype) {
    weight = weight.detach().to(dtype).requires_grad_();
    bias = bias.detach().to(dtype).requires_grad_();
  }
  std::vector<Tensor> both() const { return {weight, bias}; }
  void backward(int step) const {
    const Tensor x = scattered({5, 3}, static_cast<uint32_t>(3 + step)).to(weight.dtype());
    const Tensor y = scattered({5, 4}, static_cast<uint32_t>(1000 + step)).to(weight.dtype());
    square(tanh(linear(x, weight, {.bias = bias})) - y).mean().backward();
  }
  std::vector<double> numbers() const {
    std::vector<double> all = weight.detach().to_vector<double>();
    for (double v : bias.detach().to_vector<double>()) all.push_back(v);
    return all;
  }
};

using Optimizers =
    std::map<std::string, std::function<std::unique_ptr<optim::Optimizer>(std::vector<Tensor>)>>;

template <class O, class Options>
auto with(const Options& options) {
  return [options](std::vector<Tensor> params) { return std::make_unique<O>(std::move(params), options); };
}

const Optimizers kOptimizers = {
    {"sgd", with<optim::SGD>(optim::SGDOptions{.lr = 0.1})},
    {"sgd_decay", with<optim::SGD>(optim::SGDOptions{.lr = 0.1, .weight_decay = 0.1, .maximize = true})},
    {"momentum",
     with<optim::SGD>(optim::SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.1, .weight_decay = 0.01})},
    {"nesterov", with<optim::SGD>(optim::SGDOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true})},
    {"adam", with<optim::Adam>(optim::AdamOptions{.lr = 0.01, .weight_decay = 0.1})},
    {"adam_amsgrad",
     with<optim::Adam>(optim::AdamOptions{.lr = 0.01, .beta1 = 0.8, .beta2 = 0.99, .amsgrad = true})},
    {"adamw", with<optim::AdamW>(optim::AdamWOptions{.lr = 0.01, .eps = 1e-6, .weight_decay = 0.1})},
    {"adamw_amsgrad", with<optim::AdamW>(optim::AdamWOptions{.lr = 0.01, .amsgrad = true, .maximize = true})},
    {"rmsprop", with<optim::RMSprop>(optim::RMSpropOptions{.lr = 0.01})},
    {"rmsprop_centered",
     with<optim::RMSprop>(optim::RMSpropOptions{
         .lr = 0.01, .alpha = 0.9, .weight_decay = 0.1, .momentum = 0.5, .centered = true})},
    {"adagrad", with<optim::Adagrad>(optim::AdagradOptions{.lr = 0.1})},
    {"adagrad_decay",
     with<optim::Adagrad>(optim::AdagradOptions{
         .lr = 0.1, .lr_decay = 0.1, .weight_decay = 0.1, .initial_accumulator_value = 0.5})},
};

double norm_of(const std::vector<double>& numbers) {
  return std::sqrt(std::inner_product(numbers.begin(), numbers.end(), numbers.begin(), 0.0));
}
double difference(std::vector<double> a, const std::vector<double>& b) {
  std::transform(a.begin(), a.end(), b.begin(), a.begin(), std::minus());
  return norm_of(a) / norm_of(b);
}

// Where weights lie along one direction, another one after each step, as the golden file says it of
// PyTorch's.
double glance(const std::vector<double>& numbers, int step) {
  const Tensor random = scattered(std::ssize(numbers), static_cast<uint32_t>(5000 + step)) - 0.5;
  const std::vector<double> direction = random.to_vector<double>();
  return std::inner_product(numbers.begin(), numbers.end(), direction.begin(), 0.0) / norm_of(direction);
}

// The weights after each of 100 steps.
template <class Make, class After>
Rows path_of(const Problem& problem, std::vector<Tensor> params, Make make, After after) {
  const auto optimizer = make(std::move(params));
  Rows path;
  for (int step = 0; step < kSteps; ++step) {
    optimizer->zero_grad();
    problem.backward(step);
    after.before_step(problem);
    optimizer->step();
    after.after_step(*optimizer);
    path.push_back(problem.numbers());
  }
  return path;
}

// How far a path leads away from PyTorch's, of the size of all weights: a glance at each step, and whole
// where PyTorch's weights are known.
double off(const std::string& name, const Rows& path) {
  const Rows& known = kTrajectories.at(name);
  REQUIRE(known[0].size() == path.size());
  double worst = 0;
  for (size_t step = 0; step < path.size(); ++step)
    worst = std::max(
        worst, std::abs(glance(path[step], static_cast<int>(step)) - known[0][step]) / norm_of(path[step]));
  for (size_t row = 1; row < known.size(); ++row)
    worst = std::max(worst, difference(path[static_cast<size_t>(known[row][0]) - 1],
                                       {known[row].begin() + 1, known[row].end()}));
  REQUIRE(known.back()[0] == kSteps);
  return worst;
}

template <class Make, class After>
double farthest(const std::string& name, const Problem& problem, std::vector<Tensor> params, Make make,
                After after) {
  return off(name, path_of(problem, std::move(params), make, std::move(after)));
}

struct Nothing {
  void before_step(const Problem&) {}
  void after_step(optim::Optimizer&) {}
};

using Schedules = std::map<std::string, std::function<std::unique_ptr<optim::Schedule>(optim::Optimizer&)>>;

template <class S, class... Args>
auto plan(Args... args) {
  return [=](optim::Optimizer& optimizer) { return std::make_unique<S>(optimizer, args...); };
}

const Schedules kSchedules = {
    {"step", plan<optim::StepLR>(30, optim::DecayOptions{.gamma = 0.5})},
    {"multi_step",
     plan<optim::MultiStepLR>(std::vector<int64_t>{10, 10, 60}, optim::DecayOptions{.gamma = 0.3})},
    {"exponential", plan<optim::ExponentialLR>(0.95)},
    {"constant", plan<optim::ConstantLR>(optim::ConstantOptions{.factor = 0.25, .total_iters = 7})},
    {"linear",
     plan<optim::LinearLR>(optim::LinearOptions{.start_factor = 0.1, .end_factor = 0.8, .total_iters = 20})},
    {"lambda", plan<optim::LambdaLR>([](int64_t step) { return 1.0 / static_cast<double>(1 + step); })},
    {"cosine", plan<optim::CosineAnnealingLR>(40, optim::CosineOptions{.eta_min = 0.01})},
    {"warm_restarts",
     plan<optim::CosineAnnealingWarmRestarts>(10, optim::WarmRestartOptions{.T_mult = 2, .eta_min = 0.01})},
    {"warm_restarts_equal", plan<optim::CosineAnnealingWarmRestarts>(15)},
    {"one_cycle", plan<optim::OneCycleLR>(2.0, 120)},
    {"one_cycle_linear",
     plan<optim::OneCycleLR>(
         2.0, 101,
         optim::OneCycleOptions{
             .pct_start = 0.4, .cosine = false, .cycle_momentum = false, .div_factor = 10})},
    {"one_cycle_three_phases",
     plan<optim::OneCycleLR>(2.0, 101, optim::OneCycleOptions{.three_phase = true})},
    {"sequential",
     [](optim::Optimizer& o) {
       return std::make_unique<optim::SequentialLR>(
           o, std::vector<int64_t>{10}, optim::LinearLR(o, {.start_factor = 0.1, .total_iters = 10}),
           optim::CosineAnnealingLR(o, 90));
     }},
};

struct TwoGroups {
  Tensor first = full(1, 0.0).requires_grad_(), second = full(1, 0.0).requires_grad_();
  optim::SGD optimizer{{first}, {.lr = 0.5, .momentum = 0.9}};
  TwoGroups() { optimizer.add_param_group({second}, {.lr = 0.02, .momentum = 0.9}); }
};

std::string with_prefix(const std::string& name) { return "lr_" + name; }

}  // namespace

TEST_CASE("optimizers follow PyTorch's for 100 steps") {
  for (const auto& [name, make] : kOptimizers) {
    CAPTURE(name);
    Problem exact, single;
    single.to(DType::float32);
    const Rows path = path_of(exact, exact.both(), make, Nothing());
    const Rows rounded = path_of(single, single.both(), make, Nothing());
    CHECK(off(name, path) < 1e-10);
    CHECK(off(name, rounded) < 3e-6);  // 1 - beta in float32 would already be 5e-6
    // PyTorch's path is known whole at a few steps; this one follows it, and is known at each.
    for (size_t step = 0; step < path.size(); ++step) {
      CAPTURE(step);
      CHECK(difference(rounded[step], path[step]) < 3e-6);
    }
  }
}

TEST_CASE("Muon follows PyTorch's, which rounds its iteration to bfloat16, without that rounding") {
  Problem problem, other;
  const auto make = with<optim::Muon>(optim::MuonOptions{.lr = 0.02});
  CHECK(farthest("muon", problem, {problem.weight}, make, Nothing()) < 1e-10);
  const auto matching = with<optim::Muon>(optim::MuonOptions{
      .lr = 0.02, .weight_decay = 0.3, .momentum = 0.8, .nesterov = false, .match_rms_adamw = true});
  CHECK(farthest("muon_match", other, {other.weight}, matching, Nothing()) < 1e-10);
  CHECK(fails_with(ErrorKind::value, {"Muon", "(4,)", "AdamW"}, [&] { optim::Muon muon(problem.both()); }));
}

TEST_CASE("clipped gradients follow PyTorch's") {
  struct ByNorm : Nothing {
    void before_step(const Problem& problem) { (void)optim::clip_grad_norm_(problem.both(), 0.1); }
  };
  struct ByValue : Nothing {
    void before_step(const Problem& problem) { optim::clip_grad_value_(problem.both(), 0.02); }
  };
  Problem first, second;
  CHECK(farthest("clip_norm", first, first.both(), kOptimizers.at("sgd"), ByNorm()) < 1e-10);
  CHECK(farthest("clip_value", second, second.both(), kOptimizers.at("sgd"), ByValue()) < 1e-10);
}

TEST_CASE("a clipped step goes where clipping and a step lead, and leaves the gradients as they are") {
  struct Clip : Nothing {
    void before_step(const Problem& problem) { norm = optim::clip_grad_norm_(problem.both(), 0.1); }
    Tensor norm;
  };
  const auto clipped_path = [](const std::string& name) {
    const Problem problem;
    const auto optimizer = kOptimizers.at(name)(problem.both());
    Rows path;
    for (int step = 0; step < kSteps; ++step) {
      optimizer->zero_grad();
      problem.backward(step);
      const Tensor before = get_total_norm(optim::grads_of(problem.both()));
      REQUIRE(equal(optimizer->clipped_step(0.1), before));
      REQUIRE(equal(get_total_norm(optim::grads_of(problem.both())), before));
      path.push_back(problem.numbers());
    }
    return path;
  };
  for (const auto& [name, make] : kOptimizers) {
    const Problem problem;
    const Rows expected = path_of(problem, problem.both(), make, Clip()), found = clipped_path(name);
    INFO(name);
    for (size_t step = 0; step < expected.size(); ++step)
      REQUIRE(difference(found[step], expected[step]) < 1e-14);
  }
  // far from the bound, nothing is scaled
  const Problem free, bound;
  const auto a = kOptimizers.at("adamw")(free.both()), b = kOptimizers.at("adamw")(bound.both());
  free.backward(0), bound.backward(0);
  a->step(), (void)b->clipped_step(1e9);
  CHECK(free.numbers() == bound.numbers());
}

TEST_CASE("a clipped step has one norm over all groups, and does nothing where there is no gradient") {
  Problem together, apart;
  optim::AdamW clipped({together.weight}, {.lr = 0.01}), stepped({apart.weight}, {.lr = 0.01});
  clipped.add_param_group({together.bias}, {.lr = 0.1}), stepped.add_param_group({apart.bias}, {.lr = 0.1});
  CHECK(clipped.clipped_step(0.1).item<double>() == 0);
  CHECK(together.numbers() == apart.numbers());
  for (int step = 0; step < 4; ++step) {
    for (Problem* problem : {&together, &apart}) {
      for (const Tensor& parameter : problem->both()) parameter.set_grad({});
      problem->backward(step);
      if (step == 2) problem->bias.set_grad({});  // its group makes a step less
    }
    (void)clipped.clipped_step(0.1);
    (void)optim::clip_grad_norm_(apart.both(), 0.1);
    stepped.step();
    CHECK(difference(together.numbers(), apart.numbers()) < 1e-14);
  }
  // the factor is forgotten
  for (Problem* problem : {&together, &apart}) {
    for (const Tensor& parameter : problem->both()) parameter.set_grad({});
    problem->backward(9);
  }
  clipped.step(), stepped.step();
  CHECK(difference(together.numbers(), apart.numbers()) < 1e-12);
}

TEST_CASE("a clipped step of a norm that is no number makes none, as clipping and a step would") {
  for (const double wrong : {std::nan(""), HUGE_VAL}) {
    Problem clipped, stepped;
    for (Problem* problem : {&clipped, &stepped})
      for (const Tensor& parameter : problem->both())
        parameter.set_grad(full(parameter.shape(), wrong, {.dtype = DType::float64}));
    optim::SGD a(clipped.both(), {.lr = 0.1}), b(stepped.both(), {.lr = 0.1});
    (void)a.clipped_step(1), (void)optim::clip_grad_norm_(stepped.both(), 1), b.step();
    CHECK(equal(isnan(clipped.weight), isnan(stepped.weight)));
    CHECK(isnan(clipped.weight).any().item<bool>());
  }
}

TEST_CASE("a clipped step of bfloat16 parameters, and of Muon") {
  Problem problem, same;
  problem.to(DType::bfloat16), same.to(DType::bfloat16);
  optim::AdamW a(problem.both(), {.lr = 0.1}), b(same.both(), {.lr = 0.1});
  problem.backward(0), same.backward(0);
  (void)a.clipped_step(0.1), (void)optim::clip_grad_norm_(same.both(), 0.1), b.step();
  CHECK(difference(problem.numbers(), same.numbers()) < 0.01);  // the gradients were rounded once more
  Problem first, second;
  optim::Muon c({first.weight}, {.lr = 0.02}), d({second.weight}, {.lr = 0.02});
  first.backward(0), second.backward(0);
  (void)c.clipped_step(0.01), (void)optim::clip_grad_norm_({second.weight}, 0.01), d.step();
  CHECK(difference(first.numbers(), second.numbers()) < 1e-12);
}

TEST_CASE("a schedule moves the rate and the momentum of an optimizer at work") {
  struct Cycle : Nothing {
    void after_step(optim::Optimizer&) { schedule->step(); }
    std::unique_ptr<optim::OneCycleLR> schedule;
  };
  Optimizers optimizers = kOptimizers;
  optimizers["muon"] = with<optim::Muon>(optim::MuonOptions{.lr = 0.02});
  for (const std::string name : {"sgd", "adamw", "rmsprop", "rmsprop_centered", "muon"}) {
    CAPTURE(name);
    Problem problem;
    auto optimizer = optimizers.at(name)(name == "muon" ? std::vector{problem.weight} : problem.both());
    Cycle cycle;
    cycle.schedule = std::make_unique<optim::OneCycleLR>(*optimizer, 0.1, 120);
    const auto make = [&](std::vector<Tensor>) { return std::move(optimizer); };
    CHECK(farthest(name + "_one_cycle", problem, problem.both(), make, std::move(cycle)) < 1e-10);
  }
}

TEST_CASE("schedules follow PyTorch's") {
  for (const auto& [name, make] : kSchedules) {
    TwoGroups groups;
    const auto schedule = make(groups.optimizer);
    for (const std::vector<double>& row : kTrajectories.at(with_prefix(name))) {
      CAPTURE(name);
      CAPTURE(row[0]);
      while (schedule->steps() < static_cast<int64_t>(row[0])) schedule->step();
      CHECK(groups.optimizer.groups()[0].lr.get() == doctest::Approx(row[1]).epsilon(1e-9));
      CHECK(groups.optimizer.groups()[1].lr.get() == doctest::Approx(row[2]).epsilon(1e-9));
      CHECK(groups.optimizer.groups()[0].momentum.get() == doctest::Approx(row[3]).epsilon(1e-9));
    }
    const double lr = groups.optimizer.lr();
    TwoGroups again;
    const auto resumed = make(again.optimizer);
    resumed->load_state_dict(schedule->state_dict());
    CHECK(again.optimizer.lr() == lr);
  }
}

TEST_CASE("a rate falls when a metric has stopped getting better") {
  const auto metric = [](int step) { return step < 12 ? 1.0 / (1 + step) : 0.08 + 0.001 * (step % 7); };
  for (const auto& [name, options] :
       std::map<std::string, optim::PlateauOptions>{{"lr_plateau", {.patience = 3}},
                                                    {"lr_plateau_absolute",
                                                     {.maximize = true,
                                                      .factor = 0.5,
                                                      .patience = 5,
                                                      .threshold = 0.01,
                                                      .relative = false,
                                                      .cooldown = 4,
                                                      .min_lr = 0.05}}}) {
    CAPTURE(name);
    TwoGroups groups;
    optim::ReduceLROnPlateau plan(groups.optimizer, options);
    int step = 0;
    for (const std::vector<double>& row : kTrajectories.at(name)) {
      CAPTURE(row[0]);
      for (; step <= static_cast<int>(row[0]); ++step) plan.step(metric(step));
      CHECK(groups.optimizer.lr() == doctest::Approx(row[1]).epsilon(1e-9));
    }
  }
}

TEST_CASE("a parameter without a gradient waits, and counts no step") {
  Problem problem, alone;
  optim::AdamW optimizer(problem.both(), {.lr = 0.01}), other({alone.weight}, {.lr = 0.01});
  for (int step = 0; step < 4; ++step) {
    optimizer.zero_grad(), other.zero_grad();
    problem.backward(step), alone.backward(step);
    if (step == 1) problem.bias.set_grad({});
    optimizer.step(), other.step();
    alone.bias.detach().copy_(problem.bias.detach());
  }
  CHECK(allclose(problem.weight, alone.weight));
  const NamedTensors state = optimizer.state_dict();
  CHECK(find_tensor(state, "0.step")->item<double>() == 4);
  CHECK(find_tensor(state, "1.step")->item<double>() == 3);
}

TEST_CASE("an optimizer's state goes on where it was") {
  for (const auto& [name, make] : kOptimizers) {
    CAPTURE(name);
    Problem whole, halves;
    const auto steps = [](Problem& problem, optim::Optimizer& optimizer, int from, int to) {
      for (int step = from; step < to; ++step) {
        optimizer.zero_grad();
        problem.backward(step);
        if (step == 1) problem.bias.set_grad({});
        optimizer.step();
      }
    };
    const auto one = make(whole.both()), first = make(halves.both());
    steps(whole, *one, 0, 8);
    steps(halves, *first, 0, 4);
    first->set_lr(0.5);
    NamedTensors state = first->state_dict();
    const auto second = make(halves.both());
    second->load_state_dict(state);
    CHECK(second->lr() == 0.5);
    second->set_lr(one->lr());
    steps(halves, *second, 4, 8);
    CHECK(equal(whole.weight, halves.weight));
    CHECK(equal(whole.bias, halves.bias));
  }
}

TEST_CASE("a state that does not fit changes nothing") {
  Problem problem;
  optim::AdamW optimizer(problem.both());
  problem.backward(0);
  optimizer.step();
  NamedTensors state = optimizer.state_dict();
  const double lr = optimizer.lr();
  find_tensor(state, "group0.lr")->fill_(7.0);
  for (NamedTensor& named : state)
    if (named.name == "1.exp_avg")
      named.name = "1.exp_average";
    else if (named.name == "0.exp_avg_sq")
      named.tensor = full(2, 0.0);
  CHECK(fails_with(ErrorKind::runtime, {"AdamW", "\"1.exp_avg\"", "\"1.exp_average\"", "\"0.exp_avg_sq\""},
                   [&] { optimizer.load_state_dict(state); }));
  CHECK(optimizer.lr() == lr);
}

TEST_CASE("settings that make no sense are refused by name") {
  Problem problem;
  const Tensor result = problem.weight * 2, whole = full(2, 1, {.dtype = DType::int64});
  CHECK(fails_with(ErrorKind::value, {"SGD", "lr", "-1"}, [&] { optim::SGD(problem.both(), {.lr = -1}); }));
  CHECK(fails_with(ErrorKind::value, {"Nesterov"}, [&] { optim::SGD(problem.both(), {.nesterov = true}); }));
  CHECK(
      fails_with(ErrorKind::value, {"AdamW", "beta1"}, [&] { optim::AdamW(problem.both(), {.beta1 = 1}); }));
  CHECK(fails_with(ErrorKind::value, {"no parameters"}, [&] { optim::SGD({}); }));
  CHECK(fails_with(ErrorKind::value, {"leaves"}, [&] { optim::SGD({result}); }));
  CHECK(fails_with(ErrorKind::type, {"int64"}, [&] { optim::SGD({whole}); }));
  CHECK(fails_with(ErrorKind::value, {"twice"}, [&] { optim::SGD({problem.bias, problem.bias}); }));
  TwoGroups groups;
  CHECK(fails_with(ErrorKind::value, {"StepLR", "step_size"}, [&] { optim::StepLR(groups.optimizer, 0); }));
  CHECK(fails_with(ErrorKind::value, {"milestones"}, [&] {
    optim::SequentialLR(groups.optimizer, {}, optim::StepLR(groups.optimizer, 1),
                        optim::StepLR(groups.optimizer, 1));
  }));
}

TEST_CASE("averages of the weights") {
  Problem problem;
  optim::WeightAverage moving({problem.weight}, {.decay = 0.9}), mean({problem.weight});
  const auto set = [&](double value) {
    NoGrad guard;
    problem.weight.fill_(value);
    moving.update(), mean.update();
  };
  set(1), set(2), set(6);
  CHECK(moving.averages()[0].select(0, 0).select(0, 0).item<double>() ==
        doctest::Approx((1 * 0.9 + 2 * 0.1) * 0.9 + 0.6));
  CHECK(mean.averages()[0].select(0, 0).select(0, 0).item<double>() == doctest::Approx(3));
  mean.swap();
  CHECK(problem.weight.detach().to_vector<double>()[0] == doctest::Approx(3));
  mean.swap();
  CHECK(problem.weight.detach().to_vector<double>()[0] == 6);
  optim::WeightAverage other({problem.weight});
  other.load_state_dict(mean.state_dict());
  CHECK(equal(other.averages()[0], mean.averages()[0]));
}

TEST_CASE("a traced clipped step clips each gradient by its own norm") {
  for (const char* name : {"adamw", "momentum", "sgd", "rmsprop"}) {
    INFO(name);
    const Problem eager, traced;
    const auto first = kOptimizers.at(name)(eager.both()), second = kOptimizers.at(name)(traced.both());
    const auto step_of = [](const Problem& problem, optim::Optimizer& optimizer) {
      return [&problem, &optimizer](const Tensor& input, const Tensor& target) {
        square(linear(input, problem.weight, {.bias = problem.bias}) - target).mean().backward();
        const Tensor norm = optimizer.clipped_step(1.5);
        optimizer.zero_grad();
        return norm;
      };
    };
    auto plain = step_of(eager, *first);
    auto replayed = trace(step_of(traced, *second));
    bool above = false, below = false;
    for (int i = 0; i < 12; ++i) {
      const Tensor x = scattered({5, 3}, static_cast<uint32_t>(3 + i)) * (i % 3);
      const Tensor y = scattered({5, 4}, static_cast<uint32_t>(50 + i)) * (i % 2 * 4);
      const Tensor norm = plain(x, y);
      CHECK(equal(norm, replayed(x, y)));
      (norm.item<double>() > 1.5 ? above : below) = true;
    }
    CHECK(above);
    CHECK(below);
    CHECK(equal(eager.weight, traced.weight));
    CHECK(equal(eager.bias, traced.bias));
  }
}

TEST_CASE("a traced step takes its rate from the schedule") {
  Problem eager, traced;
  optim::AdamW first(eager.both(), {.lr = 0.05}), second(traced.both(), {.lr = 0.05});
  optim::CosineAnnealingLR a(first, 20), b(second, 20);
  const Tensor x = scattered({5, 3}, 3), y = scattered({5, 4}, 4);
  const auto step_of = [](Problem& problem, optim::Optimizer& optimizer) {
    return [&problem, &optimizer](const Tensor& input, const Tensor& target) {
      Tensor loss = square(tanh(linear(input, problem.weight, {.bias = problem.bias})) - target).mean();
      loss.backward();
      optimizer.step();
      optimizer.zero_grad();
      return loss;
    };
  };
  auto plain = step_of(eager, first);
  auto replayed = trace(step_of(traced, second));
  for (int i = 0; i < 12; ++i) {
    (void)plain(x, y), (void)replayed(x, y);
    a.step(), b.step();
  }
  CHECK(equal(eager.weight, traced.weight));
  CHECK(equal(eager.bias, traced.bias));
}
