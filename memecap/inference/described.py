"""A captioner out of its settings: a YAML whose `captioner` needs no training, such as those of `configs/serve/`."""

from __future__ import annotations

from pathlib import Path

from memecap.captioners.base import Captioner, create
from memecap.core import config, registry
from memecap.errors import ConfigError

SUFFIXES = (".yaml", ".yml")


class _Described(config.Frozen):
    captioner: config.CaptionerConfig


def open_described(path: Path, *, trust_code: bool = False) -> tuple[Captioner, str]:
    """The captioner and its name: that of the part, and of the model behind it.

    Raises `ConfigError` where the file is a training, `UsageError` where it names code that is not trusted.
    """
    if "stages" in config.read_yaml(path):
        fix = "Train it with `memecap train`, and give its output folder."
        raise ConfigError("the file describes a training, and a captioner is asked for", where=path, fix=fix)
    with registry.trusting(trust_code):
        settings = config.load(_Described, path).captioner
        captioner = create(settings)
    model = getattr(settings, "model", "")
    return captioner, f"{settings.name} {model}".strip()
