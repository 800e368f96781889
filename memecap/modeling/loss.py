"""The loss of every captioner: cross-entropy summed over tokens, smoothed and weighted as the batch wishes.

Label smoothing: Szegedy et al., arXiv 1512.00567, as torch's `cross_entropy(label_smoothing=…)` has it.
Weights of examples turn the same sum into a policy gradient (training/scst.py).

B examples, n caption tokens of all examples together, V ids.
"""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from memecap.modeling.batch import Batch
from memecap.modeling.outputs import Loss


def token_loss(
    batch: Batch,
    logits: Float[Tensor, "n V"],
    targets: Int[Tensor, " n"],
    examples: Int[Tensor, " n"],
    *,
    said: Float[Tensor, " n"] | None = None,
) -> Loss:
    """Sum the losses of the caption tokens of a batch, in any order.

    Args:
        examples: to which example of the batch each token belongs.
        said: the targets' log-probabilities, where they do not follow from the logits alone (a copy head).
    """
    logits, smoothing = logits.float(), batch.label_smoothing
    if said is None:
        losses = functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
    else:
        losses = -said
        if smoothing:  # only the vocabulary's own distribution can be pulled to the uniform one
            losses = (1 - smoothing) * losses - smoothing * logits.log_softmax(dim=1).mean(dim=1)
    if batch.weights is not None:
        losses = losses * batch.weights[examples]
    return Loss(losses.sum(), batch.n_tokens)
