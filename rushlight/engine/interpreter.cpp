#include "rushlight/engine/interpreter.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "rushlight/engine/apply.h"
#include "rushlight/engine/node.h"
#include "rushlight/engine/op_costs.h"

namespace rushlight {

namespace internal {
thread_local constinit Context thread_context;
}

namespace {

const Backend& best_host_backend() {
#ifdef RUSHLIGHT_CPU
  return cpu_backend();
#else
  return reference_backend();
#endif
}

bool fallback_is_error() {
  static const bool error = [] {
    const char* value = std::getenv("RUSHLIGHT_FALLBACK");
    return value && std::strcmp(value, "error") == 0;
  }();
  return error;
}

void note_fallback(const OpCall& call, const Backend& backend) {
  if (fallback_is_error())
    fail(ErrorKind::not_implemented, "[", call.name(), "] the ", backend.name,
         " backend has no kernel for this call, and "
         "RUSHLIGHT_FALLBACK=error forbids the reference kernel");
  internal::count_fallback(call.kernel_call(call.def.id));
  static std::atomic<bool> told{false};  // reset_costs() is no reason to say it again
  if (!told.exchange(true, std::memory_order_relaxed))
    std::fprintf(
        stderr,
        "rushlight: [%s] has no %s kernel and runs on the slow reference backend; later ones are only "
        "counted (fallback_count)\n",
        call.name(), backend.name);
}

void give_memory(const OpCall& call, const Allocator& allocator) {
  for (const Tensor& result : call.out) {
    TensorImpl& impl = *result.impl();
    if (impl.storage) continue;
    const size_t bytes = result_bytes(impl.layout, impl.dtype);
    impl.storage = Storage::allocate(bytes, allocator);
    internal::count_allocation(call.kernel_call(call.def.id), bytes);
  }
}

bool try_kernel(OpCall& call, const Backend& backend) {
  Kernel kernel = backend.kernel(call.def.id, call.part);
  if (!kernel) return false;
  give_memory(call, *backend.allocator);
  return run_kernel(kernel, call.kernel_call(call.def.id));
}

// A body's results, put where the caller wanted them.
void run_body(OpCall& call, bool into_targets) {
  Results targets = std::move(call.out);
  call.out.clear();
  NoGrad guard;
  Scoped<Interpreter*> eager(context().interpreter, nullptr);
  call.def.body(call);
  for (size_t i = 0; into_targets && i < targets.size(); ++i) {
    const Tensor* const inputs[] = {&targets[i], &call.out[i]};
    OpCall copy{op_def(OpId::copy), {inputs, 2}, {}};
    copy.out.push_back(targets[i]);
    run_eager(copy);
    call.out[i] = targets[i];
  }
}

}  // namespace

const Backend& host_backend() {
  const Backend* chosen = context().host_backend;
  return chosen ? *chosen : best_host_backend();
}
void set_backend(std::string_view name) { context().host_backend = &find_backend(name); }

void allocate_results(OpCall& call) { give_memory(call, *host_backend().allocator); }

void run_eager(OpCall& call) {
  const Backend& backend = host_backend();
  if (try_kernel(call, backend)) return;
  if (call.def.body && call.part == Part::forward) return run_body(call, call.into_targets);
  if (&backend != &reference_backend()) {
    note_fallback(call, backend);
    if (try_kernel(call, reference_backend())) return;
  }
  fail(ErrorKind::not_implemented, "[", call.name(), "] no backend has a kernel for this call");
}

bool run_fused_eager(OpCall& call) {
  Kernel kernel = host_backend().kernel(call.def.id, Part::backward);
  return kernel && run_kernel(kernel, call.kernel_call(call.def.id));
}

// The backward of a composite as one call: gradients of the results, every input, every result and residual
// -> one gradient per input (none for those that are passed on).
bool run_fused_backward(Vjp& vjp) {
  Node& node = vjp.node();
  const OpDef& def = *node.op();
  if (!host_backend().kernel(def.id, Part::backward)) return false;
  const Tensor none;
  SmallVector<Tensor, 8> values;
  size_t inputs = node.edges().size(), results = static_cast<size_t>(node.output_count());
  size_t saved_results = results;
  for (const SavedTensor& saved : node.saved())
    if (saved.is_result && saved.slot >= saved_results) saved_results = saved.slot + 1u;
  for (size_t i = 0; i < results; ++i) values.push_back(vjp.grad(i));
  for (size_t i = 0; i < inputs; ++i) values.push_back(vjp.input(i));
  for (size_t i = 0; i < saved_results; ++i) values.push_back(vjp.output(i));
  SmallVector<const Tensor*, 8> pointers;
  for (const Tensor& tensor : values) pointers.push_back(&tensor);
  OpCall call{def, {pointers.data(), pointers.size()}, node.attrs(), Part::backward};
  const auto is_passed = [&](size_t i) { return i < 32 && (def.passed_gradients >> i & 1); };
  for (size_t i = 0; i < inputs; ++i) {
    if (!vjp.needs(i) || is_passed(i)) {
      call.out.push_back(Tensor());
      continue;
    }
    const Layout& input = vjp.input_layout(i);
    const Layout layout = def.gradient_layout ? def.gradient_layout(input) : input.dense_like();
    call.out.push_back(empty_like_layout(layout, vjp.input_dtype(i), *host_backend().allocator));
  }
  const bool wanted =
      std::ranges::any_of(call.out, [](const Tensor& gradient) { return gradient.defined(); });
  Interpreter* interpreter = context().interpreter;
  if (wanted && !(interpreter ? interpreter->run_fused(call) : run_fused_eager(call))) return false;
  for (size_t i = 0; i < inputs; ++i)
    if (vjp.needs(i)) vjp.set(i, is_passed(i) ? vjp.grad() : call.out[i]);
  return true;
}

}  // namespace rushlight
