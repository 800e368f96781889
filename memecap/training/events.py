"""The log's rows as TensorBoard events, when the run asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from memecap.errors import UsageError
from memecap.training.progress import Record


class Events:
    """A writer that is opened at the first row, and drops the events that a resumed run makes again."""

    def __init__(self, folder: Path, *, on: bool) -> None:
        self.folder = folder
        self.on = on
        self._writer: Any = None

    def add(self, row: Record) -> None:
        """Write the numbers of a row under their names."""
        if not self.on:
            return
        if self._writer is None:
            self._writer = _open(self.folder, row["step"])
        for name, value in row.items():
            if isinstance(value, int | float) and name not in ("epoch", "step"):
                self._writer.add_scalar(name, value, row["step"])
        self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _open(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UsageError(
            "TensorBoard is not installed", where="tensorboard: true", fix="pip install 'memecap[tensorboard]'"
        ) from error
    return SummaryWriter(str(folder), purge_step=step)
