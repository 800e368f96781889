"""What a pipeline's captions depend on, so that a job that goes on can see whether it is still the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from memecap.captioners.base import TrainableCaptioner
from memecap.checkpoints import checkpoint
from memecap.encoders.base import sight, state_hash
from memecap.inference.pipeline import Pipeline

OPERATIONAL = {"device"}  # may differ when a job goes on


def identity(pipeline: Pipeline) -> dict[str, Any]:
    """The captioner with its settings and weights, and how it is run; without what changes no caption."""
    captioner, ranking = pipeline.captioner, pipeline.ranker and pipeline.ranker.ranking
    own = checkpoint.own_state(captioner) if isinstance(captioner, TrainableCaptioner) else captioner.state_dict()
    return {
        "model": pipeline.name,
        "captioner": captioner.config.model_dump(mode="json", exclude=set(captioner.config.operational)),
        "decoding": pipeline.decoding.model_dump(),
        "ranking": ranking and ranking.model_dump(mode="json"),
        "precision": pipeline.precision,
        "style": pipeline.style,
        "memory": None if pipeline.memory is None else pipeline.memory.identity,
        "device": str(pipeline.device),
        "sight": "" if captioner.encoder is None else sight(captioner.encoder),
        "weights": state_hash(own),
    }


def author(pipeline: Pipeline) -> str:
    """The name under which its captions are kept: a Hub id, a model behind an endpoint, or a folder's own name."""
    path = Path(pipeline.name)
    return f"{pipeline.captioner.config.name} {path.resolve().name}" if path.is_dir() else pipeline.name
