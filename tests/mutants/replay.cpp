// Replays goldens on the library that it is linked with: `replay FILE [--all]`. Prints what differs and exits
// with 1; the first difference ends it, unless --all. The file's writer is golden_file.py.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "rushlight/engine/apply.h"
#include "rushlight/generated/call_op.h"
#include "rushlight/rushlight.h"

using namespace rushlight;

namespace {

class Reader {
 public:
  explicit Reader(std::vector<char> bytes) : bytes_(std::move(bytes)), at_(bytes_.data()) {}

  template <class T>
  T get() {
    T value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }
  const char* take(size_t count) {
    const char* start = at_;
    if (count > static_cast<size_t>(bytes_.data() + bytes_.size() - at_)) std::abort();
    at_ += count;
    return start;
  }
  std::string text() {
    auto length = get<uint32_t>();
    return {take(length), length};
  }
  Ints ints(size_t count) {
    Ints values;
    for (size_t i = 0; i < count; ++i) values.push_back(get<int64_t>());
    return values;
  }
  Ints ints() { return ints(get<uint32_t>()); }
  Reals reals() {
    Reals values;
    for (auto left = get<uint32_t>(); left > 0; --left) values.push_back(get<double>());
    return values;
  }
  std::vector<double> numbers() {
    std::vector<double> values(get<uint64_t>());
    std::memcpy(values.data(), take(values.size() * sizeof(double)), values.size() * sizeof(double));
    return values;
  }

 private:
  std::vector<char> bytes_;
  const char* at_;
};

struct Expected {
  bool requires_grad = false, exact = false;
  DType dtype = DType::float64;
  Ints shape;
  std::string bytes;  // exact
  std::vector<double> values, slack;
};

struct Case {
  std::string op, label;
  OpId id{};
  bool in_place = false, out = false, seeded = false;
  std::vector<Tensor> inputs;
  std::vector<bool> tracked;  // inputs that may take a gradient
  std::vector<Attr> attrs;
  Ints written;  // inputs that are the results
  bool throws = false;
  std::vector<std::string> words;
  std::vector<Expected> results;
  bool has_gradient = false, has_second = false;
  Ints wanted;
  std::vector<std::vector<double>> cotangents, weights;
  std::vector<Expected> gradients, second;
};

// What a case found to be wrong.
struct Difference {
  std::string text;
};
template <class... Parts>
[[noreturn]] void differ(const Parts&... parts) {
  throw Difference{join_text(parts...)};
}

Tensor read_tensor(Reader& in, bool& tracked) {
  auto dtype = static_cast<DType>(in.get<uint8_t>());
  tracked = in.get<uint8_t>();
  size_t rank = in.get<uint8_t>();
  Ints shape = in.ints(rank), strides = in.ints(rank);
  auto offset = in.get<int64_t>();
  auto bytes = in.get<uint64_t>();
  Tensor memory = empty({static_cast<int64_t>(bytes / size_of(dtype))}, dtype);
  if (bytes) std::memcpy(memory.raw_data(), in.take(bytes), bytes);
  return alias(memory, Layout(IntSpan(shape.data(), rank), IntSpan(strides.data(), rank), offset));
}

Tensor read_input(Reader& in, bool& tracked) {
  tracked = false;
  switch (in.get<uint8_t>()) {
    case 1: return read_tensor(in, tracked);
    case 2: return in.get<double>();
    case 3: return in.get<int64_t>();
    case 4: return in.get<uint8_t>() != 0;
    default: return {};
  }
}

Attr read_attr(Reader& in) {
  switch (static_cast<Attr::Kind>(in.get<uint8_t>())) {
    case Attr::Kind::none: return {};
    case Attr::Kind::boolean: return in.get<uint8_t>() != 0;
    case Attr::Kind::integer: return in.get<int64_t>();
    case Attr::Kind::real: return in.get<double>();
    case Attr::Kind::dtype: return static_cast<DType>(in.get<uint8_t>());
    case Attr::Kind::ints: return in.ints();
    case Attr::Kind::reals: return in.reals();
    case Attr::Kind::text: return in.text();
    case Attr::Kind::slot: return Slot(in.get<double>());
    case Attr::Kind::generator: return Generator(in.get<uint64_t>());
  }
  std::abort();
}

Expected read_result(Reader& in) {
  Expected e;
  e.requires_grad = in.get<uint8_t>();
  e.dtype = static_cast<DType>(in.get<uint8_t>());
  e.exact = in.get<uint8_t>();
  e.shape = in.ints(in.get<uint8_t>());
  if (e.exact) {
    auto bytes = in.get<uint64_t>();
    e.bytes.assign(in.take(bytes), bytes);
  } else {
    e.values = in.numbers();
    e.slack = in.numbers();
  }
  return e;
}

std::vector<Expected> read_rows(Reader& in) {
  std::vector<Expected> rows(in.get<uint32_t>());
  for (Expected& e : rows) {
    e.values = in.numbers();
    e.slack = in.numbers();
  }
  return rows;
}

void read_right(Reader& in, Case& c) {
  c.results.resize(in.get<uint32_t>());
  for (Expected& e : c.results) e = read_result(in);
  c.has_gradient = in.get<uint8_t>();
  if (!c.has_gradient) return;
  c.wanted = in.ints();
  for (size_t i = 0; i < c.wanted.size(); ++i) c.cotangents.push_back(in.numbers());
  c.gradients = read_rows(in);
  c.has_second = in.get<uint8_t>();
  if (!c.has_second) return;
  c.weights.resize(in.get<uint32_t>());
  for (auto& weight : c.weights) weight = in.numbers();
  c.second = read_rows(in);
}

Case read_case(Reader& in) {
  Case c;
  c.op = in.text();
  c.label = in.text();
  const OpId* id = find_op(c.op);
  if (!id) std::abort();
  c.id = *id;
  c.in_place = in.get<uint8_t>();
  c.out = in.get<uint8_t>();
  c.seeded = in.get<uint8_t>();
  c.inputs.resize(in.get<uint32_t>());
  for (Tensor& input : c.inputs) {
    bool tracked;
    input = read_input(in, tracked);
    c.tracked.push_back(tracked);
  }
  auto attrs = in.get<uint32_t>();
  for (uint32_t i = 0; i < attrs; ++i) c.attrs.push_back(read_attr(in));
  c.written = in.ints();
  c.throws = in.get<uint8_t>() == 0;
  if (c.throws) {
    c.words.resize(in.get<uint32_t>());
    for (std::string& word : c.words) word = in.text();
  } else {
    read_right(in, c);
  }
  return c;
}

// -- calls

struct Pointers {
  explicit Pointers(const std::vector<Tensor>& tensors) {
    for (const Tensor& t : tensors) list.push_back(&t);
  }
  Inputs inputs() const { return {list.data(), list.size()}; }
  std::vector<const Tensor*> list;
};

// A generator is used up by a call; every form of a case starts anew.
std::vector<Attr> fresh(const Case& c) {
  if (c.seeded) manual_seed(5);
  std::vector<Attr> copies;
  for (const Attr& attr : c.attrs)
    copies.push_back(attr.kind() == Attr::Kind::generator ? Attr(Generator(attr.as_generator().state().seed))
                                                          : attr);
  return copies;
}

std::vector<Tensor> call(const Case& c, const std::vector<Tensor>& inputs) {
  Pointers pointers(inputs);
  std::vector<Attr> own = fresh(c);
  Attrs attrs(own.data(), own.size());
  if (!c.written.empty()) {
    apply_in_place(c.id, pointers.inputs(), attrs);
    std::vector<Tensor> results;
    for (int64_t place : c.written) results.push_back(inputs[static_cast<size_t>(place)]);
    return results;
  }
  std::vector<Tensor> results;
  for (Tensor& result : call_op(c.id, pointers.inputs(), attrs))
    if (result.defined()) results.push_back(std::move(result));  // some come only when asked for
  return results;
}

// The inputs with memory of their own, so that one form's writes do not reach the next.
Tensor copy_with_layout(const Tensor& tensor) {
  if (!tensor.defined() || tensor.is_weak()) return tensor;
  size_t bytes = tensor.storage()->bytes();
  Tensor memory = empty({static_cast<int64_t>(bytes / tensor.element_size())}, tensor.dtype());
  if (memory.nbytes()) std::memcpy(memory.raw_data(), tensor.storage()->data(), memory.nbytes());
  return alias(memory, tensor.layout());
}
std::vector<Tensor> own_inputs(const Case& c, bool tracked) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    inputs.push_back(copy_with_layout(c.inputs[i]));
    if (tracked && c.tracked[i]) inputs.back().requires_grad_();
  }
  return inputs;
}

// -- judgement

void compare_exact(const Tensor& got, const Expected& expected, const char* what, size_t place) {
  size_t bytes = size_of(expected.dtype), at = 0;
  for_each_offset(got.layout(), [&](int64_t offset) {
    const char* mine = static_cast<const char*>(got.storage()->data()) + offset * static_cast<int64_t>(bytes);
    const char* right = expected.bytes.data() + bytes * at++;
    if (std::memcmp(mine, right, bytes) == 0) return;
    bool same = visit(expected.dtype, [&](auto tag) {  // zeros of either sign, and any two NaNs
      typename decltype(tag)::type a, b;
      std::memcpy(&a, mine, sizeof a);
      std::memcpy(&b, right, sizeof b);
      double x = static_cast<double>(a), y = static_cast<double>(b);
      return is_floating(expected.dtype) && (x == y || (x != x && y != y));
    });
    if (!same) differ(what, " ", place, " differs at element ", at - 1);
  });
}

void compare_numbers(const Tensor& got, const Expected& expected, const char* what, size_t place) {
  std::vector<double> values = got.to_vector<double>();
  if (values.size() != expected.values.size())
    differ(what, " ", place, " has ", values.size(), " elements, not ", expected.values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    double mine = values[i], right = expected.values[i];
    bool same = mine == right || (std::isnan(mine) && std::isnan(right));
    if (!same && !(std::isfinite(right) && std::fabs(mine - right) <= expected.slack[i]))
      differ(what, " ", place, " at ", i, " is ", mine, " but should be ", right);
  }
}

void compare(const std::vector<Tensor>& results, const Case& c, const char* what) {
  if (results.size() != c.results.size()) differ(what, "s: ", results.size(), ", not ", c.results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    const Tensor& got = results[i];
    const Expected& expected = c.results[i];
    if (!got.defined()) differ(what, " ", i, " is undefined");
    if (got.dtype() != expected.dtype) differ(what, " ", i, " is ", got.dtype());
    IntSpan shape = got.shape();
    if (!std::equal(shape.begin(), shape.end(), expected.shape.begin(), expected.shape.end()))
      differ(what, " ", i, " has shape ", shape);
    expected.exact ? compare_exact(got, expected, what, i) : compare_numbers(got, expected, what, i);
  }
}

Tensor tensor_like(const std::vector<double>& numbers, const Tensor& like) {
  Tensor flat = from_values<double>({numbers.data(), numbers.size()}, {static_cast<int64_t>(numbers.size())});
  return reshape(to(flat, like.dtype()), like.shape());
}

void compare_gradients(const std::vector<Tensor>& got, const std::vector<Expected>& expected,
                       const char* what) {
  for (size_t i = 0; i < got.size(); ++i) {
    if (got[i].defined()) {
      compare_numbers(got[i], expected[i], what, i);
      continue;
    }
    for (size_t k = 0; k < expected[i].values.size(); ++k)
      if (std::fabs(expected[i].values[k]) > expected[i].slack[k]) differ(what, " ", i, " is missing");
  }
}

void check_second(const Case& c, const std::vector<Tensor>& first, std::vector<Tensor> leaves,
                  const std::vector<Tensor>& cotangents) {
  std::vector<Tensor> terms;
  for (size_t i = 0; i < first.size(); ++i)
    if (first[i].defined() && first[i].requires_grad())
      terms.push_back(sum(first[i] * tensor_like(c.weights[i], first[i])));
  leaves.insert(leaves.end(), cotangents.begin(), cotangents.end());
  std::vector<Tensor> second(leaves.size());
  if (!terms.empty()) second = grad(terms, leaves, {.allow_unused = true});
  compare_gradients(second, c.second, "second gradient");
}

// Counts what calls save for their gradients, and what of it gradients read.
class Watch final : public SavedTensorHooks {
 public:
  Ref<PackedTensor> pack(const Tensor& tensor) override {
    ++unread;
    return Ref<PackedTensor>::adopt(new Item(tensor, unread));
  }
  int unread = 0;

 private:
  struct Item final : PackedTensor {
    Item(const Tensor& kept, int& count) : tensor(detach(kept)), unread(count) {}
    Tensor unpack() override {
      unread -= !std::exchange(read, true);
      return tensor;
    }
    Tensor tensor;
    int& unread;
    bool read = false;
  };
};
// Of each op, what its thriftiest call saved in vain.
std::map<OpId, int> saved_in_vain;

// A gradient that nothing is changed for but what the call saves and reads.
void watch_savings(const Case& c, const std::vector<std::vector<double>>& cotangents) {
  Watch watch;
  std::vector<Tensor> inputs = own_inputs(c, true), leaves, outputs, given;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (c.tracked[i]) leaves.push_back(inputs[i]);
  {
    Scoped<SavedTensorHooks*> scope(context().saved_tensor_hooks, &watch);
    std::vector<Tensor> results = call(c, inputs);
    for (size_t i = 0; i < c.wanted.size(); ++i) {
      outputs.push_back(results[static_cast<size_t>(c.wanted[i])]);
      given.push_back(tensor_like(cotangents[i], outputs.back()));
    }
  }
  (void)grad(outputs, leaves, {.grad_outputs = given, .allow_unused = true});
  auto [at, is_new] = saved_in_vain.try_emplace(c.id, watch.unread);
  if (!is_new) at->second = std::min(at->second, watch.unread);
}

void check_gradients(const Case& c) {
  std::vector<Tensor> inputs = own_inputs(c, true), leaves;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (c.tracked[i]) leaves.push_back(inputs[i]);
  std::vector<Tensor> results = call(c, inputs);
  for (size_t i = 0; i < results.size(); ++i)
    if (results[i].requires_grad() != c.results[i].requires_grad) differ("requires_grad of result ", i);
  if (!c.has_gradient) return;
  std::vector<Tensor> outputs, cotangents;
  for (size_t i = 0; i < c.wanted.size(); ++i) {
    outputs.push_back(results[static_cast<size_t>(c.wanted[i])]);
    cotangents.push_back(tensor_like(c.cotangents[i], outputs.back()));
  }
  GradOptions options{.grad_outputs = cotangents, .retain_graph = c.has_second, .allow_unused = true};
  std::vector<Tensor> first = grad(outputs, leaves, options);
  compare_gradients(first, c.gradients, "gradient");
  for (size_t i = 0; i < first.size(); ++i)
    if (first[i].defined() &&
        (first[i].dtype() != leaves[i].dtype() || !first[i].layout().same_shape(leaves[i].layout())))
      differ("gradient ", i, " is ", first[i]);
  watch_savings(c, c.cotangents);
  if (!c.has_second) return;
  for (const Tensor& t : cotangents) t.requires_grad_();
  options.grad_outputs = cotangents;
  options.create_graph = true;
  first = grad(outputs, leaves, options);
  compare_gradients(first, c.gradients, "gradient to be differentiated");
  check_second(c, first, leaves, cotangents);
}

// What a composite's rule says of its results and residuals, a kernel has to write: the body agrees.
void check_inferred(const Case& c) {
  if (schema_of(c.id).kind != OpKind::composite) return;
  const OpDef& def = op_def(c.id);
  std::vector<Tensor> inputs = own_inputs(c, false);
  Pointers pointers(inputs);
  std::vector<Attr> attrs = fresh(c);
  OpCall said{def, pointers.inputs(), {attrs.data(), attrs.size()}};
  said.recording = true;
  OpCall done = said;
  def.infer(said);
  def.body(done);
  if (said.out.size() != done.out.size()) differ(said.out.size(), " results, but ", done.out.size());
  for (size_t i = 0; i < said.out.size(); ++i)
    if (done.out[i].defined() && (said.out[i].dtype() != done.out[i].dtype() ||
                                  !said.out[i].layout().same_shape(done.out[i].layout())))
      differ("result or residual ", i, " should be ", said.out[i].dtype(), said.out[i].shape(), ", but is ",
             done.out[i]);
}

void check_right(const Case& c) {
  std::vector<Tensor> results = call(c, own_inputs(c, false));
  compare(results, c, "result");
  check_inferred(c);
  if (c.in_place) {
    std::vector<Tensor> inputs = own_inputs(c, false);
    std::vector<Attr> attrs = fresh(c);
    apply_in_place(c.id, Pointers(inputs).inputs(), {attrs.data(), attrs.size()});
    // A target of another dtype keeps it.
    if (inputs[0].dtype() == c.results[0].dtype) compare({inputs[0]}, c, "in-place result");
  }
  if (c.out) {
    std::vector<Tensor> inputs = own_inputs(c, false);
    std::vector<Attr> attrs = fresh(c);
    const Expected& e = c.results[0];
    Tensor target = empty(IntSpan(e.shape.data(), e.shape.size()), e.dtype);
    compare({apply_out(c.id, Pointers(inputs).inputs(), {attrs.data(), attrs.size()}, target)}, c, "out=");
  }
  if (schema_of(c.id).kind == OpKind::view) {
    std::vector<Tensor> inputs = own_inputs(c, false);
    if (!call(c, inputs)[0].shares_storage(inputs[0])) differ("the view is a copy");
  }
  check_gradients(c);
}

// Whether a message begins with the op that complains: this one, or an earlier word for it ("max" of
// "max_dim"). Functions, and few ops beside them, leave it to those that they are made of.
bool names_op(const Case& c, const std::string& message) {
  if (message.rfind("ZeroDivisionError", 0) == 0) return true;
  if (message[0] != '[') return false;
  std::string said = message.substr(1, message.find(']') - 1);
  if (said.back() == '_') said.pop_back();  // in place
  for (const char* part : {"shape", "memory", "index_put", "index_select"})
    if (said == part) return true;
  const Schema& schema = schema_of(c.id);
  return schema.kind == OpKind::function || said == schema.name || c.op.rfind(said, 0) == 0;
}

void check_wrong(const Case& c) {
  try {
    call(c, own_inputs(c, false));
  } catch (const Error& error) {
    std::string message = error.what();
    if (!names_op(c, message)) differ("the message names no op: ", message);
    for (const std::string& word : c.words)
      if (message.find(word) == message.npos) differ("the message lacks '", word, "': ", message);
    return;
  }
  differ("throws nothing");
}

bool holds(const Case& c) {
  try {
    c.throws ? check_wrong(c) : check_right(c);
    return true;
  } catch (const Difference& difference) {
    std::printf("%s(%s): %s\n", c.op.c_str(), c.label.c_str(), difference.text.c_str());
  } catch (const Error& error) {
    std::printf("%s(%s): %s\n", c.op.c_str(), c.label.c_str(), error.what());
  }
  std::fflush(stdout);
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: replay FILE [--all]\n"), 2;
  std::ifstream file(argv[1], std::ios::binary);
  Reader in({std::istreambuf_iterator<char>(file), {}});
  set_backend("reference");
  auto count = in.get<uint32_t>();
  bool all = argc > 2, right = true;
  for (uint32_t i = 0; i < count; ++i) {
    if (holds(read_case(in))) continue;
    right = false;
    if (!all) return 1;
  }
  for (auto [id, unread] : saved_in_vain) {
    const bool is_attention =
        id == OpId::attention || id == OpId::self_attention || id == OpId::scaled_dot_product_attention;
    if (unread == 0 || is_attention) continue;  // its fused gradient reads more than its rule
    right = false;
    std::printf("%s saves %d tensors in vain\n", std::string(name_of(id)).c_str(), unread);
    if (!all) return 1;
  }
  std::printf("%u cases\n", count);
  return right ? 0 : 1;
}
