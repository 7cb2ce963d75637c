#include "rushlight/nn/sequential.h"

#include <algorithm>

#include "rushlight/nn/activation.h"
#include "rushlight/nn/normalization.h"
#include "rushlight/nn/pooling.h"

namespace rushlight::nn {

namespace {

template <class M>
M* as(Step& step) {
  return dynamic_cast<M*>(step.module());
}

// A hook wants to see what lies between.
template <class Kind>
Kind* without_hooks(Step& step) {
  return step.module() && !step.module()->has_hooks() ? as<Kind>(step) : nullptr;
}

// The window of a pool that lays squares side by side, 1 for any other.
int64_t side_of_squares(Step& step) {
  const MaxPool2d* pool = without_hooks<MaxPool2d>(step);
  if (!pool) return 1;
  const auto all = [](const IntList& list, int64_t number) {
    return std::ranges::all_of(list, [&](int64_t each) { return each == number; });
  };
  const MaxPool2dOptions& o = pool->options();
  if (pool->kernel_size().empty() || pool->kernel_size().size() > 2) return 1;
  const int64_t side = pool->kernel_size()[0];
  const bool side_by_side = all(pool->kernel_size(), side) && (!o.stride || all(*o.stride, side)) &&
                            all(o.padding, 0) && all(o.dilation, 1) && !o.ceil_mode;
  return side_by_side ? side : 1;
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
    const auto next = [&](size_t n) { return i + n < steps_.size() ? steps_[i + n].step.get() : nullptr; };
    BatchNorm* norm = without_hooks<BatchNorm>(step);
    if (!norm || !next(1) || !without_hooks<ReLU>(*next(1))) {
      x = step.run(x);
      continue;
    }
    const int64_t pool = next(2) && x.rank() == 4 ? side_of_squares(*next(2)) : 1;
    x = norm->forward(x, {.relu = true, .max_pool = pool});
    i += pool > 1 ? 2 : 1;
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
