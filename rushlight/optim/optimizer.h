// Optimizer: walks over parameters and their gradients, and keeps what an algorithm remembers of each.
//
//   optim::AdamW optimizer(model.parameters(), {.lr = 3e-4});
//   loss.backward();
//   optimizer.step();
//   optimizer.zero_grad();
#pragma once

#include <optional>
#include <vector>

#include "rushlight/core/named_tensors.h"

namespace rushlight::optim {

// Parameters with settings of their own. Schedules turn the slots; replays of a trace read them anew
// (but whether there is a momentum at all, SGD and RMSprop decide when the step is recorded).
struct ParamGroup {
  std::vector<Tensor> params;
  Slot lr, momentum;                   // Adam's momentum is its beta1
  std::optional<double> initial_lr{};  // what schedules start from; the first one notes it
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // One step along the gradients there are; a parameter without one stays as it is.
  void step();
  // The same along gradients that are scaled on the way, so that their common norm is at most max_norm;
  // returns what it was. The gradients themselves stay as they are (clip_grad_norm_ changes them).
  Tensor clipped_step(double max_norm);
  // Takes the gradients away, so that the next backward begins anew.
  void zero_grad();

  std::vector<ParamGroup>& groups() { return groups_; }
  const std::vector<ParamGroup>& groups() const { return groups_; }
  std::vector<Tensor> parameters() const;
  double lr() const { return groups_.at(0).lr.get(); }
  void set_lr(double lr);  // of all groups
  const char* name() const { return name_; }
  virtual bool has_momentum() const = 0;  // whether there is one to be turned; it may be 0

  // What must be kept to go on later: "0.exp_avg" is of the first parameter, "group0.lr" of the first group.
  NamedTensors state_dict() const;
  // Throws with a list of what does not fit, and changes nothing then.
  void load_state_dict(const NamedTensors& state);

 protected:
  // The name says who complains.
  explicit Optimizer(const char* name) : name_(name) {}
  void add_group(std::vector<Tensor> params, double lr, double momentum);

  // Parameters of one group that have made the same number of steps, and what is remembered of each:
  // states[k][i] is the k-th memory of params[i].
  struct Cohort {
    std::vector<size_t> which;  // among the group's params
    std::vector<Tensor> params, grads;
    std::vector<std::vector<Tensor>> states;
    Tensor steps;  // float32, one number

    std::vector<Tensor> scaled_grads(const Tensor& factor) const;
  };
  // Moves the parameters of the cohort, all of which have gradients, to be multiplied by the factor if that
  // is defined. `steps` does not yet count this step; whoever does not leave that to an op of the engine
  // counts by hand.
  virtual void update(size_t group, Cohort& cohort, const Tensor& grad_factor) = 0;
  // The names of what the algorithm remembers of each parameter of a group. Of what it needs only once there
  // has been a momentum, the name comes last.
  virtual std::vector<const char*> memories(size_t group, bool with_momentum) const = 0;
  virtual double first_memory(size_t /*group*/) const { return 0; }

 private:
  void step_scaled_by(const Tensor& grad_factor);
  void gather(size_t group);
  void part(size_t group, size_t cohort);
  Cohort begin(size_t group, const std::vector<size_t>& which) const;
  std::vector<const char*> names_of(size_t group) const { return memories(group, with_momentum_[group]); }
  bool knows_momentum(const NamedTensors& state, size_t group, size_t first) const;
  static void remember(Cohort& cohort, size_t memories, double first);
  static Cohort& cohort_at(std::vector<Cohort>& cohorts, double steps, size_t memories);
  void complain(const NamedTensors& state, const std::vector<std::string>& wanted,
                const std::vector<std::string>& misshaped) const;

  const char* name_;
  std::vector<ParamGroup> groups_;
  std::vector<std::vector<Cohort>> cohorts_;  // of each group
  std::vector<bool> with_momentum_;           // of each group: has there been one?
};

// An optimizer whose groups have these options, `lr` among them.
template <class Options>
class OptimizerWith : public Optimizer {
 public:
  const Options& options(size_t group = 0) const { return options_.at(group); }
  bool has_momentum() const override {
    return requires(Options o) { o.momentum; } || requires(Options o) { o.beta1; };
  }
  // More parameters, with settings of their own.
  void add_param_group(std::vector<Tensor> params, const Options& options) {
    check(options);
    check_params(params);
    add_group(std::move(params), options.lr, momentum_of(options));
    options_.push_back(options);
  }

 protected:
  using Optimizer::Optimizer;
  virtual void check(const Options& options) const = 0;  // throws at what makes no sense
  virtual void check_params(const std::vector<Tensor>&) const {}

 private:
  static double momentum_of(const Options& options) {
    if constexpr (requires { options.momentum; })
      return options.momentum;
    else if constexpr (requires { options.beta1; })
      return options.beta1;
    else
      return 0;
  }

  std::vector<Options> options_;
};

// Throws unless low <= value < high.
void expect_between(const char* optimizer, const char* what, double value, double low, double high);

}  // namespace rushlight::optim
