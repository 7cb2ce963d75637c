#include "rushlight/nn/module.h"

#include <algorithm>
#include <ostream>

#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"

namespace rushlight::nn {

namespace {

std::string joined(const std::string& path, std::string_view name) {
  if (path.empty()) return std::string(name);
  return path + "." + std::string(name);
}

// "\n  Missing key(s): "a", "b"."; nothing where there are none.
void append_names(std::string& text, const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  append_text(text, "\n  ");
  append_text(text, what);
  const char* before = ": \"";
  for (const std::string& name : names) {
    append_text(text, before);
    append_text(text, name);
    before = "\", \"";
  }
  append_text(text, "\".");
}

}  // namespace

// -- members

// NOLINTNEXTLINE(performance-noexcept-move-constructor)
Module::Module(Module&& other)
    : members_(std::move(other.members_)), hooks_(std::move(other.hooks_)), training_(other.training_) {
  other.home_.settle(*this);
}

Module& Module::operator=(const Module& other) {
  members_ = other.members_, hooks_ = other.hooks_, training_ = other.training_;
  return *this;
}

Module& Module::operator=(Module&& other) noexcept {
  members_ = std::move(other.members_), hooks_ = std::move(other.hooks_), training_ = other.training_;
  return *this;
}

Parameter Module::parameter(std::string name, Tensor tensor) {
  if (tensor.defined()) tensor.requires_grad_();
  return owned(OwnedTensor(std::move(tensor)), {this, std::move(name), Role::parameter});
}

// Detached: to() turns the module's own tensor, not the caller's.
Buffer Module::buffer(std::string name, Tensor tensor, bool persistent) {
  return owned(OwnedTensor(tensor.defined() ? tensor.detach() : tensor),
               {this, std::move(name), persistent ? Role::buffer : Role::transient});
}

// An argument that is returned is moved, always: by that the member settles.
OwnedTensor Module::owned(OwnedTensor tensor, FutureHome home) {
  tensor.home_.set(std::move(home));
  return tensor;
}

void Module::add_member(FutureHome home, const void* at) {
  const std::ptrdiff_t offset = static_cast<const char*>(at) - reinterpret_cast<const char*>(this);
  if (offset < 0 || static_cast<size_t>(offset) >= bytes())
    fail(ErrorKind::runtime, "[nn] \"", home.name, "\" is no member of this ", kind(),
         ". A member is named where it is declared: nn::Linear fc = child(\"fc\", nn::Linear(2, 1));");
  expect_name(home.name);
  for (const Member& member : members_)
    if (member.name == home.name)
      fail(ErrorKind::value, "[nn] this ", kind(), " has two members called \"", home.name, "\"");
  members_.push_back({std::move(home.name), home.role, offset});
}

void Module::expect_name(std::string_view name) const {
  if (name.empty() || name.find('.') != name.npos)
    fail(ErrorKind::value, "[nn] \"", name, "\" is no name for a member of this ", kind(),
         ": it must not be empty nor contain a dot");
}

std::vector<Module::OwnedMember> Module::own_tensors() const {
  char* here = reinterpret_cast<char*>(const_cast<Module*>(this));
  std::vector<OwnedMember> found;
  for (const Member& member : members_)
    if (member.role != Role::child)
      found.push_back({member.name, member.role, reinterpret_cast<OwnedTensor*>(here + member.offset)});
  return found;
}

std::vector<Module::Child> Module::children() const {
  char* here = reinterpret_cast<char*>(const_cast<Module*>(this));
  std::vector<Child> found;
  for (const Member& member : members_)
    if (member.role == Role::child)
      found.push_back({member.name, reinterpret_cast<Module*>(here + member.offset)});
  return found;
}

std::vector<Module::Child> Module::modules() const {
  std::vector<Child> found{{"", const_cast<Module*>(this)}};
  for (const Child& child : children())
    for (Child& below : child.module->modules())
      found.push_back({below.name.empty() ? child.name : joined(child.name, below.name), below.module});
  return found;
}

Module& Module::submodule(std::string_view path) const {
  for (const Child& child : modules())
    if (child.name == path) return *child.module;
  fail(ErrorKind::index, "[nn] this ", kind(), " has no module called \"", path,
       "\"; print it to see what it has");
}

// The tensors in those roles, of this module and all below, that are defined.
NamedTensors Module::tensors_in(std::initializer_list<Role> roles) const {
  NamedTensors found;
  for (const Child& child : modules())
    for (Role role : roles)
      for (const OwnedMember& member : child.module->own_tensors())
        if (member.role == role && member.tensor->defined())
          found.push_back({joined(child.name, member.name), *member.tensor});
  return found;
}

NamedTensors Module::state_dict() const { return tensors_in({Role::parameter, Role::buffer}); }

NamedTensors Module::named_buffers() const { return tensors_in({Role::buffer, Role::transient}); }

NamedTensors Module::named_parameters() const {
  NamedTensors found;
  for (NamedTensor& named : tensors_in({Role::parameter})) {
    const auto is_it = [&](const NamedTensor& other) { return other.tensor.is_same(named.tensor); };
    if (std::none_of(found.begin(), found.end(), is_it)) found.push_back(std::move(named));
  }
  return found;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> found;
  for (NamedTensor& named : named_parameters()) found.push_back(std::move(named.tensor));
  return found;
}

std::vector<Tensor> Module::buffers() const {
  std::vector<Tensor> found;
  for (NamedTensor& named : named_buffers()) found.push_back(std::move(named.tensor));
  return found;
}

int64_t Module::count_parameters() const {
  int64_t count = 0;
  for (const Tensor& parameter : parameters()) count += parameter.numel();
  return count;
}

// -- modes

void Module::train(bool on) {
  training_ = on;
  for (const Child& child : children()) child.module->train(on);
}

void Module::to(DType dtype) {
  if (!is_floating(dtype))
    fail(ErrorKind::type, "[nn] a module can be made float32, float64, float16 or bfloat16, not ", dtype);
  NoGrad guard;
  std::vector<Tensor> tensors = parameters();
  for (Tensor& buffer : buffers()) tensors.push_back(std::move(buffer));
  for (const Tensor& tensor : tensors) {
    if (!tensor.is_floating_point() || tensor.dtype() == dtype) continue;
    const Tensor gradient = tensor.grad();
    tensor.set_grad({});
    tensor.set_data(tensor.detach().to(dtype));
    if (gradient.defined()) tensor.set_grad(gradient.to(dtype));
  }
}

void Module::to(Device device) {
  if (device.type != DeviceType::cpu)
    fail(ErrorKind::runtime, "[nn] a module can not be moved to ", device,
         ": there are only tensors of the cpu");
}

void Module::requires_grad_(bool on) {
  for (const Tensor& parameter : parameters()) parameter.requires_grad_(on);
}

void Module::zero_grad() {
  for (const Tensor& parameter : parameters()) parameter.set_grad({});
}

// -- state

LoadReport Module::load_state_dict(const NamedTensors& state, const LoadOptions& options) {
  const NamedTensors own = state_dict();
  LoadReport report;
  std::string misshaped;
  for (const NamedTensor& mine : own) {
    const Tensor* given = find_tensor(state, mine.name);
    if (!given)
      report.missing.push_back(mine.name);
    else if (!std::ranges::equal(given->shape(), mine.tensor.shape()))
      misshaped += join_text("\n  Size mismatch for \"", mine.name, "\": ", given->shape(),
                             " is given, the model has ", mine.tensor.shape(), ".");
  }
  for (const NamedTensor& given : state)
    if (!find_tensor(own, given.name)) report.unexpected.push_back(given.name);

  std::string complaint = misshaped;
  if (options.strict) {
    append_names(complaint, "Missing key(s)", report.missing);
    append_names(complaint, "Unexpected key(s)", report.unexpected);
  }
  if (!complaint.empty())
    fail(ErrorKind::runtime, "[load_state_dict] this does not fit ", kind(), ":", complaint);

  NoGrad guard;
  for (const NamedTensor& mine : own)
    if (const Tensor* given = find_tensor(state, mine.name)) mine.tensor.copy_(*given);
  return report;
}

// -- hooks

void ForwardHooks::before(Module& module, std::vector<Tensor>& inputs) const {
  for (const auto& [id, hook] : std::vector(hooks_)) {
    std::vector<Tensor> changed = hook->before(module, inputs);
    if (changed.empty()) continue;
    if (changed.size() != inputs.size())
      fail(ErrorKind::value, "[nn] a forward pre-hook of ", module.kind(), " gave ", changed.size(),
           " tensors for a call with ", inputs.size(), "; it gives all of them or none");
    inputs = std::move(changed);
  }
}

// -- in words

std::string Module::printed(int depth) const {
  struct Line {
    std::string first, last, text;
    int64_t count;
  };
  std::vector<Line> lines;
  for (const Child& child : children()) {
    std::string text = child.module->printed(depth + 1);
    if (counts_equal_children() && !lines.empty() && lines.back().text == text)
      lines.back().last = child.name, ++lines.back().count;
    else
      lines.push_back({child.name, child.name, std::move(text), 1});
  }
  const std::string margin(static_cast<size_t>(2 * depth), ' ');
  std::string all = std::string(kind()) + "(" + details();
  for (const auto& [first, last, text, count] : lines)
    all += count == 1 ? join_text("\n", margin, "  (", first, "): ", text)
                      : join_text("\n", margin, "  (", first, "-", last, "): ", count, " x ", text);
  return all + (lines.empty() ? ")" : "\n" + margin + ")");
}

std::string Module::to_string() const { return printed(0); }

std::ostream& operator<<(std::ostream& out, const Module& module) { return out << module.to_string(); }

}  // namespace rushlight::nn
