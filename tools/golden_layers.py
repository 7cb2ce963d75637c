"""Writes tests/nn/layers.inc: what PyTorch's layers make of the same weights and inputs. Needs PyTorch.

    ./dev python tools/golden_layers.py

Of each layer: the names of its state, then a digest of the output and of each gradient. A digest is a weighted sum, and
the weights look random, so that no two wrong numbers cancel.
"""
import math
import pathlib

import torch
from torch import nn

TARGET = pathlib.Path(__file__).parent.parent / "tests/nn/layers.inc"


def scattered(shape, state):
    """Numbers in [0, 1) that look random; the test makes the same."""
    numbers = []
    for _ in range(math.prod(shape)):
        state = (state * 1664525 + 1013904223) % 2**32
        numbers.append((state >> 8) / 2**24)
    return torch.tensor(numbers, dtype=torch.float64).reshape(shape)


def digest(tensor):
    return (tensor.detach().double() * scattered(tensor.shape, 99)).sum().item()


def fill(module):
    for i, (name, tensor) in enumerate(module.state_dict().items()):
        if tensor.is_floating_point():
            tensor.copy_(scattered(tensor.shape, 1000 + i) - (0 if "var" in name else 0.5))


def of_words(module, shape):
    return [(scattered(shape, 5) * module.num_embeddings).long()]


ONES = {"reduction": "sum"}
SEVERAL_LABELS = torch.tensor([[3, 0, -1, 1, 2], [4, -1, 0, 0, 0], [-1, 1, 2, 3, 4], [0, 1, 2, 3, 4]])
LAYERS = [
    ("linear", nn.Linear(3, 4), [(5, 3)]),
    ("linear_no_bias", nn.Linear(3, 4, bias=False), [(2, 5, 3)]),
    ("bilinear", nn.Bilinear(3, 2, 4), [(5, 3), (5, 2)]),
    ("embedding", nn.Embedding(7, 3, padding_idx=2), of_words(nn.Embedding(7, 3), (4, 5))),
    ("embedding_max_norm", nn.Embedding(7, 3, max_norm=0.4, norm_type=1.0), of_words(nn.Embedding(7, 3), (4, 5))),
    ("conv1d", nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), [(2, 4, 9)]),
    ("conv2d", nn.Conv2d(3, 5, (3, 2), padding=(2, 1), dilation=(1, 2), bias=False), [(2, 3, 6, 7)]),
    ("conv2d_same", nn.Conv2d(3, 4, 4, padding="same"), [(2, 3, 6, 7)]),
    ("conv2d_reflect", nn.Conv2d(3, 4, 3, padding=2, padding_mode="reflect"), [(2, 3, 6, 7)]),
    ("conv2d_circular", nn.Conv2d(3, 4, 3, padding="same", padding_mode="circular"), [(2, 3, 6, 7)]),
    ("conv3d", nn.Conv3d(2, 3, 2), [(2, 2, 3, 4, 5)]),
    ("conv_transpose1d", nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), [(2, 4, 5)]),
    ("conv_transpose2d", nn.ConvTranspose2d(3, 5, 3, stride=(2, 1), bias=False), [(2, 3, 4, 5)]),
    ("conv_transpose3d", nn.ConvTranspose3d(2, 3, 2, dilation=2), [(1, 2, 3, 4, 3)]),
    ("max_pool1d", nn.MaxPool1d(3, padding=1), [(2, 3, 10)]),
    ("max_pool2d", nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True), [(2, 3, 6, 7)]),
    ("max_pool3d", nn.MaxPool3d(2), [(1, 2, 4, 4, 6)]),
    ("avg_pool1d", nn.AvgPool1d(2), [(2, 3, 8)]),
    ("avg_pool2d", nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), [(2, 3, 6, 7)]),
    ("avg_pool3d", nn.AvgPool3d(2), [(1, 2, 4, 4, 6)]),
    ("adaptive_max_pool1d", nn.AdaptiveMaxPool1d(3), [(2, 3, 8)]),
    ("adaptive_max_pool2d", nn.AdaptiveMaxPool2d((2, 3)), [(2, 3, 6, 7)]),
    ("adaptive_max_pool3d", nn.AdaptiveMaxPool3d(2), [(1, 2, 4, 5, 6)]),
    ("adaptive_avg_pool1d", nn.AdaptiveAvgPool1d(3), [(2, 3, 8)]),
    ("adaptive_avg_pool2d", nn.AdaptiveAvgPool2d(1), [(2, 3, 6, 7)]),
    ("adaptive_avg_pool3d", nn.AdaptiveAvgPool3d(2), [(1, 2, 4, 5, 6)]),
    ("lp_pool1d", nn.LPPool1d(4, 2, stride=1), [(2, 3, 8)]),
    ("lp_pool2d", nn.LPPool2d(2, 3), [(2, 3, 6, 7)]),
    ("max_unpool2d", nn.MaxUnpool2d(2), [(2, 3, 2, 2), torch.tensor([0, 3, 9, 14]).reshape(1, 1, 2, 2).repeat(2, 3, 1, 1)]),
    ("zero_pad1d", nn.ZeroPad1d(2), [(2, 3, 4)]),
    ("constant_pad3d", nn.ConstantPad3d((1, 0, 2, 1, 0, 1), 0.5), [(2, 2, 3, 3, 2)]),
    ("reflection_pad2d", nn.ReflectionPad2d((1, 2, 0, 1)), [(2, 3, 4, 5)]),
    ("replication_pad2d", nn.ReplicationPad2d(1), [(2, 3, 4, 5)]),
    ("circular_pad1d", nn.CircularPad1d((2, 1)), [(2, 3, 4)]),
    ("pixel_shuffle", nn.PixelShuffle(2), [(2, 8, 3, 4)]),
    ("pixel_unshuffle", nn.PixelUnshuffle(2), [(2, 3, 4, 6)]),
    ("channel_shuffle", nn.ChannelShuffle(3), [(2, 6, 4)]),
    ("unfold", nn.Unfold((2, 3), padding=1, stride=2), [(2, 3, 4, 5)]),
    ("fold", nn.Fold((4, 5), 2), [(2, 8, 12)]),
    ("upsample", nn.Upsample(scale_factor=2, mode="bilinear"), [(2, 3, 4, 5)]),
    ("batch_norm1d", nn.BatchNorm1d(3), [(5, 3)]),
    ("batch_norm1d_length", nn.BatchNorm1d(3, momentum=None), [(5, 3, 4)]),
    ("batch_norm2d", nn.BatchNorm2d(3, eps=0.1, momentum=0.3), [(4, 3, 5, 6)]),
    ("batch_norm2d_eval", nn.BatchNorm2d(3).eval(), [(4, 3, 5, 6)]),
    ("batch_norm3d", nn.BatchNorm3d(2, affine=False, track_running_stats=False), [(3, 2, 2, 3, 4)]),
    ("instance_norm1d", nn.InstanceNorm1d(3), [(4, 3, 5)]),
    ("instance_norm2d", nn.InstanceNorm2d(3, affine=True, track_running_stats=True), [(4, 3, 5, 6)]),
    ("instance_norm2d_eval", nn.InstanceNorm2d(3, affine=True, track_running_stats=True).eval(), [(4, 3, 5, 6)]),
    ("instance_norm3d", nn.InstanceNorm3d(2), [(2, 2, 2, 3, 4)]),
    ("layer_norm", nn.LayerNorm([3, 4]), [(5, 3, 4)]),
    ("layer_norm_no_bias", nn.LayerNorm(4, bias=False, eps=0.1), [(5, 4)]),
    ("rms_norm", nn.RMSNorm(4), [(5, 4)]),
    ("group_norm", nn.GroupNorm(2, 6), [(3, 6, 4)]),
    ("group_norm_no_bias", nn.GroupNorm(2, 6, bias=False), [(3, 6, 4)]),
    ("batch_norm1d_no_bias", nn.BatchNorm1d(3, bias=False), [(5, 3)]),
    ("local_response_norm", nn.LocalResponseNorm(3, alpha=0.5, beta=0.6, k=0.7), [(2, 5, 3, 4)]),
    ("local_response_norm_even", nn.LocalResponseNorm(2), [(2, 5, 3)]),
    ("relu", nn.ReLU(), [(4, 5)]),
    ("relu6", nn.ReLU6(), [(4, 5)]),
    ("selu", nn.SELU(), [(4, 5)]),
    ("silu", nn.SiLU(), [(4, 5)]),
    ("mish", nn.Mish(), [(4, 5)]),
    ("sigmoid", nn.Sigmoid(), [(4, 5)]),
    ("log_sigmoid", nn.LogSigmoid(), [(4, 5)]),
    ("hardsigmoid", nn.Hardsigmoid(), [(4, 5)]),
    ("hardswish", nn.Hardswish(), [(4, 5)]),
    ("tanh", nn.Tanh(), [(4, 5)]),
    ("tanhshrink", nn.Tanhshrink(), [(4, 5)]),
    ("softsign", nn.Softsign(), [(4, 5)]),
    ("leaky_relu", nn.LeakyReLU(0.2), [(4, 5)]),
    ("elu", nn.ELU(0.5), [(4, 5)]),
    ("celu", nn.CELU(0.5), [(4, 5)]),
    ("softplus", nn.Softplus(2.0, 1.0), [(4, 5)]),
    ("hardtanh", nn.Hardtanh(-0.25, 0.25), [(4, 5)]),
    ("softshrink", nn.Softshrink(0.25), [(4, 5)]),
    ("hardshrink", nn.Hardshrink(0.25), [(4, 5)]),
    ("glu", nn.GLU(1), [(4, 6)]),
    ("gelu", nn.GELU(), [(4, 5)]),
    ("gelu_tanh", nn.GELU("tanh"), [(4, 5)]),
    ("threshold", nn.Threshold(0.1, 0.5), [(4, 5)]),
    ("prelu", nn.PReLU(3), [(4, 3)]),
    ("softmax", nn.Softmax(1), [(4, 5)]),
    ("log_softmax", nn.LogSoftmax(0), [(4, 5)]),
    ("softmax2d", nn.Softmax2d(), [(2, 3, 4, 5)]),
    ("rrelu_eval", nn.RReLU(0.1, 0.5).eval(), [(4, 5)]),
    ("cosine_similarity", nn.CosineSimilarity(dim=0), [(4, 5), (4, 5)]),
    ("pairwise_distance", nn.PairwiseDistance(p=3, keepdim=True), [(4, 5), (4, 5)]),
    ("softmin", nn.Softmin(1), [(4, 5)]),
    ("flatten", nn.Flatten(2), [(2, 3, 4, 5)]),
    ("unflatten", nn.Unflatten(1, (2, 3)), [(4, 6)]),
    ("identity", nn.Identity(), [(4, 5)]),
    ("dropout_none", nn.Dropout(0.0), [(4, 5)]),
    ("attention", nn.MultiheadAttention(6, 2), [(5, 3, 6)] * 3),
    ("attention_batch_first", nn.MultiheadAttention(6, 3, bias=False, batch_first=True), [(3, 4, 6), (3, 5, 6), (3, 5, 6)]),
    ("attention_other_features", nn.MultiheadAttention(6, 2, kdim=5, vdim=7), [(5, 3, 6), (4, 3, 5), (4, 3, 7)]),
    ("attention_unbatched", nn.MultiheadAttention(6, 2), [(5, 6), (4, 6), (4, 6)]),
    ("encoder_layer", nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0), [(5, 3, 6)]),
    ("encoder_layer_norm_first", nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0, activation="gelu", batch_first=True, norm_first=True), [(3, 5, 6)]),
    ("encoder", nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0), 2, nn.LayerNorm(6)), [(5, 3, 6)]),
    ("decoder_layer", nn.TransformerDecoderLayer(6, 2, 8, dropout=0.0), [(5, 3, 6), (4, 3, 6)]),
    ("decoder_norm_first", nn.TransformerDecoder(nn.TransformerDecoderLayer(6, 2, 8, dropout=0.0, norm_first=True, batch_first=True), 2), [(3, 5, 6), (3, 4, 6)]),
    ("rnn", nn.RNN(3, 4, num_layers=2, nonlinearity="relu"), [(5, 2, 3)]),
    ("rnn_tanh", nn.RNN(3, 4, batch_first=True, bias=False), [(2, 5, 3)]),
    ("gru", nn.GRU(3, 4, bidirectional=True), [(5, 2, 3)]),
    ("lstm", nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True), [(2, 5, 3)]),
    ("lstm_unbatched", nn.LSTM(3, 4), [(5, 3)]),
    ("rnn_cell", nn.RNNCell(3, 4), [(2, 3)]),
    ("gru_cell", nn.GRUCell(3, 4), [(2, 3), (2, 4)]),
    ("lstm_cell", nn.LSTMCell(3, 4, bias=False), [(2, 3)]),
    ("mse_loss", nn.MSELoss(), [(4, 5), (4, 5)]),
    ("l1_loss", nn.L1Loss(**ONES), [(4, 5), (4, 5)]),
    ("smooth_l1_loss", nn.SmoothL1Loss(beta=0.2), [(4, 5), (4, 5)]),
    ("huber_loss", nn.HuberLoss(delta=0.2), [(4, 5), (4, 5)]),
    ("cross_entropy_loss", nn.CrossEntropyLoss(label_smoothing=0.1), [(4, 5), torch.tensor([0, 3, 4, 1])]),
    ("nll_loss", nn.NLLLoss(ignore_index=3), [(4, 5), torch.tensor([0, 3, 4, 1])]),
    ("bce_loss", nn.BCELoss(), ["positive", "positive"]),
    ("bce_with_logits_loss", nn.BCEWithLogitsLoss(**ONES), [(4, 5), "positive"]),
    ("kl_div_loss", nn.KLDivLoss(reduction="batchmean"), [(4, 5), "positive"]),
    ("soft_margin_loss", nn.SoftMarginLoss(), [(4, 5), "signs"]),
    ("hinge_embedding_loss", nn.HingeEmbeddingLoss(margin=0.5), [(4, 5), "signs"]),
    ("margin_ranking_loss", nn.MarginRankingLoss(margin=0.2), [(4, 5), (4, 5), "signs"]),
    ("cross_entropy_loss_weight", nn.CrossEntropyLoss(weight=torch.ones(5)), [(4, 5), torch.tensor([0, 3, 4, 1])]),
    ("nll_loss_weight", nn.NLLLoss(weight=torch.ones(5), **ONES), [(4, 5), torch.tensor([0, 3, 4, 1])]),
    ("bce_loss_weight", nn.BCELoss(weight=torch.ones(5)), ["positive", "positive"]),
    ("bce_with_logits_loss_weight", nn.BCEWithLogitsLoss(weight=torch.ones(5), pos_weight=torch.ones(5)), [(4, 5), "positive"]),
    ("poisson_nll_loss", nn.PoissonNLLLoss(full=True), [(4, 5), torch.arange(20.0).double().reshape(4, 5) / 4]),
    ("poisson_nll_loss_plain", nn.PoissonNLLLoss(log_input=False, eps=0.1, **ONES), ["positive", "positive"]),
    ("gaussian_nll_loss", nn.GaussianNLLLoss(full=True, eps=0.1), [(4, 5), (4, 5), (scattered((4, 1), 22) - 0.2).clamp(min=0).requires_grad_()]),
    ("gaussian_nll_loss_each", nn.GaussianNLLLoss(**ONES), [(4, 5), (4, 5), "positive"]),
    ("multi_margin_loss", nn.MultiMarginLoss(), [(4, 5), torch.tensor([0, 3, 4, 1])]),
    ("multi_margin_loss_weight", nn.MultiMarginLoss(p=2, margin=0.7, weight=torch.ones(5), **ONES), [(4, 5), torch.tensor([0, 3, 4, 1])]),
    ("multi_label_margin_loss", nn.MultiLabelMarginLoss(), [(4, 5), SEVERAL_LABELS]),
    ("multi_label_soft_margin_loss", nn.MultiLabelSoftMarginLoss(weight=torch.ones(5)), [(4, 5), "positive"]),
    ("cosine_embedding_loss", nn.CosineEmbeddingLoss(margin=0.1), [(4, 5), (4, 5), torch.tensor([1, -1, 1, -1])]),
    ("triplet_margin_loss", nn.TripletMarginLoss(margin=0.7), [(4, 5), (4, 5), (4, 5)]),
]


def input_of(spec, i):
    if isinstance(spec, torch.Tensor):
        return spec
    if spec == "positive":
        return scattered((4, 5), 20 + i).requires_grad_(i == 0)
    if spec == "signs":
        return (scattered((4, 5), 20 + i) - 0.5).sign()
    return (scattered(spec, 10 + i) - 0.5).requires_grad_()


def first_of(output):
    while not isinstance(output, torch.Tensor):
        output = output[0]
    return output


def numbers_of(module, specs):
    module.double()
    fill(module)
    inputs = [input_of(spec, i) for i, spec in enumerate(specs)]
    output = first_of(module(*inputs))
    (output * scattered(output.shape, 7)).sum().backward()
    digests = [digest(output)]
    digests += [digest(x.grad) for x in inputs if x.requires_grad]
    digests += [digest(p.grad) for p in module.parameters()]
    digests += [digest(b) for b in module.buffers()]
    return digests


def main():
    lines = ["// clang-format off", "// Written by tools/golden_layers.py: the names of the state; digests of output, gradients and buffers."]
    for name, module, specs in LAYERS:
        digests = numbers_of(module, specs)
        names = ", ".join(f'"{key}"' for key in module.state_dict())
        numbers = ", ".join(f"{value:.12g}" for value in digests)
        lines.append(f'{{"{name}", {{{{{names}}}, {{{numbers}}}}}}},')
    TARGET.write_text("\n".join(lines) + "\n")
    print(f"{len(LAYERS)} layers in {TARGET}")


if __name__ == "__main__":
    main()
