// The parts of the module _C, in the order in which it is put together.
#pragma once

#include <string>

#include "tensor_object.h"

namespace rushlight {
class Node;
}

namespace rushlight::python {

extern PyObject* trace_error;           // TraceError, a RuntimeError
extern PyObject* linear_algebra_error;  // LinAlgError, a RuntimeError

void bind_types(nb::module_& m);            // dtype, device, Size, Generator, Slot
void bind_tensor(nb::module_& m);           // Tensor: what it is, operators, conversions
void bind_arrays(nb::module_& m);           // tensor(), NumPy, DLPack, lists
void bind_autograd(nb::module_& m);         // grad mode, backward, hooks, nodes
void bind_trace(nb::module_& m);            // trace(fn)
void bind_runtime(nb::module_& m);          // backends, memory, printing
void bind_foreign_backend(nb::module_& m);  // set_backend("torch")
void bind_ops(nb::module_& m);       // functions and methods for every op of the list that has none by hand
void bind_op_table(nb::module_& m);  // ops()
void bind_saved_tensors(nb::module_& m);  // saved-tensor hooks

std::string name_of_node(const Node& node);  // AddBackward0, as PyTorch calls it

}  // namespace rushlight::python
