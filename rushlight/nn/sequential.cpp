#include "rushlight/nn/sequential.h"

#include "rushlight/nn/activation.h"
#include "rushlight/nn/normalization.h"

namespace rushlight::nn {

namespace {

template <class M>
M* as(Step& step) {
  return dynamic_cast<M*>(step.module());
}

// A hook wants to see what lies between.
bool is_one_pass(Step& norm, Step& next) {
  return as<BatchNorm>(norm) && as<ReLU>(next) && !norm.module()->has_hooks() && !next.module()->has_hooks();
}

}  // namespace

Sequential::Sequential(const Sequential& other) : Layer(other) {
  for (const Entry& entry : other.steps_) steps_.push_back({entry.name, entry.step->copy()});
}

Sequential& Sequential::operator=(const Sequential& other) {
  if (this != &other) *this = Sequential(other);
  return *this;
}

void Sequential::add(std::string name, std::unique_ptr<Step> step) {
  expect_name(name);
  for (const Entry& entry : steps_)
    if (entry.name == name)
      fail(ErrorKind::value, "[nn] this Sequential has a step called \"", name, "\" already");
  steps_.push_back({std::move(name), std::move(step)});
}

Tensor Sequential::forward(Tensor x) const {
  for (size_t i = 0; i < steps_.size(); ++i) {
    Step& step = *steps_[i].step;
    if (i + 1 < steps_.size() && is_one_pass(step, *steps_[i + 1].step)) {
      x = as<BatchNorm>(step)->forward(x, {.relu = true});
      ++i;
    } else {
      x = step.run(x);
    }
  }
  return x;
}

Module& Sequential::operator[](int64_t i) const {
  const int64_t at = i < 0 ? i + size() : i;
  if (at < 0 || at >= size())
    fail(ErrorKind::index, "[nn] step ", i, " of a Sequential of ", size(), " steps does not exist");
  if (Module* module = steps_[static_cast<size_t>(at)].step->module()) return *module;
  fail(ErrorKind::type, "[nn] step ", i, " of this Sequential is a plain function, no module");
}

void Sequential::complain_kind(int64_t i, std::string_view wanted) const {
  fail(ErrorKind::type, "[nn] step ", i, " of this Sequential is a ", (*this)[i].kind(), ", not a ", wanted);
}

std::vector<Module::Child> Sequential::children() const {
  std::vector<Child> found;
  for (const Entry& entry : steps_)
    if (Module* module = entry.step->module()) found.push_back({entry.name, module});
  return found;
}

}  // namespace rushlight::nn
