"""Evaluation mode: for the time in which a captioner writes, and for good where nothing is learnt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Within, the model is in evaluation mode and keeps no gradients; then it is back in the mode it was in."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(training)


def keep_eval(module: nn.Module) -> None:
    """A frozen module goes to evaluation mode, and so do the batch norms of one that is learnt.

    Batches of captions are small and repeat their pictures: moving statistics would be spoilt by them.
    """
    if not any(parameter.requires_grad for parameter in module.parameters()):
        module.eval()
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.eval()
