"""A window of shares → the gradient on the parameters: one sum over its batches and processes, whatever the memory.

The loss of a window is divided once by all its tokens, so neither accumulation, nor the number of processes, nor a
batch that had to be halved changes the gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import torch

from memecap.core.progress import say
from memecap.modeling.outputs import Loss
from memecap.training.data import MicroBatch
from memecap.training.memory import cut, is_out_of_memory
from memecap.training.stage import StageRun


def add_gradient(run: StageRun, window: Sequence[MicroBatch]) -> tuple[float, int, float | None]:
    """Add the window's gradient; returns its loss in nats, its tokens, and the mean reward of a self-critical stage.

    Where a batch does not fit into memory, this and all later ones of the stage are halved until they do.
    """
    while True:
        shares = cut(window, run.progress.halvings)
        try:
            return _add(run, shares)
        except RuntimeError as error:
            # Processes that share a step would wait for each other for ever if one of them began it again.
            alone = run.accelerator.num_processes == 1
            if not (is_out_of_memory(error) and alone and any(len(share.batch) > 1 for share in shares)):
                raise
        run.optimizer.zero_grad()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        run.progress.halvings += 1
        say(f"out of memory: batches of stage {run.stage.name} are cut into {2**run.progress.halvings}")


def _add(run: StageRun, shares: list[MicroBatch]) -> tuple[float, int, float | None]:
    accelerator = run.accelerator
    if run.critic is not None:
        place = run.progress.stage, run.progress.epoch, run.progress.window, accelerator.process_index
        shares = run.critic.sample(shares, "/".join(map(str, (run.config.seed, *place))))
    n_tokens = int(run.sum(sum(share.n_tokens for share in shares)))
    total = 0.0
    for number, share in enumerate(shares):
        is_last = number == len(shares) - 1
        with nullcontext() if is_last else accelerator.no_sync(run.model):
            loss: Loss = run.model(share.batch.to(accelerator.device))
            # DDP takes the mean over processes; a stand-in share takes part and weighs nothing.
            weight = accelerator.num_processes / n_tokens if share.n_tokens else 0.0
            accelerator.backward(loss.total * weight)
        total += float(loss.total.detach()) if share.n_tokens else 0.0
    return run.sum(total), n_tokens, None if run.critic is None else _mean_reward(run, shares)


def _mean_reward(run: StageRun, shares: Sequence[MicroBatch]) -> float:
    rewards = [reward for share in shares if share.n_tokens for reward in share.rewards]
    return run.sum(sum(rewards)) / run.sum(len(rewards))
