#include "rushlight/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "rushlight/generated/functions.h"

namespace rushlight::optim {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void expect_steps(const char* schedule, const char* what, int64_t steps) {
  if (steps < 1) fail(ErrorKind::value, "[", schedule, "] ", what, " must be at least 1, not ", steps);
}

Tensor number(double value) { return full({}, value, {.dtype = DType::float64}); }

double read_number(const char* schedule, const NamedTensors& state, const char* name) {
  const Tensor* found = find_tensor(state, name);
  if (!found) fail(ErrorKind::runtime, "[", schedule, "] the state lacks \"", name, "\"");
  return found->item<double>();
}

double power(double base, int64_t exponent) { return std::pow(base, static_cast<double>(exponent)); }

// From `start` to `end` by half a wave; share 0 to 1.
double along_cosine(double start, double end, double share) {
  return end + (start - end) / 2 * (1 + std::cos(std::numbers::pi * share));
}
double share_of(int64_t part, int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void Schedule::go_to(int64_t steps) {
  steps_ = steps;
  for (ParamGroup& group : optimizer_.groups()) {
    group.lr.set(lr_at(steps, group));
    group.momentum.set(momentum_at(steps, group));
  }
}

NamedTensors Schedule::state_dict() const { return {{"steps", number(static_cast<double>(steps_))}}; }

void Schedule::load_state_dict(const NamedTensors& state) {
  const double steps = read_number("Schedule", state, "steps");
  if (!(steps >= 0 && steps < 1e15) || steps != std::floor(steps))
    fail(ErrorKind::value, "[Schedule] ", steps, " is no number of steps");
  go_to(static_cast<int64_t>(steps));
}

// -- steps

StepLR::StepLR(Optimizer& optimizer, int64_t step_size, const DecayOptions& options)
    : Schedule(optimizer), step_size_(step_size), gamma_(options.gamma) {
  expect_steps("StepLR", "step_size", step_size);
  go_to(0);
}
double StepLR::lr_at(int64_t steps, const ParamGroup& group) const {
  return group.initial_lr * power(gamma_, steps / step_size_);
}

MultiStepLR::MultiStepLR(Optimizer& optimizer, std::vector<int64_t> milestones, const DecayOptions& options)
    : Schedule(optimizer), milestones_(std::move(milestones)), gamma_(options.gamma) {
  std::ranges::sort(milestones_);
  go_to(0);
}
double MultiStepLR::lr_at(int64_t steps, const ParamGroup& group) const {
  const auto passed = std::ranges::upper_bound(milestones_, steps) - milestones_.begin();
  return group.initial_lr * power(gamma_, passed);
}

ExponentialLR::ExponentialLR(Optimizer& optimizer, double gamma) : Schedule(optimizer), gamma_(gamma) {
  go_to(0);
}
double ExponentialLR::lr_at(int64_t steps, const ParamGroup& group) const {
  return group.initial_lr * power(gamma_, steps);
}

// -- warmups

ConstantLR::ConstantLR(Optimizer& optimizer, const ConstantOptions& options)
    : Schedule(optimizer), options_(options) {
  go_to(0);
}
double ConstantLR::lr_at(int64_t steps, const ParamGroup& group) const {
  return steps < options_.total_iters ? group.initial_lr * options_.factor : group.initial_lr;
}

LinearLR::LinearLR(Optimizer& optimizer, const LinearOptions& options)
    : Schedule(optimizer), options_(options) {
  expect_steps("LinearLR", "total_iters", options.total_iters);
  if (!(options.start_factor > 0 && options.start_factor <= 1) ||
      !(options.end_factor >= 0 && options.end_factor <= 1))
    fail(ErrorKind::value,
         "[LinearLR] start_factor must be above 0, end_factor at least 0, and both at most 1");
  go_to(0);
}
double LinearLR::lr_at(int64_t steps, const ParamGroup& group) const {
  const double share = share_of(std::min(steps, options_.total_iters), options_.total_iters);
  return group.initial_lr * (options_.start_factor + (options_.end_factor - options_.start_factor) * share);
}

// -- waves

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, int64_t T_max, const CosineOptions& options)
    : Schedule(optimizer), T_max_(T_max), eta_min_(options.eta_min) {
  expect_steps("CosineAnnealingLR", "T_max", T_max);
  go_to(0);
}
double CosineAnnealingLR::lr_at(int64_t steps, const ParamGroup& group) const {
  return along_cosine(group.initial_lr, eta_min_, share_of(steps, T_max_));
}

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(Optimizer& optimizer, int64_t T_0,
                                                         const WarmRestartOptions& options)
    : Schedule(optimizer), T_0_(T_0), T_mult_(options.T_mult), eta_min_(options.eta_min) {
  expect_steps("CosineAnnealingWarmRestarts", "T_0", T_0);
  expect_steps("CosineAnnealingWarmRestarts", "T_mult", T_mult_);
  go_to(0);
}
double CosineAnnealingWarmRestarts::lr_at(int64_t steps, const ParamGroup& group) const {
  int64_t length = T_0_;
  if (T_mult_ == 1) steps %= length;
  for (; steps >= length; length *= T_mult_) steps -= length;
  return along_cosine(group.initial_lr, eta_min_, share_of(steps, length));
}

OneCycleLR::OneCycleLR(Optimizer& optimizer, double max_lr, int64_t total_steps,
                       const OneCycleOptions& options)
    : Schedule(optimizer), max_lr_(max_lr), total_steps_(total_steps), options_(options) {
  expect_steps("OneCycleLR", "total_steps", total_steps);
  if (!(options.pct_start >= 0 && options.pct_start <= 1))
    fail(ErrorKind::value, "[OneCycleLR] pct_start is a share between 0 and 1, not ", options.pct_start);
  go_to(0);
}
// `start` at the first step, `top` after a share of them, `end` at the last.
double OneCycleLR::between(int64_t steps, double start, double top, double end) const {
  if (steps > total_steps_)
    fail(ErrorKind::value, "[OneCycleLR] step ", steps, " of a schedule of ", total_steps_, " steps");
  const double last = static_cast<double>(total_steps_) - 1, now = static_cast<double>(steps);
  const double up = options_.pct_start * static_cast<double>(total_steps_) - 1;
  const double down = options_.three_phase ? 2 * up : last;
  const auto part = [&](double from, double to, double begin, double finish) {
    const double share = (now - begin) / (finish - begin);
    return options_.cosine ? along_cosine(from, to, share) : from + (to - from) * share;
  };
  if (now <= up) return part(start, top, 0, up);
  if (!options_.three_phase) return part(top, end, up, last);
  return now <= down ? part(top, start, up, down) : part(start, end, down, last);
}
double OneCycleLR::lr_at(int64_t steps, const ParamGroup&) const {
  const double start = max_lr_ / options_.div_factor;
  return between(steps, start, max_lr_, start / options_.final_div_factor);
}
double OneCycleLR::momentum_at(int64_t steps, const ParamGroup& group) const {
  if (!options_.cycle_momentum) return group.momentum.get();
  return between(steps, options_.max_momentum, options_.base_momentum, options_.max_momentum);
}

// -- one after the other

void SequentialLR::begin() {
  if (schedules_.size() != milestones_.size() + 1 || !std::ranges::is_sorted(milestones_))
    fail(ErrorKind::value, "[SequentialLR] ", schedules_.size(), " schedules need ", schedules_.size() - 1,
         " milestones between them, the earliest first");
  for (const auto& schedule : schedules_)
    if (&schedule->optimizer_ != &optimizer())
      fail(ErrorKind::value, "[SequentialLR] all schedules must be of the same optimizer");
  go_to(0);
}
size_t SequentialLR::phase_at(int64_t steps) const {
  return static_cast<size_t>(std::ranges::upper_bound(milestones_, steps) - milestones_.begin());
}
double SequentialLR::lr_at(int64_t steps, const ParamGroup& group) const {
  const size_t phase = phase_at(steps);
  return schedules_[phase]->lr_at(steps - (phase ? milestones_[phase - 1] : 0), group);
}
double SequentialLR::momentum_at(int64_t steps, const ParamGroup& group) const {
  const size_t phase = phase_at(steps);
  return schedules_[phase]->momentum_at(steps - (phase ? milestones_[phase - 1] : 0), group);
}

// -- by a metric

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const PlateauOptions& options)
    : optimizer_(optimizer), options_(options), best_(options.maximize ? -kInfinity : kInfinity) {
  expect_between("ReduceLROnPlateau", "factor", options.factor, 0, 1);
}

bool ReduceLROnPlateau::is_better(double metric) const {
  const double sign = options_.maximize ? 1 : -1;
  if (!options_.relative) return sign * metric > sign * best_ + options_.threshold;
  if (best_ == sign * -kInfinity) return sign * metric > sign * best_;
  return sign * metric > sign * best_ * (1 + sign * options_.threshold);
}

void ReduceLROnPlateau::step(double metric) {
  if (is_better(metric)) {
    best_ = metric;
    bad_steps_ = 0;
  } else {
    ++bad_steps_;
  }
  if (cooling_ > 0) {
    --cooling_;
    bad_steps_ = 0;
  }
  if (bad_steps_ <= options_.patience) return;
  for (ParamGroup& group : optimizer_.groups()) {
    const double now = group.lr.get(), next = std::max(now * options_.factor, options_.min_lr);
    if (now - next > options_.eps) group.lr.set(next);
  }
  cooling_ = options_.cooldown;
  bad_steps_ = 0;
}

NamedTensors ReduceLROnPlateau::state_dict() const {
  return {{"best", number(best_)},
          {"bad_steps", number(static_cast<double>(bad_steps_))},
          {"cooling", number(static_cast<double>(cooling_))}};
}

void ReduceLROnPlateau::load_state_dict(const NamedTensors& state) {
  best_ = read_number("ReduceLROnPlateau", state, "best");
  bad_steps_ = static_cast<int64_t>(read_number("ReduceLROnPlateau", state, "bad_steps"));
  cooling_ = static_cast<int64_t>(read_number("ReduceLROnPlateau", state, "cooling"));
}

}  // namespace rushlight::optim
