// Signature: one line of the op list as Python calls it: which object goes where, and what fills the gaps.
#pragma once

#include <string>
#include <vector>

#include "arguments.h"

namespace rushlight::python {

enum class Form : uint8_t { function, method, in_place };

// What one call passed, sorted by parameter; all borrowed. Null: not given.
struct Passed {
  static constexpr size_t kMost = 24;
  PyObject* values[kMost] = {};
  std::span<PyObject* const> spread;  // view(2, 3), einsum(eq, a, b): what stands for one list
  PyObject* out = nullptr;
  PyObject* device = nullptr;
  PyObject* requires_grad = nullptr;
  PyObject* memory_format = nullptr;
};

// The same as an op takes it.
struct OpArguments {
  SmallVector<Tensor, 6> tensors;
  SmallVector<Attr, 6> attrs;
  SmallVector<size_t, 4> list_lengths;
};

class Signature {
 public:
  // In methods the argument called input comes first and is the object itself.
  Signature(const Schema& schema, Form form);

  // Positional arguments, then those that `names` (a tuple or null) names, as vectorcall passes them. Where
  // this is not a call of this form: false, and why (if asked).
  bool accept(PyObject* const* args, size_t count, PyObject* names, Passed& passed, std::string* why) const;
  bool convert(const Passed& passed, Match match, OpArguments& arguments, std::string* why) const;

  const Schema& schema() const { return schema_; }
  bool has_out() const;
  // zeros(2, out=x) makes what x holds, where the call does not say a dtype.
  void take_dtype_of(const Tensor& out, OpArguments& arguments) const;
  // (Tensor input, ints dim = None, *, dtype dtype = None), for messages.
  std::string text() const;
  // The line of the stub: (self, dim: int | Sequence[int] | None = None, ...) -> Tensor
  std::string stub() const;

 private:
  struct Parameter {
    const Argument* argument;
    PyObject* name;  // interned, never freed
    Attr fallback;
  };

  PyObject** place_of(PyObject* name, Passed& passed, bool& ignored) const;
  bool convert_one(size_t index, const Passed& passed, Match match, OpArguments& arguments,
                   std::string* why) const;

  const Schema& schema_;
  Form form_;
  bool method_;
  bool spreads_;          // its only positional parameter is a list of ints
  bool spreads_tensors_;  // its last positional parameter is a list of tensors
  bool creates_;          // takes device=, requires_grad= and the like
  std::vector<Parameter> parameters_;
  std::vector<size_t> positional_;  // parameters in the order of positional arguments
};

// The argument that a method is called on; null: the op is no method.
const Argument* receiver_of(const Schema& schema);
bool writes_in_place(const Schema& schema);  // it has an in-place form beside the other

}  // namespace rushlight::python
