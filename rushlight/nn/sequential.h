// Modules in a row, in a list, by name. They own what they hold.
#pragma once

#include "rushlight/nn/layer.h"

namespace rushlight::nn {

// One step of a Sequential: a layer, or anything else that makes a tensor of a tensor.
class Step {
 public:
  virtual ~Step() = default;
  virtual Tensor run(const Tensor& x) = 0;
  virtual std::unique_ptr<Step> copy() const = 0;
  virtual Module* module() = 0;  // null: a plain function

  template <class F>
  static std::unique_ptr<Step> of(F function);
};

// What comes out of one goes into the next: nn::Sequential(nn::Linear(2, 8), nn::ReLU(), nn::Linear(8, 1)).
// Functions may stand between, `[](const Tensor& x) { return x.flatten(); }`. A ReLU behind a batch norm is
// computed with it, and so is a max pool behind that.
class Sequential : public Layer<Sequential> {
 public:
  Sequential() = default;
  template <class First, class... Rest>
    requires(!std::is_same_v<std::remove_cvref_t<First>, Sequential> || sizeof...(Rest) > 0)
  explicit Sequential(First first, Rest... rest) {
    push_back(std::move(first));
    (push_back(std::move(rest)), ...);
  }
  Sequential(const Sequential& other);
  Sequential(Sequential&& other) = default;  // NOLINT(performance-noexcept-move-constructor): as a module's
  Sequential& operator=(const Sequential& other);
  Sequential& operator=(Sequential&& other) = default;

  template <class F>
    requires std::is_invocable_r_v<Tensor, F&, const Tensor&>
  Sequential& push_back(F step) {
    return push_back(std::to_string(steps_.size()), std::move(step));
  }
  template <class F>
    requires std::is_invocable_r_v<Tensor, F&, const Tensor&>
  Sequential& push_back(std::string name, F step) {
    add(std::move(name), Step::of(std::move(step)));
    return *this;
  }
  int64_t size() const { return static_cast<int64_t>(steps_.size()); }
  Module& operator[](int64_t i) const;  // counts from the end where negative
  template <class M>
  M& at(int64_t i) const {
    if (M* module = dynamic_cast<M*>(&(*this)[i])) return *module;
    complain_kind(i, short_name<M>());
  }

  Tensor forward(Tensor x) const;
  std::vector<Child> children() const override;

 private:
  struct Entry {
    std::string name;
    std::unique_ptr<Step> step;
  };
  void add(std::string name, std::unique_ptr<Step> step);
  [[noreturn]] void complain_kind(int64_t i, std::string_view wanted) const;

  std::vector<Entry> steps_;
};

// Children of one kind, called by hand: for (const Block& block : blocks) x = block(x);
template <std::derived_from<Module> M>
class ModuleList : public Layer<ModuleList<M>> {
 public:
  ModuleList() = default;
  // make(i) for each of the `count`.
  template <class Make>
    requires std::is_invocable_r_v<M, Make&, int64_t>
  ModuleList(int64_t count, Make make) {
    modules_.reserve(static_cast<size_t>(std::max<int64_t>(count, 0)));
    for (int64_t i = 0; i < count; ++i) modules_.push_back(make(i));
  }
  void push_back(M module) { modules_.push_back(std::move(module)); }
  int64_t size() const { return static_cast<int64_t>(modules_.size()); }
  M& operator[](int64_t i) { return modules_.at(static_cast<size_t>(i)); }
  const M& operator[](int64_t i) const { return modules_.at(static_cast<size_t>(i)); }
  auto begin() { return modules_.begin(); }
  auto end() { return modules_.end(); }
  auto begin() const { return modules_.begin(); }
  auto end() const { return modules_.end(); }

  std::vector<Module::Child> children() const override {
    std::vector<Module::Child> found;
    for (size_t i = 0; i < modules_.size(); ++i)
      found.push_back({std::to_string(i), const_cast<M*>(&modules_[i])});
    return found;
  }

 private:
  bool counts_equal_children() const override { return true; }

  std::vector<M> modules_;
};

// Children by name, in the order in which they came.
template <std::derived_from<Module> M>
class ModuleDict : public Layer<ModuleDict<M>> {
 public:
  struct Entry {
    std::string name;
    M module;
  };

  ModuleDict() = default;
  void set(std::string name, M module) {
    this->expect_name(name);
    if (M* there = find(name))
      *there = std::move(module);
    else
      entries_.push_back({std::move(name), std::move(module)});
  }
  M* find(std::string_view name) {
    for (Entry& entry : entries_)
      if (entry.name == name) return &entry.module;
    return nullptr;
  }
  M& operator[](std::string_view name) {
    if (M* module = find(name)) return *module;
    fail(ErrorKind::index, "[nn] this ModuleDict has no \"", name, "\"");
  }
  int64_t size() const { return static_cast<int64_t>(entries_.size()); }
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

  std::vector<Module::Child> children() const override {
    std::vector<Module::Child> found;
    for (const Entry& entry : entries_) found.push_back({entry.name, const_cast<M*>(&entry.module)});
    return found;
  }

 private:
  std::vector<Entry> entries_;
};

template <class F>
std::unique_ptr<Step> Step::of(F function) {
  struct Held final : Step {
    explicit Held(F f) : step(std::move(f)) {}
    Tensor run(const Tensor& x) override { return step(x); }
    std::unique_ptr<Step> copy() const override { return std::make_unique<Held>(step); }
    Module* module() override {
      if constexpr (std::derived_from<F, Module>)
        return &step;
      else
        return nullptr;
    }
    F step;
  };
  return std::make_unique<Held>(std::move(function));
}

}  // namespace rushlight::nn
