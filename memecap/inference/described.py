"""A captioner out of its settings: a YAML whose `captioner` needs no training, such as those of `configs/serve/`."""

from __future__ import annotations

from pathlib import Path

from memecap.captioners.base import Captioner, TrainableCaptioner, create
from memecap.checkpoints import checkpoint
from memecap.core import config, defaults, registry
from memecap.errors import ConfigError

SUFFIXES = (".yaml", ".yml")
DEFAULT_MODEL = defaults.MODEL
UNTRAINED = (DEFAULT_MODEL, "remember")


class _Described(config.Frozen):
    captioner: config.CaptionerConfig


def open_model(model: str | Path | None, *, trust_code: bool = False) -> tuple[Captioner, str]:
    """The captioner of a name, a folder, a Hub id or a YAML, and what it is called. Raises as `load_captioner`."""
    name = str(model or DEFAULT_MODEL)
    if name in UNTRAINED:
        return create(config.configure("captioners", name)), name
    if name.endswith(SUFFIXES):
        return open_described(Path(name), trust_code=trust_code)
    return checkpoint.load(name, trust_code=trust_code), name


def open_described(path: Path, *, trust_code: bool = False) -> tuple[Captioner, str]:
    """The captioner as it is before any training, and its name: that of the part, and of the model behind it.

    What else the file says is of training.

    Raises `ConfigError` where it describes nothing before it has learnt, `UsageError` where the file names code that is
    not trusted.
    """
    given = {key: value for key, value in config.read_yaml(path).items() if key == "captioner"}
    with registry.trusting(trust_code):
        settings = config.validate(_Described, given, where=path).captioner
        if (
            issubclass(registry.load("captioners", settings.name), TrainableCaptioner)
            and not settings.describes_untaught
        ):
            fix = f"Run `memecap train {path}`, and name the run's folder."
            raise ConfigError(f"{settings.name} describes nothing before it has learnt", where=path, fix=fix)
        captioner = create(settings)
    network = getattr(settings, "network", None)
    model = getattr(settings, "model", "") or getattr(network, "model", "")
    return captioner, f"{settings.name} {model}".strip()
