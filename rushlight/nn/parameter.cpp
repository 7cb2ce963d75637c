#include "rushlight/nn/parameter.h"

#include "rushlight/engine/context.h"
#include "rushlight/nn/module.h"

namespace rushlight::nn {

namespace {

thread_local TiedCopies* open_copies = nullptr;

Tensor clone_of(const Tensor& tensor) {
  NoGrad guard;
  Tensor copy = tensor.detach().clone();
  if (tensor.requires_grad()) copy.requires_grad_();
  return copy;
}

}  // namespace

TiedCopies::TiedCopies() : before_(open_copies) { open_copies = this; }
TiedCopies::~TiedCopies() { open_copies = before_; }

Tensor OwnedTensor::copy_of(const OwnedTensor& other) {
  if (!other.defined()) return {};
  if (!open_copies) {
    if (other.tied_)
      fail(ErrorKind::runtime, "[nn] a copy of this module would untie ", static_cast<const Tensor&>(other),
           ", which it shares with another layer; copy the whole model by clone()");
    return clone_of(other);
  }
  for (const TiedCopies::Pair& pair : open_copies->pairs_)
    if (pair.original.is_same(other)) return pair.copy;
  open_copies->pairs_.push_back({other, clone_of(other)});
  return open_copies->pairs_.back().copy;
}

OwnedTensor::OwnedTensor(const OwnedTensor& other) : Tensor(copy_of(other)), tied_(other.tied_) {}

// NOLINTNEXTLINE(performance-noexcept-move-constructor)
OwnedTensor::OwnedTensor(OwnedTensor&& other) : Tensor(static_cast<Tensor&&>(other)), tied_(other.tied_) {
  other.home_.settle(*this);
}

OwnedTensor& OwnedTensor::operator=(const OwnedTensor& other) {
  if (this != &other) *this = OwnedTensor(other);
  return *this;
}

OwnedTensor& OwnedTensor::operator=(OwnedTensor&& other) noexcept {
  Tensor::operator=(static_cast<Tensor&&>(other));
  tied_ = other.tied_;
  return *this;
}

void OwnedTensor::tie(OwnedTensor& other) {
  Tensor::operator=(other);
  tied_ = other.tied_ = true;
}

}  // namespace rushlight::nn
