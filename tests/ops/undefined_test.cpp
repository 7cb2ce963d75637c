// Every op of the list, called with tensors that were never made: an error, whatever the op.
#include <doctest/doctest.h>

#include "rushlight/core/schema.h"
#include "rushlight/generated/call_op.h"

namespace rushlight {
namespace {

Attr some_value(ArgKind kind) {
  switch (kind) {
    case ArgKind::real: return 0.5;
    case ArgKind::integer: return 1;
    case ArgKind::boolean: return false;
    case ArgKind::ints: return Ints{1};
    case ArgKind::reals: return Reals{0.5};
    case ArgKind::text: return "mean";
    default: return {};
  }
}

TEST_CASE("an undefined tensor is refused by every op that needs one") {
  for (int i = 0; i < op_count(); ++i) {
    const Schema& schema = schema_of(static_cast<OpId>(i));
    std::vector<Tensor> tensors(static_cast<size_t>(schema.tensor_count()));
    std::vector<const Tensor*> in;
    for (const Tensor& tensor : tensors) in.push_back(&tensor);
    std::vector<Attr> attrs;
    bool needs_tensor = false;
    for (const Argument& argument : schema.arguments) {
      if (!is_tensor(argument.kind)) attrs.push_back(some_value(argument.kind));
      needs_tensor |= argument.kind == ArgKind::tensor && !argument.optional;
    }
    if (!needs_tensor || schema.id == OpId::dropout)
      continue;  // dropout outside training hands on what it got
    CAPTURE(schema.id_name);
    CHECK_THROWS_AS(call_op(schema.id, {in.data(), in.size()}, {attrs.data(), attrs.size()}), Error);
  }
}

}  // namespace
}  // namespace rushlight
