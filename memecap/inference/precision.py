"""A captioner in bf16: matrices in half the memory, products in bf16, everything between them in fp32.

In: a captioner in fp32, changed in place for good. Out: a context in which it writes. Word embeddings, learnt
queries and positions, norms, biases and the sum of the layers stay in fp32, so only the products are rounded (8 bits
of mantissa).
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, cast, get_args

import torch
from torch import nn

from memecap.captioners.base import Captioner
from memecap.core import spelling

Precision = Literal["fp32", "bf16"]
_FP32 = (nn.Embedding, nn.LayerNorm, nn.BatchNorm2d, nn.LSTM, nn.LSTMCell)


def choose(name: str) -> Precision:
    """A precision by its name. Raises `UsageError`."""
    return cast(Precision, spelling.choose(name, get_args(Precision), "precision", where="--precision"))


def lower(captioner: Captioner, precision: Precision) -> None:
    """Keep the matrices of a captioner that only writes in `precision`; it cannot be trained or saved after that."""
    if precision == "fp32":
        return
    encoder = captioner.encoder
    exact = set(encoder.modules()) if encoder is not None and encoder.n_codes else set()  # rounded, codes are others
    for module in captioner.modules():
        if isinstance(module, _FP32) or module in exact:
            continue
        for name, parameter in list(module.named_parameters(recurse=False)):
            # Learnt queries and positions are no weights of a product: in bf16 they would make all that is added so.
            if name.endswith("weight") and parameter.ndim >= 2 and parameter.dtype == torch.float32:
                # A new one: an output layer may share its matrix with the embeddings.
                halved = nn.Parameter(parameter.detach().to(torch.bfloat16), requires_grad=False)
                setattr(module, name, halved)


def writing(precision: Precision, device: Any) -> AbstractContextManager[Any]:
    """The context in which a lowered captioner is to be used."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16)
