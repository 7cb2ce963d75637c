// Recurrent nets: single steps (cells) and whole sequences of RNN, LSTM and GRU.
#include <vector>

#include "rushlight/ops/product_rules.h"

namespace rushlight {

namespace {

enum class Cell : uint8_t { tanh, relu, lstm, gru };

int64_t gate_count(Cell cell) { return cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1; }

struct Weights {
  Tensor input, hidden, input_bias, hidden_bias;  // the biases may be undefined
};

struct State {
  Tensor h, c;  // c: LSTM only
};

void expect_sizes(const char* op, const char* name, const Tensor& tensor,
                  std::initializer_list<int64_t> sizes) {
  expect_exact_rank(op, name, tensor, static_cast<int>(sizes.size()));
  if (!std::equal(sizes.begin(), sizes.end(), tensor.shape().begin()))
    fail(ErrorKind::runtime, "[", op, "] argument '", name, "' must have shape ", Ints(sizes),
         ", but it has ", tensor.shape());
}

void check_weights(const char* op, Cell cell, const Weights& weights, int64_t features, int64_t hidden) {
  int64_t rows = gate_count(cell) * hidden;
  expect_sizes(op, "w_ih", weights.input, {rows, features});
  expect_sizes(op, "w_hh", weights.hidden, {rows, hidden});
  if (weights.input_bias.defined()) expect_sizes(op, "b_ih", weights.input_bias, {rows});
  if (weights.hidden_bias.defined()) expect_sizes(op, "b_hh", weights.hidden_bias, {rows});
}

// The gates stand one after the other in the last dimension.
Tensor gate(const Tensor& gates, int64_t which, int64_t hidden) {
  return slice(gates, {.dim = -1, .start = which * hidden, .end = (which + 1) * hidden});
}

State lstm_step(const Tensor& gates, const State& before) {
  int64_t hidden = before.h.shape().back();
  Tensor in = sigmoid(gate(gates, 0, hidden)), forget = sigmoid(gate(gates, 1, hidden));
  Tensor candidate = tanh(gate(gates, 2, hidden)), out = sigmoid(gate(gates, 3, hidden));
  Tensor c = forget * before.c + in * candidate;
  return {out * tanh(c), c};
}

State gru_step(const Tensor& from_input, const Tensor& from_hidden, const State& before) {
  int64_t hidden = before.h.shape().back();
  auto both = [&](int64_t which) {
    return gate(from_input, which, hidden) + gate(from_hidden, which, hidden);
  };
  Tensor reset = sigmoid(both(0)), keep = sigmoid(both(1));
  Tensor candidate = tanh(gate(from_input, 2, hidden) + reset * gate(from_hidden, 2, hidden));
  return {candidate + keep * (before.h - candidate), {}};
}

// `from_input` is what the input contributes to the gates: whole sequences compute it in one product.
State step(Cell cell, const Tensor& from_input, const State& before, const Weights& weights) {
  Tensor from_hidden = linear(before.h, weights.hidden, {.bias = weights.hidden_bias});
  switch (cell) {
    case Cell::lstm: return lstm_step(from_input + from_hidden, before);
    case Cell::gru: return gru_step(from_input, from_hidden, before);
    case Cell::tanh: return {tanh(from_input + from_hidden), {}};
    case Cell::relu: break;
  }
  return {relu(from_input + from_hidden), {}};
}

State run_cell(const char* op, Cell cell, const Tensor& input, const State& state, const Weights& weights) {
  expect_exact_rank(op, "input", input, 2);
  expect_exact_rank(op, "hx", state.h, 2);
  expect_sizes(op, "hx", state.h, {input.size(0), state.h.size(1)});
  if (cell == Cell::lstm) expect_sizes(op, "hx", state.c, {input.size(0), state.h.size(1)});
  check_weights(op, cell, weights, input.size(1), state.h.size(1));
  return step(cell, linear(input, weights.input, {.bias = weights.input_bias}), state, weights);
}

// -- sequences

struct Net {
  const char* op;
  Cell cell;
  TensorList params;
  bool has_biases;
  int64_t layers;
  double dropout;
  bool train, bidirectional, batch_first;

  size_t directions() const { return bidirectional ? 2 : 1; }
  size_t runs() const { return static_cast<size_t>(layers) * directions(); }
  size_t weights_per_run() const { return has_biases ? 4 : 2; }
  Weights weights(size_t run) const {
    const Tensor* first = params.begin() + run * weights_per_run();
    return {first[0], first[1], has_biases ? first[2] : Tensor(), has_biases ? first[3] : Tensor()};
  }
};

struct Sequence {
  Tensor output, h, c;
};

void check_net(const Net& net, const Tensor& input, const Tensor& h) {
  expect_exact_rank(net.op, "input", input, 3);
  expect_exact_rank(net.op, "hx", h, 3);
  if (net.layers < 1)
    fail(ErrorKind::value, "[", net.op, "] num_layers must be at least 1, but it is ", net.layers);
  if (net.params.size() != net.runs() * net.weights_per_run())
    fail(ErrorKind::runtime, "[", net.op, "] params must hold ", net.weights_per_run(),
         " tensors for each of ", net.runs(), " layers and directions, but holds ", net.params.size());
  for (const Tensor& weight : net.params) expect_given(net.op, "params", weight);
  if (input.size(net.batch_first ? 1 : 0) == 0)
    fail(ErrorKind::runtime, "[", net.op, "] the sequence is empty");
  int64_t batch = input.size(net.batch_first ? 0 : 1);
  expect_sizes(net.op, "hx", h, {static_cast<int64_t>(net.runs()), batch, h.size(2)});
}

// One layer in one direction over (time, batch, features).
Sequence run_direction(const Net& net, const Tensor& input, State state, size_t run) {
  Weights weights = net.weights(run);
  check_weights(net.op, net.cell, weights, input.size(2), state.h.size(1));
  Tensor from_input = linear(input, weights.input, {.bias = weights.input_bias});
  int64_t length = input.size(0);
  bool backwards = run % net.directions() == 1;
  std::vector<Tensor> outputs(static_cast<size_t>(length));
  for (int64_t i = 0; i < length; ++i) {
    int64_t t = backwards ? length - 1 - i : i;
    state = step(net.cell, select(from_input, 0, t), state, weights);
    outputs[static_cast<size_t>(t)] = state.h;
  }
  return {stack(outputs), state.h, state.c};
}

Sequence run_net(const Net& net, const Tensor& input, const Tensor& h, const Tensor& c) {
  check_net(net, input, h);
  if (net.cell == Cell::lstm) expect_sizes(net.op, "c_0", c, {h.size(0), h.size(1), h.size(2)});
  Tensor flow = net.batch_first ? transpose(input, 0, 1) : input;
  std::vector<Tensor> last_h, last_c;
  for (size_t run = 0; run < net.runs();) {
    if (run && net.train && net.dropout > 0) flow = dropout(flow, {.p = net.dropout});
    std::vector<Tensor> outputs;
    for (size_t direction = 0; direction < net.directions(); ++direction, ++run) {
      auto at = static_cast<int64_t>(run);
      State state{select(h, 0, at), c.defined() ? select(c, 0, at) : Tensor()};
      Sequence done = run_direction(net, flow, state, run);
      outputs.push_back(done.output);
      last_h.push_back(done.h);
      if (c.defined()) last_c.push_back(done.c);
    }
    flow = net.bidirectional ? cat(outputs, {.dim = -1}) : outputs[0];
  }
  return {net.batch_first ? transpose(flow, 0, 1) : flow, stack(last_h),
          c.defined() ? stack(last_c) : Tensor()};
}

}  // namespace

LstmCellResult lstm_cell(const Tensor& input, TensorList hx, const Tensor& w_ih, const Tensor& w_hh,
                         const LstmCellOptions& options) {
  if (hx.size() != 2)
    fail(ErrorKind::runtime, "[lstm_cell] hx must be the two tensors (h, c), but holds ", hx.size());
  State state =
      run_cell("lstm_cell", Cell::lstm, input, {hx[0], hx[1]}, {w_ih, w_hh, options.b_ih, options.b_hh});
  return {state.h, state.c};
}
Tensor gru_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                const GruCellOptions& options) {
  return run_cell("gru_cell", Cell::gru, input, {hx, {}}, {w_ih, w_hh, options.b_ih, options.b_hh}).h;
}
Tensor rnn_tanh_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                     const RnnTanhCellOptions& options) {
  return run_cell("rnn_tanh_cell", Cell::tanh, input, {hx, {}}, {w_ih, w_hh, options.b_ih, options.b_hh}).h;
}
Tensor rnn_relu_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                     const RnnReluCellOptions& options) {
  return run_cell("rnn_relu_cell", Cell::relu, input, {hx, {}}, {w_ih, w_hh, options.b_ih, options.b_hh}).h;
}

LstmResult lstm(const Tensor& input, const Tensor& h_0, const Tensor& c_0, TensorList params, bool has_biases,
                int64_t num_layers, double dropout, bool train, bool bidirectional, bool batch_first) {
  expect_given("lstm", "c_0", c_0);
  Net net{"lstm", Cell::lstm, params, has_biases, num_layers, dropout, train, bidirectional, batch_first};
  Sequence done = run_net(net, input, h_0, c_0);
  return {done.output, done.h, done.c};
}
GruResult gru(const Tensor& input, const Tensor& hx, TensorList params, bool has_biases, int64_t num_layers,
              double dropout, bool train, bool bidirectional, bool batch_first) {
  Net net{"gru", Cell::gru, params, has_biases, num_layers, dropout, train, bidirectional, batch_first};
  Sequence done = run_net(net, input, hx, {});
  return {done.output, done.h};
}
RnnTanhResult rnn_tanh(const Tensor& input, const Tensor& hx, TensorList params, bool has_biases,
                       int64_t num_layers, double dropout, bool train, bool bidirectional, bool batch_first) {
  Net net{"rnn_tanh", Cell::tanh, params, has_biases, num_layers, dropout, train, bidirectional, batch_first};
  Sequence done = run_net(net, input, hx, {});
  return {done.output, done.h};
}
RnnReluResult rnn_relu(const Tensor& input, const Tensor& hx, TensorList params, bool has_biases,
                       int64_t num_layers, double dropout, bool train, bool bidirectional, bool batch_first) {
  Net net{"rnn_relu", Cell::relu, params, has_biases, num_layers, dropout, train, bidirectional, batch_first};
  Sequence done = run_net(net, input, hx, {});
  return {done.output, done.h};
}

}  // namespace rushlight
