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

void expect_finite(const char* schedule, const char* what, double value) {
  if (!std::isfinite(value))
    fail(ErrorKind::value, "[", schedule, "] ", what, " must be a number, not ", value);
}

void expect_above_zero(const char* schedule, const char* what, double value) {
  expect_finite(schedule, what, value);
  if (!(value > 0)) fail(ErrorKind::value, "[", schedule, "] ", what, " must be above 0, not ", value);
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

// What a schedule has for the group, of as many as there were groups when it was made, or of one for all.
template <class T>
const T& for_group(const char* what, const std::vector<T>& each, size_t group) {
  if (each.size() == 1) return each[0];
  if (group >= each.size())
    fail(ErrorKind::value, "[Schedule] has a ", what, " for each of ", each.size(),
         " groups of parameters, and none for group ", group,
         ", which was added later; make the schedule after all groups");
  return each[group];
}

}  // namespace

double PerGroup::of(size_t group) const { return for_group("number", values_, group); }

void PerGroup::check(const char* schedule, const char* what, const Optimizer& optimizer) const {
  const size_t groups = optimizer.groups().size();
  if (values_.size() != 1 && values_.size() != groups)
    fail(ErrorKind::value, "[", schedule, "] ", what, " is one number, or one for each of the ", groups,
         " groups of parameters, not ", values_.size());
  for (double value : values_) expect_finite(schedule, what, value);
}

void Schedule::go_to(int64_t steps) {
  if (steps < 0) fail(ErrorKind::value, "[Schedule] ", steps, " is no number of steps");
  steps_ = steps;
  std::vector<ParamGroup>& groups = optimizer_.groups();
  for (size_t g = 0; g < groups.size(); ++g) {
    if (!groups[g].initial_lr) groups[g].initial_lr = groups[g].lr.get();
    groups[g].lr.set(lr_at(steps, g));
    groups[g].momentum.set(momentum_at(steps, g));
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

void LambdaLR::begin() {
  const size_t groups = optimizer().groups().size();
  if (factors_.size() != 1 && factors_.size() != groups)
    fail(ErrorKind::value, "[LambdaLR] needs one function, or one for each of the ", groups,
         " groups of parameters, not ", factors_.size());
  go_to(0);
}
double LambdaLR::lr_at(int64_t steps, size_t group) const {
  return initial_lr(group) * for_group("function", factors_, group)->at(steps);
}

StepLR::StepLR(Optimizer& optimizer, int64_t step_size, const DecayOptions& options)
    : Schedule(optimizer), step_size_(step_size), gamma_(options.gamma) {
  expect_steps("StepLR", "step_size", step_size);
  expect_finite("StepLR", "gamma", gamma_);
  go_to(0);
}
double StepLR::lr_at(int64_t steps, size_t group) const {
  return initial_lr(group) * power(gamma_, steps / step_size_);
}

MultiStepLR::MultiStepLR(Optimizer& optimizer, std::vector<int64_t> milestones, const DecayOptions& options)
    : Schedule(optimizer), milestones_(std::move(milestones)), gamma_(options.gamma) {
  std::ranges::sort(milestones_);
  if (!milestones_.empty() && milestones_[0] < 0)
    fail(ErrorKind::value, "[MultiStepLR] milestones are numbers of steps, not ", milestones_[0]);
  expect_finite("MultiStepLR", "gamma", gamma_);
  go_to(0);
}
double MultiStepLR::lr_at(int64_t steps, size_t group) const {
  const auto passed = std::ranges::upper_bound(milestones_, steps) - milestones_.begin();
  return initial_lr(group) * power(gamma_, passed);
}

ExponentialLR::ExponentialLR(Optimizer& optimizer, double gamma) : Schedule(optimizer), gamma_(gamma) {
  expect_finite("ExponentialLR", "gamma", gamma);
  go_to(0);
}
double ExponentialLR::lr_at(int64_t steps, size_t group) const {
  return initial_lr(group) * power(gamma_, steps);
}

// -- warmups

ConstantLR::ConstantLR(Optimizer& optimizer, const ConstantOptions& options)
    : Schedule(optimizer), options_(options) {
  if (!(options.factor >= 0 && options.factor <= 1))
    fail(ErrorKind::value, "[ConstantLR] factor must be between 0 and 1, not ", options.factor);
  go_to(0);
}
double ConstantLR::lr_at(int64_t steps, size_t group) const {
  return steps < options_.total_iters ? initial_lr(group) * options_.factor : initial_lr(group);
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
double LinearLR::lr_at(int64_t steps, size_t group) const {
  const double share = share_of(std::min(steps, options_.total_iters), options_.total_iters);
  return initial_lr(group) * (options_.start_factor + (options_.end_factor - options_.start_factor) * share);
}

// -- waves

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, int64_t T_max, const CosineOptions& options)
    : Schedule(optimizer), T_max_(T_max), eta_min_(options.eta_min) {
  expect_steps("CosineAnnealingLR", "T_max", T_max);
  expect_finite("CosineAnnealingLR", "eta_min", eta_min_);
  go_to(0);
}
double CosineAnnealingLR::lr_at(int64_t steps, size_t group) const {
  return along_cosine(initial_lr(group), eta_min_, share_of(steps, T_max_));
}

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(Optimizer& optimizer, int64_t T_0,
                                                         const WarmRestartOptions& options)
    : Schedule(optimizer), T_0_(T_0), T_mult_(options.T_mult), eta_min_(options.eta_min) {
  expect_steps("CosineAnnealingWarmRestarts", "T_0", T_0);
  expect_steps("CosineAnnealingWarmRestarts", "T_mult", T_mult_);
  expect_finite("CosineAnnealingWarmRestarts", "eta_min", eta_min_);
  go_to(0);
}
double CosineAnnealingWarmRestarts::lr_at(int64_t steps, size_t group) const {
  int64_t length = T_0_;
  if (T_mult_ == 1) steps %= length;
  for (; steps >= length; length *= T_mult_) steps -= length;
  return along_cosine(initial_lr(group), eta_min_, share_of(steps, length));
}

OneCycleLR::OneCycleLR(Optimizer& optimizer, const PerGroup& max_lr, int64_t total_steps,
                       const OneCycleOptions& options)
    : Schedule(optimizer), max_lr_(max_lr), total_steps_(total_steps), options_(options) {
  check();
  // What a schedule that comes later starts from.
  for (size_t g = 0; g < optimizer.groups().size(); ++g)
    optimizer.groups()[g].initial_lr = max_lr.of(g) / options.div_factor;
  go_to(0);
}
void OneCycleLR::check() const {
  expect_steps("OneCycleLR", "total_steps", total_steps_);
  const double pct = options_.pct_start;
  if (!(pct >= 0 && pct <= 1))
    fail(ErrorKind::value, "[OneCycleLR] pct_start is a share between 0 and 1, not ", pct);
  if (pct * static_cast<double>(total_steps_) == 1)
    fail(ErrorKind::value, "[OneCycleLR] a pct_start of ", pct, " is one step of ", total_steps_,
         ", which leaves none on the way up; use a larger share");
  max_lr_.check("OneCycleLR", "max_lr", optimizer());
  expect_above_zero("OneCycleLR", "div_factor", options_.div_factor);
  expect_above_zero("OneCycleLR", "final_div_factor", options_.final_div_factor);
  if (!options_.cycle_momentum) return;
  if (!optimizer().has_momentum())
    fail(ErrorKind::value, "[OneCycleLR] ", optimizer().name(),
         " has no momentum to cycle; say .cycle_momentum = false");
  options_.base_momentum.check("OneCycleLR", "base_momentum", optimizer());
  options_.max_momentum.check("OneCycleLR", "max_momentum", optimizer());
}
// `start` at the first step, `top` after a share of them, `end` at the last.
double OneCycleLR::between(int64_t steps, double start, double top, double end) const {
  if (steps > total_steps_)
    fail(ErrorKind::value, "[OneCycleLR] step ", steps, " of a schedule of ", total_steps_, " steps");
  const double last = static_cast<double>(total_steps_) - 1, now = static_cast<double>(steps);
  const double up = options_.pct_start * static_cast<double>(total_steps_) - 1;
  const double down = options_.three_phase ? 2 * up : last;
  const auto part = [&](double from, double to, double begin, double finish) {
    const double share = begin == finish ? 1 : (now - begin) / (finish - begin);
    return options_.cosine ? along_cosine(from, to, share) : from + (to - from) * share;
  };
  if (now <= up) return part(start, top, 0, up);
  if (!options_.three_phase) return part(top, end, up, last);
  return now <= down ? part(top, start, up, down) : part(start, end, down, last);
}
double OneCycleLR::lr_at(int64_t steps, size_t group) const {
  const double top = max_lr_.of(group), start = top / options_.div_factor;
  return between(steps, start, top, start / options_.final_div_factor);
}
double OneCycleLR::momentum_at(int64_t steps, size_t group) const {
  if (!options_.cycle_momentum) return optimizer().groups()[group].momentum.get();
  const double most = options_.max_momentum.of(group);
  return between(steps, most, options_.base_momentum.of(group), most);
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
double SequentialLR::lr_at(int64_t steps, size_t group) const {
  const size_t phase = phase_at(steps);
  return schedules_[phase]->lr_at(steps - (phase ? milestones_[phase - 1] : 0), group);
}
double SequentialLR::momentum_at(int64_t steps, size_t group) const {
  const size_t phase = phase_at(steps);
  return schedules_[phase]->momentum_at(steps - (phase ? milestones_[phase - 1] : 0), group);
}

// -- by a metric

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const PlateauOptions& options)
    : optimizer_(optimizer), options_(options), best_(options.maximize ? -kInfinity : kInfinity) {
  expect_between("ReduceLROnPlateau", "factor", options.factor, 0, 1);
  options.min_lr.check("ReduceLROnPlateau", "min_lr", optimizer);
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
  std::vector<ParamGroup>& groups = optimizer_.groups();
  for (size_t g = 0; g < groups.size(); ++g) {
    const double now = groups[g].lr.get(), next = std::max(now * options_.factor, options_.min_lr.of(g));
    if (now - next > options_.eps) groups[g].lr.set(next);
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
