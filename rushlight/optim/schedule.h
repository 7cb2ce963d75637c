// Schedules: how the learning rate changes from step to step. One is made beside its optimizer, and told of
// each step:
//
//   optim::CosineAnnealingLR schedule(optimizer, 1000);
//   ... optimizer.step(); schedule.step();
//
// A schedule is a formula of the number of steps, so one can go on from any of them. It starts from the rate
// that it finds, or that an earlier schedule of the optimizer found.
#pragma once

#include <concepts>
#include <memory>

#include "rushlight/optim/optimizer.h"

namespace rushlight::optim {

// One number for all groups of parameters, or one for each.
class PerGroup {
 public:
  PerGroup(double all) : values_{all} {}
  PerGroup(std::initializer_list<double> each) : values_(each) {}
  PerGroup(std::vector<double> each) : values_(std::move(each)) {}
  double of(size_t group) const;
  // Throws unless there is one for each of the optimizer's groups, and it is a number.
  void check(const char* schedule, const char* what, const Optimizer& optimizer) const;

 private:
  std::vector<double> values_;
};

class Schedule {
 public:
  virtual ~Schedule() = default;

  void step() { go_to(steps_ + 1); }
  // As if so many steps had been made.
  void go_to(int64_t steps);
  int64_t steps() const { return steps_; }

  NamedTensors state_dict() const;
  void load_state_dict(const NamedTensors& state);

 protected:
  // Derived classes call go_to(0) once they are made.
  explicit Schedule(Optimizer& optimizer) : optimizer_(optimizer) {}
  Optimizer& optimizer() const { return optimizer_; }
  double initial_lr(size_t group) const { return *optimizer_.groups()[group].initial_lr; }

 private:
  friend class SequentialLR;
  // The group's learning rate after so many steps.
  virtual double lr_at(int64_t steps, size_t group) const = 0;
  virtual double momentum_at(int64_t /*steps*/, size_t group) const {
    return optimizer_.groups()[group].momentum.get();
  }

  Optimizer& optimizer_;
  int64_t steps_ = 0;
};

// lr * function(steps), by one function for all groups, or one for each.
class LambdaLR : public Schedule {
 public:
  template <std::invocable<int64_t>... F>
    requires(sizeof...(F) > 0)
  explicit LambdaLR(Optimizer& optimizer, F... functions) : Schedule(optimizer) {
    (factors_.push_back(std::make_unique<Of<F>>(std::move(functions))), ...);
    begin();
  }

 private:
  struct Factor {
    virtual ~Factor() = default;
    virtual double at(int64_t steps) = 0;
  };
  template <class F>
  struct Of final : Factor {
    explicit Of(F f) : function(std::move(f)) {}
    double at(int64_t steps) override { return static_cast<double>(function(steps)); }
    F function;
  };
  void begin();
  double lr_at(int64_t steps, size_t group) const override;

  std::vector<std::unique_ptr<Factor>> factors_;
};

struct DecayOptions {
  double gamma = 0.1;
};

// Times gamma every step_size steps.
class StepLR : public Schedule {
 public:
  StepLR(Optimizer& optimizer, int64_t step_size, const DecayOptions& options = {});

 private:
  double lr_at(int64_t steps, size_t group) const override;
  int64_t step_size_;
  double gamma_;
};

// Times gamma at each of the milestones.
class MultiStepLR : public Schedule {
 public:
  MultiStepLR(Optimizer& optimizer, std::vector<int64_t> milestones, const DecayOptions& options = {});

 private:
  double lr_at(int64_t steps, size_t group) const override;
  std::vector<int64_t> milestones_;
  double gamma_;
};

// Times gamma each step.
class ExponentialLR : public Schedule {
 public:
  ExponentialLR(Optimizer& optimizer, double gamma);

 private:
  double lr_at(int64_t steps, size_t group) const override;
  double gamma_;
};

struct ConstantOptions {
  double factor = 1.0 / 3;
  int64_t total_iters = 5;
};

// Times factor until total_iters, then as it is.
class ConstantLR : public Schedule {
 public:
  explicit ConstantLR(Optimizer& optimizer, const ConstantOptions& options = {});

 private:
  double lr_at(int64_t steps, size_t group) const override;
  ConstantOptions options_;
};

struct LinearOptions {
  double start_factor = 1.0 / 3, end_factor = 1.0;
  int64_t total_iters = 5;
};

// From start_factor to end_factor in a straight line: a warmup.
class LinearLR : public Schedule {
 public:
  explicit LinearLR(Optimizer& optimizer, const LinearOptions& options = {});

 private:
  double lr_at(int64_t steps, size_t group) const override;
  LinearOptions options_;
};

struct CosineOptions {
  double eta_min = 0;
};

// Down half a wave of a cosine in T_max steps.
class CosineAnnealingLR : public Schedule {
 public:
  CosineAnnealingLR(Optimizer& optimizer, int64_t T_max, const CosineOptions& options = {});

 private:
  double lr_at(int64_t steps, size_t group) const override;
  int64_t T_max_;
  double eta_min_;
};

struct WarmRestartOptions {
  int64_t T_mult = 1;  // each wave is so many times as long as the last
  double eta_min = 0;
};

// The same again and again, from the top each time.
class CosineAnnealingWarmRestarts : public Schedule {
 public:
  CosineAnnealingWarmRestarts(Optimizer& optimizer, int64_t T_0, const WarmRestartOptions& options = {});

 private:
  double lr_at(int64_t steps, size_t group) const override;
  int64_t T_0_, T_mult_;
  double eta_min_;
};

struct OneCycleOptions {
  double pct_start = 0.3;  // the share of the steps that go up
  bool cosine = true;      // or straight lines
  bool cycle_momentum = true;
  PerGroup base_momentum = 0.85, max_momentum = 0.95;
  double div_factor = 25;         // how far below the top it starts
  double final_div_factor = 1e4;  // how far below the start it ends
  bool three_phase = false;       // down to the start as it went up, then further
};

// Up and far down again in total_steps, the momentum the other way round.
class OneCycleLR : public Schedule {
 public:
  OneCycleLR(Optimizer& optimizer, const PerGroup& max_lr, int64_t total_steps,
             const OneCycleOptions& options = {});

 private:
  double lr_at(int64_t steps, size_t group) const override;
  double momentum_at(int64_t steps, size_t group) const override;
  void check() const;
  double between(int64_t steps, double start, double top, double end) const;

  PerGroup max_lr_;
  int64_t total_steps_;
  OneCycleOptions options_;
};

// One schedule after the other: the next begins at its milestone.
class SequentialLR : public Schedule {
 public:
  // SequentialLR(optimizer, {10}, LinearLR(optimizer, ...), CosineAnnealingLR(optimizer, ...))
  template <std::derived_from<Schedule>... Schedules>
  SequentialLR(Optimizer& optimizer, std::vector<int64_t> milestones, Schedules... schedules)
      : Schedule(optimizer), milestones_(std::move(milestones)) {
    (schedules_.push_back(std::make_unique<Schedules>(std::move(schedules))), ...);
    begin();
  }

 private:
  void begin();
  double lr_at(int64_t steps, size_t group) const override;
  double momentum_at(int64_t steps, size_t group) const override;
  size_t phase_at(int64_t steps) const;

  std::vector<int64_t> milestones_;
  std::vector<std::unique_ptr<Schedule>> schedules_;
};

struct PlateauOptions {
  bool maximize = false;  // the metric is to grow
  double factor = 0.1;
  int64_t patience = 10;    // so many steps without progress are borne
  double threshold = 1e-4;  // what counts as progress,
  bool relative = true;     // as a share of the best so far
  int64_t cooldown = 0;     // steps after a change in which nothing is counted
  PerGroup min_lr = 0;
  double eps = 1e-8;  // a smaller change is not made
};

// Times factor when a metric has stopped getting better. It looks at the metric, not at the number of steps.
class ReduceLROnPlateau {
 public:
  explicit ReduceLROnPlateau(Optimizer& optimizer, const PlateauOptions& options = {});
  void step(double metric);

  NamedTensors state_dict() const;
  void load_state_dict(const NamedTensors& state);

 private:
  bool is_better(double metric) const;

  Optimizer& optimizer_;
  PlateauOptions options_;
  double best_;
  int64_t bad_steps_ = 0, cooling_ = 0;
};

}  // namespace rushlight::optim
