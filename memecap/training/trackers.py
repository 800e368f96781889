"""Trackers: who is told of a run's curves beside log.csv. One that fails is left out with a warning; the run goes on.

TensorBoard's events lie in the run folder; trackio and wandb are told through the few calls that both have (`init`,
`log`, `finish`). A package that is not installed is said before the training, not after its first epoch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol

from memecap.core.progress import say
from memecap.errors import UsageError

Tracker = Literal["csv", "tensorboard", "trackio", "wandb"]
PROJECT = "memecap"
_EXTRA = {"tensorboard": "tensorboard", "trackio": "trackers", "wandb": "trackers"}


class Told(Protocol):
    """One tracker of one run."""

    def add(self, numbers: Mapping[str, float], step: int) -> None: ...
    def close(self) -> None: ...


class Trackers:
    """Those that a run named, opened at its first row. `csv` is the log itself, which is always written."""

    def __init__(self, names: Sequence[str], folder: Path, settings: Mapping[str, Any]) -> None:
        """Raises `UsageError` where a package is not installed."""
        self._names = [name for name in dict.fromkeys(names) if name != "csv"]
        for name in self._names:
            if find_spec(name) is None:
                fix = f"pip install 'memecap[{_EXTRA[name]}]', or leave it out of trackers."
                raise UsageError(f"{name} is not installed", where=f"trackers: {name}", fix=fix)
        self._folder, self._settings = folder, settings
        self._open: dict[str, Told] = {}

    def add(self, row: Mapping[str, Any]) -> None:
        """Tell all of them the numbers of a row of the log."""
        step = int(row["step"])
        numbers = {key: value for key, value in row.items() if _is_number(value) and key not in ("epoch", "step")}
        for name in list(self._names):
            self._try(name, lambda name=name: self._opened(name, step).add(numbers, step))  # type: ignore[misc]

    def close(self) -> None:
        """End all of them."""
        for name in list(self._open):
            self._try(name, self._open[name].close)

    def _opened(self, name: str, step: int) -> Told:
        if name not in self._open:
            make: Callable[..., Told] = _TensorBoard if name == "tensorboard" else _Logged
            self._open[name] = make(name, self._folder, self._settings, step)
        return self._open[name]

    def _try(self, name: str, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001  (somebody else's service: hours of training do not end with it)
            self._names.remove(name)
            self._open.pop(name, None)
            say(f"warning: {name} failed and is told nothing more ({type(error).__name__}: {error}); the run goes on")


class _TensorBoard:
    def __init__(self, _name: str, folder: Path, _settings: Mapping[str, Any], step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._events: Any = SummaryWriter(str(folder / "tensorboard"), purge_step=step)  # those that a resume repeats

    def add(self, numbers: Mapping[str, float], step: int) -> None:
        for name, value in numbers.items():
            self._events.add_scalar(name, value, step)
        self._events.flush()

    def close(self) -> None:
        self._events.close()


class _Logged:
    """trackio, wandb: a run of the folder's name, which a resumed run goes on with."""

    def __init__(self, name: str, folder: Path, settings: Mapping[str, Any], _step: int) -> None:
        self._module: Any = import_module(name)
        own = {}
        if name == "wandb":
            own = {"dir": str(folder), "id": hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}
        self._module.init(project=PROJECT, name=folder.name, config=dict(settings), resume="allow", **own)

    def add(self, numbers: Mapping[str, float], step: int) -> None:
        self._module.log(dict(numbers), step=step)

    def close(self) -> None:
        self._module.finish()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
