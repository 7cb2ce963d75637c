// Module: what every layer and every model is. It knows its parameters, buffers and children by name.
//
//   struct Net : nn::Layer<Net> {
//     nn::Linear hidden = child("hidden", nn::Linear(784, 128));
//     nn::Linear output = child("output", nn::Linear(128, 10));
//     Tensor forward(const Tensor& x) { return output(relu(hidden(x))); }
//   };
//
// child(), parameter() and buffer() give back what they are given, and the member tells the module where it
// came to live. Members are plain: no pointers, no macros. A module is copied with all that it owns.
#pragma once

#include <concepts>
#include <iosfwd>
#include <memory>

#include "rushlight/core/named_tensors.h"
#include "rushlight/nn/hooks.h"
#include "rushlight/nn/parameter.h"

namespace rushlight::nn {

struct LoadOptions {
  bool strict = true;  // a missing or an unexpected name is an error
};
struct LoadReport {
  std::vector<std::string> missing, unexpected;
};

class Module {
 public:
  struct Child {
    std::string name;
    Module* module;
  };

  virtual ~Module() = default;

  // -- what it is made of. A container says what it has on the heap.
  virtual std::vector<Child> children() const;
  std::vector<Child> modules() const;  // itself ("") and all below, "encoder.0.norm"
  Module& submodule(std::string_view path) const;
  NamedTensors named_parameters() const;  // a shared one once, by its first name
  NamedTensors named_buffers() const;
  std::vector<Tensor> parameters() const;
  std::vector<Tensor> buffers() const;
  int64_t count_parameters() const;
  // visit(module) of all below, then of itself.
  template <class Visit>
  void apply(Visit visit) {
    for (const Child& child : children()) child.module->apply(visit);
    visit(*this);
  }

  // -- modes
  virtual void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const { return training_; }
  void to(DType dtype);    // whatever is floating point
  void to(Device device);  // the host is the only one there is
  void requires_grad_(bool on = true);
  void zero_grad();

  // -- state: parameters and buffers, by PyTorch's names
  NamedTensors state_dict() const;
  // Copies numbers in, or throws with a list of all that does not fit and changes nothing.
  LoadReport load_state_dict(const NamedTensors& state, const LoadOptions& options = {});

  // -- hooks, see hooks.h. The number returned removes it.
  template <class F>
  int64_t register_forward_hook(F hook) {
    return hooks_.add_after(std::move(hook));
  }
  template <class F>
  int64_t register_forward_pre_hook(F hook) {
    return hooks_.add_before(std::move(hook));
  }
  void remove_hook(int64_t id) { hooks_.remove(id); }
  bool has_hooks() const { return !hooks_.empty(); }

  // -- in words
  virtual std::string_view kind() const = 0;          // "Linear"
  virtual std::string details() const { return {}; }  // "in_features=2, out_features=1, bias=True"
  std::string to_string() const;                      // the tree, as PyTorch prints it

 protected:
  Module() = default;
  Module(const Module& other) = default;
  Module(Module&& other);  // NOLINT(performance-noexcept-move-constructor): settling may fail
  Module& operator=(const Module& other);
  Module& operator=(Module&& other) noexcept;

  template <std::derived_from<Module> M>
  M child(std::string name, M module) {
    static_cast<Module&>(module).home_.set({this, std::move(name), Role::child});
    return module;  // moved to where it will live, and there settles
  }
  // A tensor to train; an undefined one stands for a bias that is not wanted.
  Parameter parameter(std::string name, Tensor tensor);
  // A tensor that training does not change, such as a running mean. A transient one is not part of the state.
  Buffer buffer(std::string name, Tensor tensor, bool persistent = true);

  struct OwnedMember {
    std::string name;
    Role role;
    OwnedTensor* tensor;
  };
  // Its own parameters and buffers, also those that are not defined. A layer with a list of them says so.
  virtual std::vector<OwnedMember> own_tensors() const;

  const ForwardHooks& hooks() const { return hooks_; }
  // Throws unless a child or a tensor can be called so.
  void expect_name(std::string_view name) const;

 private:
  friend class MaybeHome;
  struct Member {
    std::string name;
    Role role;
    std::ptrdiff_t offset;  // from this module, so that copies find their own
  };

  NamedTensors tensors_in(std::initializer_list<Role> roles) const;
  void add_member(FutureHome home, const void* at);
  virtual size_t bytes() const = 0;  // of the whole object, members included
  static OwnedTensor owned(OwnedTensor tensor, FutureHome home);
  std::string printed(int depth) const;
  virtual bool counts_equal_children() const { return false; }  // when printed: "(0-2): 3 x ReLU()"

  std::vector<Member> members_;
  ForwardHooks hooks_;
  MaybeHome home_;
  bool training_ = true;
};

std::ostream& operator<<(std::ostream& out, const Module& module);

template <class Member>
void MaybeHome::settle(Member& member) {
  if (!home_) return;
  const std::unique_ptr<FutureHome> home = std::move(home_);
  home->module->add_member(std::move(*home), &member);
}

}  // namespace rushlight::nn
