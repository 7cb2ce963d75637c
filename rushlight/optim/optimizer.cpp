#include "rushlight/optim/optimizer.h"

#include <algorithm>
#include <limits>

#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"
#include "rushlight/ops/clip_gradients.h"
#include "rushlight/ops/operators.h"
#include "rushlight/optim/clip.h"

namespace rushlight::optim {

namespace {

Tensor number(double value) { return full({}, value, {.dtype = DType::float64}); }

std::string param_key(size_t param, const char* what) { return join_text(param, ".", what); }
std::string group_key(size_t group, const char* what) { return join_text("group", group, ".", what); }

}  // namespace

void expect_between(const char* optimizer, const char* what, double value, double low, double high) {
  if (value >= low && value < high) return;
  if (high == std::numeric_limits<double>::infinity())
    fail(ErrorKind::value, "[", optimizer, "] ", what, " must be at least ", low, ", not ", value);
  fail(ErrorKind::value, "[", optimizer, "] ", what, " must be at least ", low, " and below ", high, ", not ",
       value);
}

void Optimizer::add_group(std::vector<Tensor> params, double lr, double momentum) {
  if (params.empty()) fail(ErrorKind::value, "[", name_, "] there are no parameters to train");
  std::vector<Tensor> before = parameters();
  for (const Tensor& param : params) {
    if (!param.is_leaf())
      fail(ErrorKind::value, "[", name_, "] ", param, " is the result of an op; only leaves can be trained");
    if (!param.is_floating_point())
      fail(ErrorKind::type, "[", name_, "] ", param, " is no floating point tensor and can not be trained");
    if (std::ranges::any_of(before, [&](const Tensor& other) { return other.is_same(param); }))
      fail(ErrorKind::value, "[", name_, "] ", param, " is given twice");
    before.push_back(param);
  }
  groups_.push_back({std::move(params), lr, momentum});
  cohorts_.emplace_back();
  with_momentum_.push_back(false);
}

std::vector<Tensor> Optimizer::parameters() const {
  std::vector<Tensor> all;
  for (const ParamGroup& group : groups_) all.insert(all.end(), group.params.begin(), group.params.end());
  return all;
}

void Optimizer::set_lr(double lr) {
  for (ParamGroup& group : groups_) group.lr.set(lr);
}

void Optimizer::zero_grad() {
  for (const ParamGroup& group : groups_)
    for (const Tensor& param : group.params) param.set_grad({});
}

void Optimizer::step() { step_scaled_by({}); }

Tensor Optimizer::clipped_step(double max_norm) {
  NoGrad guard;
  const Tensor norm = get_total_norm(grads_of(parameters()));
  step_scaled_by(clip_factor(norm, max_norm));
  return norm;
}

void Optimizer::step_scaled_by(const Tensor& grad_factor) {
  NoGrad guard;
  for (size_t group = 0; group < groups_.size(); ++group) {
    gather(group);
    for (Cohort& cohort : cohorts_[group])
      if (!cohort.grads.empty()) {
        update(group, cohort, grad_factor);
        cohort.grads.clear();  // no gradient lives longer for our sake
      }
  }
}

std::vector<Tensor> Optimizer::Cohort::scaled_grads(const Tensor& factor) const {
  std::vector<Tensor> scaled = grads;
  if (factor.defined())
    for (Tensor& grad : scaled) grad = (grad * factor).to(grad.dtype());
  return scaled;
}

// Hands each cohort its gradients, and makes one of the parameters that have none yet.
void Optimizer::gather(size_t group) {
  const std::vector<Tensor>& params = groups_[group].params;
  std::vector<Cohort>& cohorts = cohorts_[group];
  if (groups_[group].momentum.get() != 0 && !with_momentum_[group]) {
    with_momentum_[group] = true;
    for (Cohort& cohort : cohorts) remember(cohort, names_of(group).size(), 0);
  }
  size_t members = 0;
  for (size_t c = 0, before = cohorts.size(); c < before; ++c) {
    members += cohorts[c].which.size();
    for (const Tensor& param : cohorts[c].params)
      if (Tensor grad = param.grad(); grad.defined()) cohorts[c].grads.push_back(std::move(grad));
    if (!cohorts[c].grads.empty() && cohorts[c].grads.size() < cohorts[c].which.size()) part(group, c);
  }
  if (members == params.size()) return;

  std::vector<bool> known(params.size());
  for (const Cohort& cohort : cohorts)
    for (size_t i : cohort.which) known[i] = true;
  std::vector<size_t> fresh;
  for (size_t i = 0; i < params.size(); ++i)
    if (!known[i] && params[i].grad().defined()) fresh.push_back(i);
  if (fresh.empty()) return;
  cohorts.push_back(begin(group, fresh));
  for (size_t i : fresh) cohorts.back().grads.push_back(params[i].grad());
}

// Members of a cohort without a gradient leave it: they make a step less.
void Optimizer::part(size_t group, size_t at) {
  Cohort all = std::move(cohorts_[group][at]), goes, stays;
  goes.grads = std::move(all.grads);
  goes.steps = all.steps.clone(), stays.steps = all.steps;
  goes.states.resize(all.states.size()), stays.states.resize(all.states.size());
  for (size_t i = 0; i < all.which.size(); ++i) {
    Cohort& side = all.params[i].grad().defined() ? goes : stays;
    side.which.push_back(all.which[i]), side.params.push_back(all.params[i]);
    for (size_t k = 0; k < all.states.size(); ++k) side.states[k].push_back(all.states[k][i]);
  }
  cohorts_[group][at] = std::move(goes);
  cohorts_[group].push_back(std::move(stays));
}

// A new cohort.
Optimizer::Cohort Optimizer::begin(size_t group, const std::vector<size_t>& which) const {
  Cohort cohort;
  cohort.which = which;
  cohort.steps = full({}, 0.0, {.dtype = DType::float32});
  for (size_t i : which) cohort.params.push_back(groups_[group].params[i]);
  remember(cohort, names_of(group).size(), first_memory(group));
  return cohort;
}

// Has the cohort keep so many memories of each parameter.
void Optimizer::remember(Cohort& cohort, size_t memories, double first) {
  while (cohort.states.size() < memories) {
    std::vector<Tensor>& states = cohort.states.emplace_back();
    for (const Tensor& param : cohort.params) states.push_back(full_like(param, first));
  }
}

// -- state

NamedTensors Optimizer::state_dict() const {
  NamedTensors state;
  size_t first = 0;  // of the group, among all parameters
  for (size_t g = 0; g < groups_.size(); ++g) {
    state.push_back({group_key(g, "lr"), number(groups_[g].lr.get())});
    state.push_back({group_key(g, "momentum"), number(groups_[g].momentum.get())});
    if (groups_[g].initial_lr) state.push_back({group_key(g, "initial_lr"), number(*groups_[g].initial_lr)});
    const std::vector<const char*> names = names_of(g);
    for (const Cohort& cohort : cohorts_[g])
      for (size_t i = 0; i < cohort.which.size(); ++i) {
        state.push_back({param_key(first + cohort.which[i], "step"), cohort.steps});
        for (size_t k = 0; k < names.size(); ++k)
          state.push_back({param_key(first + cohort.which[i], names[k]), cohort.states[k][i]});
      }
    first += groups_[g].params.size();
  }
  return state;
}

// Whether the state was kept while there was a momentum. `first` is the group's, among all parameters.
bool Optimizer::knows_momentum(const NamedTensors& state, size_t group, size_t first) const {
  const std::vector<const char*> names = memories(group, true);
  for (size_t i = 0; i < groups_[group].params.size(); ++i)
    if (!names.empty() && find_tensor(state, param_key(first + i, names.back()))) return true;
  return false;
}

void Optimizer::load_state_dict(const NamedTensors& state) {
  NoGrad guard;
  std::vector<std::string> wanted, misshaped;
  std::vector<std::vector<Cohort>> loaded(groups_.size());
  std::vector<bool> with_momentum(groups_.size());
  size_t first = 0;
  for (size_t g = 0; g < groups_.size(); ++g) {
    for (const char* what : {"lr", "momentum"}) wanted.push_back(group_key(g, what));
    if (find_tensor(state, group_key(g, "initial_lr"))) wanted.push_back(group_key(g, "initial_lr"));
    with_momentum[g] = knows_momentum(state, g, first);
    const std::vector<const char*> names = memories(g, with_momentum[g]);
    for (size_t i = 0; i < groups_[g].params.size(); ++i) {
      const Tensor* steps = find_tensor(state, param_key(first + i, "step"));
      if (!steps) continue;  // it had no gradient yet
      if (steps->numel() != 1)
        fail(ErrorKind::runtime, "[", name_, "] a number of steps is one number, not ", *steps);
      Cohort& cohort = cohort_at(loaded[g], steps->item<double>(), names.size());
      wanted.push_back(param_key(first + i, "step"));
      cohort.which.push_back(i), cohort.params.push_back(groups_[g].params[i]);
      for (size_t k = 0; k < names.size(); ++k) {
        wanted.push_back(param_key(first + i, names[k]));
        Tensor copy = full_like(groups_[g].params[i], 0.0);
        if (const Tensor* given = find_tensor(state, wanted.back())) {
          if (std::ranges::equal(given->shape(), copy.shape()))
            copy.copy_(*given);
          else
            misshaped.push_back(wanted.back());
        }
        cohort.states[k].push_back(copy);
      }
    }
    first += groups_[g].params.size();
  }
  complain(state, wanted, misshaped);
  for (size_t g = 0; g < groups_.size(); ++g) {
    groups_[g].lr.set(find_tensor(state, group_key(g, "lr"))->item<double>());
    groups_[g].momentum.set(find_tensor(state, group_key(g, "momentum"))->item<double>());
    if (const Tensor* initial_lr = find_tensor(state, group_key(g, "initial_lr")))
      groups_[g].initial_lr = initial_lr->item<double>();
  }
  cohorts_ = std::move(loaded), with_momentum_ = std::move(with_momentum);
}

// The cohort that has made so many steps; a new one if there is none.
Optimizer::Cohort& Optimizer::cohort_at(std::vector<Cohort>& cohorts, double steps, size_t memories) {
  for (Cohort& cohort : cohorts)
    if (cohort.steps.item<double>() == steps) return cohort;
  Cohort& made = cohorts.emplace_back();
  made.steps = full({}, steps, {.dtype = DType::float32});
  made.states.resize(memories);
  return made;
}

void Optimizer::complain(const NamedTensors& state, const std::vector<std::string>& wanted,
                         const std::vector<std::string>& misshaped) const {
  std::string text;
  for (const std::string& name : misshaped) text += "\n  Its parameter has another shape: \"" + name + "\".";
  for (const std::string& name : wanted)
    if (!find_tensor(state, name)) text += "\n  Missing: \"" + name + "\".";
  for (const NamedTensor& named : state)
    if (std::ranges::find(wanted, named.name) == wanted.end())
      text += "\n  Unexpected: \"" + named.name + "\".";
  if (!text.empty()) fail(ErrorKind::runtime, "[load_state_dict] this does not fit ", name_, ":", text);
}

}  // namespace rushlight::optim
