import pytest
import torch

from memecap.core import device
from memecap.errors import UsageError


@pytest.mark.parametrize("name", ["gpu", "CPU", "cpu:1", "cuda:x", "", "meta", "cuda:9999"])
def test_a_device_that_is_not_there(name: str) -> None:
    with pytest.raises(UsageError):
        device.choose(name)


def test_what_is_chosen_can_be_used() -> None:
    for name in (None, "cpu"):
        assert float(torch.ones(2, device=device.choose(name)).sum()) == 2


def test_auto_is_the_best_there_is() -> None:
    assert device.choose("auto") == device.choose(None)
