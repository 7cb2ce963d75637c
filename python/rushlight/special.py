"""Special functions, by the names of torch.special."""

from rushlight._C import digamma as digamma
from rushlight._C import digamma as psi
from rushlight._C import erf as erf
from rushlight._C import erfc as erfc
from rushlight._C import erfinv as erfinv
from rushlight._C import exp2 as exp2
from rushlight._C import expm1 as expm1
from rushlight._C import lgamma as gammaln
from rushlight._C import log1p as log1p
from rushlight._C import log_softmax as log_softmax
from rushlight._C import logit as logit
from rushlight._C import logsumexp as logsumexp
from rushlight._C import polygamma as polygamma
from rushlight._C import round as round
from rushlight._C import sigmoid as expit
from rushlight._C import sinc as sinc
from rushlight._C import softmax as softmax
from rushlight._C import xlogy as xlogy
