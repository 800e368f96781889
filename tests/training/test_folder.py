"""The folder of a run: one run's, and no other settings' or process's."""

from __future__ import annotations

from pathlib import Path

import pytest

from memecap.core import storage
from memecap.errors import ConfigError, TryLaterError
from memecap.training.run import train
from tests.training.outcomes import Settings


def test_other_settings_are_refused(settings: Settings, tmp_path: Path) -> None:
    train(settings(), tmp_path)
    train(settings(n_workers=1, save_every_s=5), tmp_path)  # these do not change what comes out
    with pytest.raises(ConfigError, match="seed was 0, is 1"):
        train(settings(seed=1), tmp_path)
    with pytest.raises(ConfigError, match=r"captioner.width was 16, is 8"):
        train(settings(captioner={"name": "toys.captioner", "width": 8}), tmp_path)


def test_a_folder_in_use_is_refused(settings: Settings, tmp_path: Path) -> None:
    with storage.lock(tmp_path), pytest.raises(TryLaterError):
        train(settings(), tmp_path)
