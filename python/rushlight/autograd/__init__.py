"""Gradients: backward and grad, modes, functions of one's own."""

from rushlight import _C
from rushlight.autograd.function import Function as Function
from rushlight.autograd.grad_mode import enable_grad as enable_grad
from rushlight.autograd.grad_mode import inference_mode as inference_mode
from rushlight.autograd.grad_mode import no_grad as no_grad
from rushlight.autograd.grad_mode import set_grad_enabled as set_grad_enabled

grad = _C._grad
backward = _C._backward
Variable = _C.Tensor
