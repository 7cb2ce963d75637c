#include "rushlight/scalar/mlp.h"

#include "rushlight/base/error.h"

namespace rushlight::scalar {

Neuron::Neuron(int inputs, bool nonlinear, RandomStream& random) : nonlinear_(nonlinear) {
  for (int i = 0; i < inputs; ++i) weights_.push_back(random.uniform(-1, 1));
}

Value Neuron::operator()(std::span<const Value> x) const {
  const Value sum = dot(weights_, x) + bias_;
  return nonlinear_ ? relu(sum) : sum;
}

void Neuron::append_parameters(Values& all) const {
  all.insert(all.end(), weights_.begin(), weights_.end());
  all.push_back(bias_);
}

Layer::Layer(int inputs, int outputs, bool nonlinear, RandomStream& random) {
  for (int i = 0; i < outputs; ++i) neurons_.emplace_back(inputs, nonlinear, random);
}

Values Layer::operator()(std::span<const Value> x) const {
  Values outputs;
  outputs.reserve(neurons_.size());
  for (const Neuron& neuron : neurons_) outputs.push_back(neuron(x));
  return outputs;
}

void Layer::append_parameters(Values& all) const {
  for (const Neuron& neuron : neurons_) neuron.append_parameters(all);
}

MLP::MLP(std::initializer_list<int> sizes, uint64_t seed) {
  RandomStream random(seed);
  for (const int* size = sizes.begin(); size + 1 < sizes.end(); ++size) {
    const bool nonlinear = size + 2 < sizes.end();
    layers_.emplace_back(size[0], size[1], nonlinear, random);
    layers_.back().append_parameters(parameters_);
  }
}

Values MLP::operator()(std::span<const Value> x) const {
  Values activations(x.begin(), x.end());
  for (const Layer& layer : layers_) activations = layer(activations);
  return activations;
}

void SGD::step() {
  for (const Value& parameter : parameters_) parameter.data() -= learning_rate * parameter.grad();
}

Value hinge_loss(std::span<const Value> scores, std::span<const int> labels) {
  if (scores.size() != labels.size())
    fail(ErrorKind::value, "[hinge_loss] ", scores.size(), " scores for ", labels.size(), " labels");
  Values losses;
  losses.reserve(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) losses.push_back(relu(1 - labels[i] * scores[i]));
  return sum(losses) / static_cast<double>(losses.size());
}

Value l2_penalty(std::span<const Value> parameters, double strength) {
  return strength * dot(parameters, parameters);
}

}  // namespace rushlight::scalar
