#include "rushlight/nn/recurrent.h"

#include <algorithm>
#include <cmath>

#include "rushlight/generated/functions.h"
#include "rushlight/nn/init.h"

namespace rushlight::nn {

namespace {

Tensor uniform_of(const IntList& shape, int64_t hidden_size) {
  return init::within(shape, hidden_size > 0 ? 1 / std::sqrt(static_cast<double>(hidden_size)) : 0);
}

bool is_relu(const char* layer, const std::string& nonlinearity) {
  if (nonlinearity != "tanh" && nonlinearity != "relu")
    fail(ErrorKind::value, "[", layer, "] nonlinearity is \"tanh\" or \"relu\", not \"", nonlinearity, "\"");
  return nonlinearity == "relu";
}

}  // namespace

// -- sequences

template <class Self>
Recurrent<Self>::Recurrent(int64_t gates, int64_t input_size, int64_t hidden_size,
                           const RecurrentOptions& options)
    : options_(options), input_size_(input_size), hidden_size_(hidden_size) {
  if (options.num_layers < 1 || hidden_size < 1 || input_size < 1 ||
      !(options.dropout >= 0 && options.dropout <= 1))
    fail(ErrorKind::value, "[", short_name<Self>(),
         "] needs at least one layer, input and hidden feature, and a ", "dropout between 0 and 1");
  const int64_t directions = options.bidirectional ? 2 : 1;
  const auto add = [&](const char* name, int64_t layer, int64_t direction, const IntList& shape) {
    names_.push_back(join_text(name, "_l", layer, direction ? "_reverse" : ""));
    weights_.emplace_back(uniform_of(shape, hidden_size).requires_grad_());
  };
  for (int64_t layer = 0; layer < options.num_layers; ++layer)
    for (int64_t direction = 0; direction < directions; ++direction) {
      add("weight_ih", layer, direction,
          {gates * hidden_size, layer ? hidden_size * directions : input_size});
      add("weight_hh", layer, direction, {gates * hidden_size, hidden_size});
      if (!options.bias) continue;
      add("bias_ih", layer, direction, {gates * hidden_size});
      add("bias_hh", layer, direction, {gates * hidden_size});
    }
}

template <class Self>
std::vector<Module::OwnedMember> Recurrent<Self>::own_tensors() const {
  std::vector<Module::OwnedMember> found;
  for (size_t i = 0; i < names_.size(); ++i)
    found.push_back({names_[i], Role::parameter, const_cast<Parameter*>(&weights_[i])});
  return found;
}

template <class Self>
Tensor Recurrent<Self>::weight(std::string_view name) const {
  for (size_t i = 0; i < names_.size(); ++i)
    if (names_[i] == name) return weights_[i];
  fail(ErrorKind::index, "[", short_name<Self>(), "] has no weight called \"", name, "\"");
}

template <class Self>
std::vector<Tensor> Recurrent<Self>::weights() const {
  return {weights_.begin(), weights_.end()};
}

template <class Self>
Tensor Recurrent<Self>::batched(const Tensor& x) const {
  if ((x.rank() != 2 && x.rank() != 3) || x.size(-1) != input_size_)
    fail(ErrorKind::value, "[", short_name<Self>(), "] needs ",
         options_.batch_first ? "(batch, time, " : "(time, batch, ", input_size_,
         "), or one sequence without a batch, but the shape is ", x.shape());
  return x.rank() == 3 ? x : x.unsqueeze(options_.batch_first ? 0 : 1);
}

template <class Self>
Tensor Recurrent<Self>::unbatched(const Tensor& output, const Tensor& like) const {
  return like.rank() == 3 ? output : output.select(options_.batch_first ? 0 : 1, 0);
}

template <class Self>
Tensor Recurrent<Self>::state_or_zeros(const Tensor& x, const Tensor& state) const {
  const int64_t layers = options_.num_layers * (options_.bidirectional ? 2 : 1);
  const int64_t items = x.rank() == 2 ? 1 : x.size(options_.batch_first ? 0 : 1);
  if (!state.defined()) return full({layers, items, hidden_size_}, 0.0, {.dtype = x.dtype()});
  const Tensor batch = x.rank() == 2 && state.rank() == 2 ? state.unsqueeze(1) : state;
  const IntList wanted{layers, items, hidden_size_};
  if (!std::ranges::equal(batch.shape(), wanted))
    fail(ErrorKind::value, "[", short_name<Self>(), "] the hidden state must have shape ",
         static_cast<IntSpan>(wanted), ", but it has ", state.shape());
  return batch;
}

template <class Self>
std::string Recurrent<Self>::details() const {
  std::string text = join_text(input_size_, ", ", hidden_size_);
  if (options_.num_layers != 1) text += join_text(", num_layers=", options_.num_layers);
  if (!options_.bias) text += ", bias=False";
  if (options_.batch_first) text += ", batch_first=True";
  if (options_.dropout != 0) text += join_text(", dropout=", options_.dropout);
  if (options_.bidirectional) text += ", bidirectional=True";
  return text;
}

RNN::RNN(int64_t input_size, int64_t hidden_size, const RecurrentOptions& options)
    : Recurrent(1, input_size, hidden_size, options) {
  (void)is_relu("RNN", options.nonlinearity);
}

RecurrentResult RNN::forward(const Tensor& x, const Tensor& hidden) const {
  const auto run = [&](auto op) -> RecurrentResult {
    auto [output, last] =
        op(batched(x), state_or_zeros(x, hidden), TensorList(weights()), options_.bias, options_.num_layers,
           options_.dropout, is_training(), options_.bidirectional, options_.batch_first);
    return {unbatched(output, x), x.rank() == 3 ? last : last.select(1, 0)};
  };
  return options_.nonlinearity == "relu" ? run(rnn_relu) : run(rnn_tanh);
}

GRU::GRU(int64_t input_size, int64_t hidden_size, const RecurrentOptions& options)
    : Recurrent(3, input_size, hidden_size, options) {}

RecurrentResult GRU::forward(const Tensor& x, const Tensor& hidden) const {
  auto [output, last] =
      gru(batched(x), state_or_zeros(x, hidden), weights(), options_.bias, options_.num_layers,
          options_.dropout, is_training(), options_.bidirectional, options_.batch_first);
  return {unbatched(output, x), x.rank() == 3 ? last : last.select(1, 0)};
}

LSTM::LSTM(int64_t input_size, int64_t hidden_size, const RecurrentOptions& options)
    : Recurrent(4, input_size, hidden_size, options) {}

LSTMResult LSTM::forward(const Tensor& x, const LSTMState& state) const {
  auto [output, h, c] = lstm(batched(x), state_or_zeros(x, state.hidden), state_or_zeros(x, state.cell),
                             weights(), options_.bias, options_.num_layers, options_.dropout, is_training(),
                             options_.bidirectional, options_.batch_first);
  if (x.rank() == 3) return {output, {h, c}};
  return {unbatched(output, x), {h.select(1, 0), c.select(1, 0)}};
}

template class Recurrent<RNN>;
template class Recurrent<GRU>;
template class Recurrent<LSTM>;

// -- single steps

template <class Self>
RecurrentCell<Self>::RecurrentCell(int64_t gates, int64_t input_size, int64_t hidden_size, bool bias)
    : weight_ih(this->parameter("weight_ih", uniform_of({gates * hidden_size, input_size}, hidden_size))),
      weight_hh(this->parameter("weight_hh", uniform_of({gates * hidden_size, hidden_size}, hidden_size))),
      bias_ih(this->parameter("bias_ih", bias ? uniform_of(gates * hidden_size, hidden_size) : Tensor())),
      bias_hh(this->parameter("bias_hh", bias ? uniform_of(gates * hidden_size, hidden_size) : Tensor())) {}

template <class Self>
Tensor RecurrentCell<Self>::state_or_zeros(const Tensor& x, const Tensor& state) const {
  if (state.defined()) return state;
  const int64_t hidden = weight_hh.size(1);
  return full(x.rank() == 1 ? IntList(hidden) : IntList{x.size(0), hidden}, 0.0, {.dtype = x.dtype()});
}

template <class Self>
std::string RecurrentCell<Self>::details() const {
  return join_text(weight_ih.size(1), ", ", weight_hh.size(1), bias_ih.defined() ? "" : ", bias=False");
}

RNNCell::RNNCell(int64_t input_size, int64_t hidden_size, const CellOptions& options)
    : RecurrentCell(1, input_size, hidden_size, options.bias),
      relu_(is_relu("RNNCell", options.nonlinearity)) {}

Tensor RNNCell::forward(const Tensor& x, const Tensor& hidden) const {
  const Tensor state = state_or_zeros(x, hidden);
  if (relu_) return rnn_relu_cell(x, state, weight_ih, weight_hh, {.b_ih = bias_ih, .b_hh = bias_hh});
  return rnn_tanh_cell(x, state, weight_ih, weight_hh, {.b_ih = bias_ih, .b_hh = bias_hh});
}

std::string RNNCell::details() const {
  return RecurrentCell::details() + (relu_ ? ", nonlinearity=relu" : "");
}

GRUCell::GRUCell(int64_t input_size, int64_t hidden_size, const CellOptions& options)
    : RecurrentCell(3, input_size, hidden_size, options.bias) {}

Tensor GRUCell::forward(const Tensor& x, const Tensor& hidden) const {
  return gru_cell(x, state_or_zeros(x, hidden), weight_ih, weight_hh, {.b_ih = bias_ih, .b_hh = bias_hh});
}

LSTMCell::LSTMCell(int64_t input_size, int64_t hidden_size, const CellOptions& options)
    : RecurrentCell(4, input_size, hidden_size, options.bias) {}

LSTMState LSTMCell::forward(const Tensor& x, const LSTMState& state) const {
  auto [h, c] = lstm_cell(x, {state_or_zeros(x, state.hidden), state_or_zeros(x, state.cell)}, weight_ih,
                          weight_hh, {.b_ih = bias_ih, .b_hh = bias_hh});
  return {h, c};
}

template class RecurrentCell<RNNCell>;
template class RecurrentCell<GRUCell>;
template class RecurrentCell<LSTMCell>;

}  // namespace rushlight::nn
