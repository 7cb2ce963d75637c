// A backend written in Python: every op call is offered to a function, and what that declines runs as before.
#include <memory>

#include "arguments.h"
#include "module.h"
#include "rushlight/engine/interpreter.h"

namespace rushlight::python {

namespace {

// A constant over the same memory. A plain number goes as a number, so that it stays weak there too.
nb::object shown(const Tensor& tensor) {
  if (!tensor.defined()) return nb::none();
  if (tensor.is_weak()) return nb::cast(alias(tensor)).attr("item")();
  return nb::cast(alias(tensor));
}

nb::object shown(const Attr& attr) {
  switch (attr.kind()) {
    case Attr::Kind::boolean: return nb::cast(attr.as_bool());
    case Attr::Kind::integer: return nb::cast(attr.as_int());
    case Attr::Kind::real:
    case Attr::Kind::slot: return nb::cast(attr.as_real());
    case Attr::Kind::text: return nb::cast(attr.as_text().c_str());
    case Attr::Kind::dtype: return nb::steal(dtype_object(attr.as_dtype()));
    case Attr::Kind::ints: {
      nb::list list;
      for (int64_t value : attr.as_ints()) list.append(value);
      return nb::tuple(list);
    }
    case Attr::Kind::reals: {
      nb::list list;
      for (double value : attr.as_reals()) list.append(value);
      return nb::tuple(list);
    }
    default: return nb::none();
  }
}

// The arguments by the schema's names; lists of tensors share what single tensors leave.
nb::dict arguments_of(const OpCall& call) {
  const Schema& schema = schema_of(call.def.id);
  size_t singles = 0, lists = 0;
  for (const Argument& argument : schema.arguments) {
    lists += argument.kind == ArgKind::tensors;
    singles += is_tensor(argument.kind) && argument.kind != ArgKind::tensors;
  }
  size_t length = lists ? (call.in.size() - singles) / lists : 0, input = 0, attr = 0;
  nb::dict arguments;
  for (const Argument& argument : schema.arguments) {
    nb::object value;
    if (argument.kind == ArgKind::tensors) {
      nb::list list;
      for (size_t i = 0; i < length; ++i) list.append(shown(call.in[input++]));
      value = std::move(list);
    } else {
      value = is_tensor(argument.kind) ? shown(call.in[input++]) : shown(call.attrs[attr++]);
    }
    arguments[argument.name.c_str()] = value;
  }
  return arguments;
}

class ForeignBackend final : public Interpreter {
 public:
  explicit ForeignBackend(nb::object offer) : offer_(std::move(offer)) {}

  // Gradients of formulas and fused backwards are not offered: their meaning is ours.
  void run(OpCall& call) override {
    bool has_residuals = call.def.outputs >= 0 && call.out.size() > static_cast<size_t>(call.def.outputs);
    if (call.part != Part::forward || has_residuals || !taken(call)) run_eager(call);
  }
  bool run_fused(OpCall& call) override { return run_fused_eager(call); }

 private:
  bool taken(OpCall& call) {
    allocate_results(call);
    nb::gil_scoped_acquire gil;
    // What the function itself calls of ours runs as before.
    Scoped<Interpreter*> eager(context().interpreter, nullptr);
    nb::list results;
    for (const Tensor& result : call.out) results.append(shown(result));
    return nb::cast<bool>(offer_.get()(schema_of(call.def.id).id_name.c_str(), arguments_of(call), results));
  }

  KeptObject offer_;
};

// None: the kernels of the chosen backend alone. On this thread.
void offer_calls_to(nb::object offer) {
  thread_local std::unique_ptr<ForeignBackend> backend;
  // Another interpreter: a trace that records. None though there is a backend: its function is running.
  if (context().interpreter != backend.get())
    fail(ErrorKind::runtime,
         "[set_backend] the backend cannot change inside a traced function or a backend's own; choose it "
         "before");
  context().interpreter = nullptr;
  backend = offer.is_none() ? nullptr : std::make_unique<ForeignBackend>(std::move(offer));
  context().interpreter = backend.get();
}

}  // namespace

void bind_foreign_backend(nb::module_& m) {
  m.def("_offer_calls_to", offer_calls_to, nb::arg("function").none(),
        "function(op, arguments, results) fills the results and returns True, or declines");
}

}  // namespace rushlight::python
