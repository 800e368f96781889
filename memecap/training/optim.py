"""One optimizer step: its learning rate, the gradient of an accumulation window, and the optimizer itself.

The rate is a pure function of the step, so that resuming needs no scheduler. The loss of a window is one sum over its
micro-batches and processes, divided once by all its tokens: neither accumulation, nor the number of processes, nor a
micro-batch that had to be halved because memory ran out changes the gradient.
AdamW: Loshchilov and Hutter, arXiv 1711.05101. Adam: Kingma and Ba, arXiv 1412.6980. One cycle: Smith and Topin,
arXiv 1708.07120, as torch's OneCycleLR has it with final_div_factor=500, the rates of RuDOLPH's fine-tuning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from memecap.captioners.base import TrainableCaptioner
from memecap.core.device import is_out_of_memory
from memecap.core.progress import say
from memecap.errors import ConfigError
from memecap.modeling.batch import Batch
from memecap.modeling.outputs import Loss
from memecap.training.config import StageConfig
from memecap.training.progress import Step
from memecap.training.sampling import MicroBatch
from memecap.training.stage import StageRun


def build_optimizer(captioner: TrainableCaptioner, stage: StageConfig) -> torch.optim.Optimizer:
    """Adam or AdamW over the parameters that require a gradient; matrices decay, and the encoder may have its own rate.

    Each group remembers its highest rate as `peak_lr`. Raises `ConfigError` when nothing is left to train.
    """
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in captioner.named_parameters():
        if parameter.requires_grad:
            own = stage.encoder_lr if name.startswith("encoder.") else None
            decay = stage.weight_decay if parameter.ndim >= 2 else 0.0
            groups.setdefault((own or stage.lr, decay), []).append(parameter)
    if not groups:
        raise ConfigError(
            "every parameter of the captioner is frozen",
            where=f"stage {stage.name}",
            fix="Unfreeze its decoder, mapper or encoder.",
        )
    kind = torch.optim.Adam if stage.optimizer == "adam" else torch.optim.AdamW
    return kind(
        [
            {"params": parameters, "lr": peak, "peak_lr": peak, "weight_decay": decay}
            for (peak, decay), parameters in groups.items()
        ],
        fused=True,  # one kernel: an eighth of the time on a CPU
    )


def lr_factor(step: int, *, n_steps: int, stage: StageConfig) -> float:
    """The share of the highest rate at a step (0-based): a linear warm-up, then the schedule, which ends near zero."""
    if stage.schedule == "one_cycle":
        return _one_cycle(step, peak=stage.warmup * n_steps - 1, last=n_steps - 1)
    n_warm = round(stage.warmup * n_steps)
    if step < n_warm:
        return (step + 1) / (n_warm + 1)
    progress = (step - n_warm) / max(n_steps - n_warm, 1)
    if stage.schedule == "linear":
        return 1.0 - progress
    if stage.schedule == "cosine":
        return 0.5 * (1.0 + math.cos(math.pi * progress))
    return 1.0


def _one_cycle(step: int, *, peak: float, last: int) -> float:
    """From the first rate to the highest, at step `peak` (which may lie between two), and to the lowest."""
    first, lowest = 1 / 25, 1 / 25 / 500
    if step <= peak:
        start, end, progress = first, 1.0, step / max(peak, 1e-9)
    else:
        start, end, progress = 1.0, lowest, (step - peak) / max(last - peak, 1e-9)
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))


def set_lr(optimizer: torch.optim.Optimizer, factor: float) -> float:
    """Give every group its share of its highest rate; returns the first group's rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * factor
    rate: float = optimizer.param_groups[0]["lr"]
    return rate


def take_step(run: StageRun, window: Sequence[MicroBatch]) -> Step:
    """One optimizer step; a gradient that is not finite, as the norm in the answer says, changes nothing."""
    loss, n_tokens, reward = add_gradient(run, window)
    norm = float(run.accelerator.clip_grad_norm_(run.model.parameters(), run.stage.clip or math.inf))
    if math.isfinite(norm):
        run.optimizer.step()
    run.optimizer.zero_grad()
    return Step(loss, n_tokens, norm, reward)


def add_gradient(run: StageRun, window: Sequence[MicroBatch]) -> tuple[float, int, float | None]:
    """Add the window's gradient; returns its loss in nats, its tokens, and the mean reward of a self-critical stage.

    Where a micro-batch does not fit into memory, it and all later ones of the stage are halved until they do.
    """
    while True:
        cut = [part for micro_batch in window for part in _cut(micro_batch, run.progress.halvings)]
        try:
            return _add(run, cut)
        except RuntimeError as error:
            # Processes that share a step would wait for each other for ever if one of them began it again.
            alone = run.accelerator.num_processes == 1
            if not (is_out_of_memory(error) and alone and any(len(part.batch) > 1 for part in cut)):
                raise
        run.optimizer.zero_grad()
        torch.cuda.empty_cache()
        run.progress.halvings += 1
        say(f"out of memory: batches of stage {run.stage.name} are cut into {2**run.progress.halvings}")


def _add(run: StageRun, window: Sequence[MicroBatch]) -> tuple[float, int, float | None]:
    accelerator = run.accelerator
    if run.sampler is not None:
        place = run.progress.stage, run.progress.epoch, run.progress.window, accelerator.process_index
        window = run.sampler.sample(window, "/".join(map(str, (run.config.seed, *place))))
    n_tokens = int(run.sum(sum(micro_batch.n_tokens for micro_batch in window)))
    total = 0.0
    for number, micro_batch in enumerate(window):
        is_last = number == len(window) - 1
        together = nullcontext() if is_last else accelerator.no_sync(run.model)
        with together, _attention(micro_batch.batch, accelerator.device):
            loss: Loss = run.model(micro_batch.batch.to(accelerator.device))
            # DDP takes the mean over processes; a stand-in takes part and weighs nothing.
            weight = accelerator.num_processes / n_tokens if micro_batch.n_tokens else 0.0
            accelerator.backward(loss.total * weight)
        total += float(loss.total.detach()) if micro_batch.n_tokens else 0.0
    rewards = [reward for micro_batch in window if micro_batch.n_tokens for reward in micro_batch.rewards]
    mean_reward = None if run.sampler is None else run.sum(sum(rewards)) / run.sum(len(rewards))
    return run.sum(total), n_tokens, mean_reward


def _attention(batch: Batch, device: torch.device) -> AbstractContextManager[None]:
    """How attention is computed: of texts on a CPU, step by step.

    There the fused kernel's backward takes a third of a training step of memes_read; without it a step takes .7 of the
    time. With pictures, whose sequences are long, it saves memory and stays.
    """
    of_texts = device.type == "cpu" and batch.images is None
    return sdpa_kernel(SDPBackend.MATH) if of_texts else nullcontext()


def _cut(micro_batch: MicroBatch, halvings: int) -> list[MicroBatch]:
    """Parts that together hold the examples of one, halved so many times; a single example stays as it is."""
    middle = len(micro_batch.batch) // 2
    if not halvings or not middle:
        return [micro_batch]
    parts = []
    for rows in (slice(None, middle), slice(middle, None)):
        batch = micro_batch.batch.select(torch.arange(len(micro_batch.batch))[rows])
        n_tokens = batch.n_tokens if micro_batch.n_tokens else 0
        half = MicroBatch(batch, n_tokens, micro_batch.items[rows], micro_batch.readings[rows])
        parts += _cut(half, halvings - 1)
    return parts
