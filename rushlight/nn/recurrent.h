// Networks that read a sequence step by step, and their single steps.
#pragma once

#include "rushlight/nn/layer.h"

namespace rushlight::nn {

struct RecurrentOptions {
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;  // (batch, time, features) instead of (time, batch, features)
  double dropout = 0;        // between layers
  bool bidirectional = false;
  std::string nonlinearity = "tanh";  // of an RNN; or "relu"
};

// What RNN, GRU and LSTM have in common: weights for each layer and direction, `gates` times the hidden size
// high.
template <class Self>
class Recurrent : public Layer<Self> {
 public:
  Tensor weight(std::string_view name) const;  // "weight_ih_l0"
  std::string details() const override;

 protected:
  Recurrent(int64_t gates, int64_t input_size, int64_t hidden_size, const RecurrentOptions& options);
  std::vector<Module::OwnedMember> own_tensors() const override;

  // (items of the batch): zeros where no state is given; checked where one is.
  Tensor state_or_zeros(const Tensor& x, const Tensor& state) const;
  Tensor batched(const Tensor& x) const;
  Tensor unbatched(const Tensor& x, const Tensor& like) const;
  std::vector<Tensor> weights() const;

  RecurrentOptions options_;
  int64_t input_size_, hidden_size_;

 private:
  std::vector<std::string> names_;
  std::vector<Parameter> weights_;
};

struct RecurrentResult {
  Tensor output;  // of the last layer, at each step
  Tensor hidden;  // (layers * directions, batch, hidden): after the last step
};
struct LSTMState {
  Tensor hidden{}, cell{};
};
struct LSTMResult {
  Tensor output;
  LSTMState state;
};

class RNN : public Recurrent<RNN> {
 public:
  RNN(int64_t input_size, int64_t hidden_size, const RecurrentOptions& options = {});
  RecurrentResult forward(const Tensor& x, const Tensor& hidden = {}) const;
};

class GRU : public Recurrent<GRU> {
 public:
  GRU(int64_t input_size, int64_t hidden_size, const RecurrentOptions& options = {});
  RecurrentResult forward(const Tensor& x, const Tensor& hidden = {}) const;
};

class LSTM : public Recurrent<LSTM> {
 public:
  LSTM(int64_t input_size, int64_t hidden_size, const RecurrentOptions& options = {});
  LSTMResult forward(const Tensor& x, const LSTMState& state = {}) const;
};

struct CellOptions {
  bool bias = true;
  std::string nonlinearity = "tanh";  // of an RNNCell; or "relu"
};

// The weights of one step.
template <class Self>
class RecurrentCell : public Layer<Self> {
 public:
  std::string details() const override;

  Parameter weight_ih, weight_hh, bias_ih, bias_hh;

 protected:
  RecurrentCell(int64_t gates, int64_t input_size, int64_t hidden_size, bool bias);
  Tensor state_or_zeros(const Tensor& x, const Tensor& state) const;
};

class RNNCell : public RecurrentCell<RNNCell> {
 public:
  RNNCell(int64_t input_size, int64_t hidden_size, const CellOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& hidden = {}) const;
  std::string details() const override;

 private:
  bool relu_;
};

class GRUCell : public RecurrentCell<GRUCell> {
 public:
  GRUCell(int64_t input_size, int64_t hidden_size, const CellOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& hidden = {}) const;
};

class LSTMCell : public RecurrentCell<LSTMCell> {
 public:
  LSTMCell(int64_t input_size, int64_t hidden_size, const CellOptions& options = {});
  LSTMState forward(const Tensor& x, const LSTMState& state = {}) const;
};

}  // namespace rushlight::nn
