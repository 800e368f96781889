"""Training: steps of CTC from a seed, an average of the weights beside them, checkpoints that resume exactly."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from recogniser.alphabet import text_of
from recogniser.network import Recogniser
from recogniser.stock import Batch, Grey, Stock


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn. Rates rise over `warm` lines, stay, and fall to nothing over the last `cool`."""

    seed: int = 13
    lines: int = 1_000_000
    warm: int = 8_000
    cool: int = 100_000
    rate: float = 1.5e-3
    average: float = 0.998  # of the weights, a step
    reduced: bool = True  # bfloat16 where it is faster

    def rate_at(self, seen: int) -> float:
        """The learning rate after so many lines."""
        return self.rate * min(1.0, (seen + 200) / self.warm, max(0.0, (self.lines - seen) / max(1, self.cool)))


class Learner:
    """The network in training with all that a checkpoint keeps."""

    def __init__(self, plan: Plan) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.network = Recogniser().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = Recogniser()
        self.average.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(self.network.parameters(), plan.rate, betas=(0.9, 0.98), weight_decay=1e-3)
        self.step = self.seen = 0
        self.seconds = 0.0

    def learn(self, batch: Batch) -> float:
        """One step; its loss in nats a character."""
        torch.manual_seed(self.plan.seed * 1_000_003 + self.step)  # dropout hangs on the step, not on what came before
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate_at(self.seen)
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.plan.reduced):
            scores = self.network(batch.lines.contiguous(memory_format=torch.channels_last))
        loss = nn.functional.ctc_loss(scores, batch.targets, batch.columns, batch.lengths, zero_infinity=True)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimiser.step()
        self.step += 1
        self.seen += len(batch.lengths)
        self._follow()
        return float(loss.detach())

    @torch.no_grad()
    def _follow(self) -> None:
        keep = min(self.plan.average, (1 + self.step) / (10 + self.step))
        for own, other in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
            if own.dtype.is_floating_point:
                own.lerp_(other, 1 - keep)
            else:
                own.copy_(other)

    def save(self, path: Path) -> None:
        """Write a checkpoint in one step."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seen": self.seen,
            "seconds": self.seconds,
            "plan": asdict(self.plan),
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint, with this learner's own plan."""
        state: dict[str, Any] = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seen, self.seconds = state["step"], state["seen"], state["seconds"]


def train(
    learner: Learner, painted: Path, held: Mapping[str, Sequence[tuple[Grey, str]]], folder: Path, real: Path | None
) -> None:
    """Learn to the end of the plan; every 400 steps a checkpoint, and new shards are seen."""
    folder.mkdir(parents=True, exist_ok=True)
    losses: list[float] = []
    stock = _stock(painted, learner)
    extra = Stock(sorted(real.glob("*.json"))) if real else None
    while learner.seen < learner.plan.lines:
        started = time.monotonic()
        source = extra if extra and learner.step % 5 in (1, 3) else stock
        losses.append(learner.learn(source.draw(learner.plan.seed, learner.step)))
        learner.seconds += time.monotonic() - started
        if learner.step % 100 == 0 or learner.seen >= learner.plan.lines:
            record: dict[str, Any] = {"step": learner.step, "lines": learner.seen, "seconds": round(learner.seconds)}
            record |= {"rate": learner.plan.rate_at(learner.seen), "loss": round(sum(losses) / len(losses), 4)}
            losses.clear()
            if learner.step % 400 == 0 or learner.seen >= learner.plan.lines:
                learner.save(folder / f"{learner.step:06d}.pt")
                record |= {name: round(error_rate(learner.average, lines), 4) for name, lines in held.items()}
                stock = _stock(painted, learner)
            with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(record) + "\n")


def _stock(painted: Path, learner: Learner) -> Stock:
    """Every shard but the first; short lines alone until CTC has found the letters."""
    return Stock(sorted(painted.glob("*.json"))[1:], widest=160 if learner.seen < 60_000 else 10_000)


@torch.no_grad()
def read_lines(network: nn.Module, pictures: Sequence[Grey], batch: int = 32) -> list[str]:
    """Greedy readings of lines, in order."""
    network.eval()
    order = sorted(range(len(pictures)), key=lambda place: pictures[place].shape[1])
    texts = [""] * len(pictures)
    for start in range(0, len(order), batch):
        places = order[start : start + batch]
        made = Batch.of([pictures[place] for place in places], [""] * len(places))
        best = network(made.lines).argmax(-1).T
        for place, numbers, columns in zip(places, best, made.columns, strict=True):
            texts[place] = greedy(numbers[:columns])
    return texts


def greedy(numbers: Tensor) -> str:
    """CTC's best path: repeats joined, blanks dropped."""
    return text_of([int(number) for number in torch.unique_consecutive(numbers) if number])


def error_rate(network: nn.Module, held: Sequence[tuple[Grey, str]]) -> float:
    """Edits a character over held-out lines."""
    read = read_lines(network, [picture for picture, _ in held])
    edits = sum(distance(ours, text) for ours, (_, text) in zip(read, held, strict=True))
    return edits / sum(len(text) for _, text in held)


def distance(first: str, second: str) -> int:
    """Levenshtein's."""
    row = list(range(len(second) + 1))
    for place, character in enumerate(first, start=1):
        previous, row[0] = row[0], place
        for other, own in enumerate(second, start=1):
            previous, row[other] = row[other], min(row[other] + 1, row[other - 1] + 1, previous + (character != own))
    return row[-1]
