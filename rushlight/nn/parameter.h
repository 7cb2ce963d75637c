// Parameter and Buffer: tensors that a module owns. A copy copies the numbers, so that two modules never
// share them by accident; tie() shares them on purpose.
#pragma once

#include <memory>

#include "rushlight/core/tensor.h"

namespace rushlight::nn {

class Module;

enum class Role : uint8_t { child, parameter, buffer, transient };

// Where a member is about to live, and as what: told to the module as soon as it is there (Module::child()).
// Copies of a member live elsewhere.
struct FutureHome {
  Module* module;
  std::string name;
  Role role;
};
class MaybeHome {
 public:
  MaybeHome() = default;
  MaybeHome(const MaybeHome&) {}
  MaybeHome(MaybeHome&&) = default;
  MaybeHome& operator=(const MaybeHome&) { return *this; }
  MaybeHome& operator=(MaybeHome&&) noexcept { return *this; }
  ~MaybeHome() = default;

  void set(FutureHome home) { home_ = std::make_unique<FutureHome>(std::move(home)); }
  // Tells the module that `member` has come to live where it is.
  template <class Member>
  void settle(Member& member);

 private:
  std::unique_ptr<FutureHome> home_;
};

class OwnedTensor : public Tensor {
 public:
  OwnedTensor() = default;  // undefined: a bias that a layer was asked to go without
  explicit OwnedTensor(Tensor tensor) : Tensor(std::move(tensor)) {}
  OwnedTensor(const OwnedTensor& other);
  OwnedTensor(OwnedTensor&& other);  // NOLINT(performance-noexcept-move-constructor): settling may fail
  OwnedTensor& operator=(const OwnedTensor& other);
  OwnedTensor& operator=(OwnedTensor&& other) noexcept;
  ~OwnedTensor() = default;

  // From now on this is the same tensor as `other`. Copy modules with tied tensors by clone(), which ties the
  // copies.
  void tie(OwnedTensor& other);

 private:
  friend class Module;
  static Tensor copy_of(const OwnedTensor& other);

  MaybeHome home_;
  bool tied_ = false;
};

using Parameter = OwnedTensor;
using Buffer = OwnedTensor;

// While one lives, copies of one tensor are one tensor, on this thread.
class TiedCopies {
 public:
  TiedCopies();
  ~TiedCopies();
  TiedCopies(const TiedCopies&) = delete;
  TiedCopies& operator=(const TiedCopies&) = delete;

 private:
  friend class OwnedTensor;
  struct Pair {
    Tensor original, copy;
  };
  std::vector<Pair> pairs_;
  TiedCopies* before_;
};

}  // namespace rushlight::nn
