#include "rushlight/engine/apply.h"

#include "rushlight/engine/interpreter.h"
#include "rushlight/engine/record.h"

namespace rushlight {

namespace {

void apply_view(OpCall& call) {
  const Tensor& input = call.in[0];
  Tensor result = alias(input, call.def.view(input, call.attrs));
  Context& ctx = context();
  call.out.push_back(result);
  if (ctx.interpreter) ctx.interpreter->note_view(call, result);
  if (ctx.inference_mode || input.impl()->inference) {
    result.impl()->inference = true;
    return;
  }
  if (call.def.cuts_history) return;
  Edge edge;
  bool recording = wants_recording(call) && is_floating(result.dtype());
  if (recording) edge = {make_node(call, what_to_save(call), 1), 0};
  TensorImpl& impl = *result.impl();
  ViewHistory* input_view = view_history(input);
  bool tracks = ctx.grad_mode && (!input_view || input_view->tracks_base);
  auto history = ViewHistory::make(base_or_itself(input), std::move(edge), tracks);
  history->one_of_many = input_view && input_view->one_of_many;
  impl.history = Ref<History>::share(history.get());
  impl.is_view = true;
  impl.requires_grad = recording;
}

}  // namespace

Results apply(OpId id, Inputs in, Attrs attrs) {
  OpCall call{op_def(id), in, attrs};
  if (call.def.is_view) {
    apply_view(call);
    return std::move(call.out);
  }
  call.recording = wants_recording(call);
  call.def.infer(call);
  run_call(call);
  size_t results = call.def.outputs < 0 ? call.out.size() : static_cast<size_t>(call.def.outputs);
  if (call.recording) record_results(call, results);
  if (context().inference_mode)
    for (const Tensor& tensor : call.out) tensor.impl()->inference = true;
  while (call.out.size() > results) call.out.pop_back();
  return std::move(call.out);
}

Tensor apply_single(OpId id, Inputs in, Attrs attrs) { return std::move(apply(id, in, attrs)[0]); }

Tensor apply_map_grad(Node& node, int operand, Inputs in, bool last) {
  OpCall call{*node.op(), in, node.attrs(), static_cast<Part>(static_cast<int>(Part::grad0) + operand)};
  const Layout& first = in[0].layout();
  bool alike = true;
  for (size_t i = 1; i < in.size(); ++i) alike &= in[i].layout().same_shape(first);
  if (alike) {
    call.emit(first.is_contiguous() ? first.with_offset(0) : first.dense_like(), in[0].dtype());
  } else {
    Shape shape = to_ints(first.shape());
    for (size_t i = 1; i < in.size(); ++i)
      shape = broadcast_shapes({shape.data(), shape.size()}, in[i].shape(), call.name());
    call.emit(Layout({shape.data(), shape.size()}), in[0].dtype());
  }
  const Tensor& gradient = in[0];
  bool eager = !context().interpreter;  // a graph is easier to read, and to plan memory for, without
  if (last && eager && is_owned_alone(gradient) && gradient.layout() == call.out[0].layout()) {
    call.out[0] = gradient;
    call.into_targets = true;
  }
  run_call(call);
  return std::move(call.out[0]);
}

Tensor sum_to(const Tensor& gradient, IntSpan shape) {
  Ints dims;
  size_t lead = static_cast<size_t>(gradient.rank()) - shape.size();
  for (size_t d = 0; d < static_cast<size_t>(gradient.rank()); ++d)
    if (d < lead || (shape[d - lead] == 1 && gradient.layout().size(static_cast<int>(d)) != 1))
      dims.push_back(static_cast<int64_t>(d));
  if (dims.empty()) return gradient;
  const Attr sum_attrs[] = {Attr(dims), Attr(true), Attr()};
  Tensor sum = apply_op(OpId::sum, sum_attrs, gradient);
  if (lead == 0) return sum;
  const Attr view_attrs[] = {Attr(shape)};
  return apply_op(OpId::view, view_attrs, sum);
}

}  // namespace rushlight
