"""Examples become a batch and come out of it again as they were."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from memecap.modeling.batch import Example, Images, collate, pad


@given(rows=st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=5))
def test_padding_hides_nothing_and_is_told_from_ids(rows: list[list[int]]) -> None:
    """Id 0 is a word like any other: only the mask tells padding."""
    ids, mask = pad(rows)
    assert [row[kept].tolist() for row, kept in zip(ids, mask, strict=True)] == rows
    assert not ids[~mask].any()
    assert bool((mask[:, 1:] <= mask[:, :-1]).all())  # padding stands on the right


def test_select_takes_whole_examples_in_any_order() -> None:
    made = [
        Example([i, i + 1], image=torch.full((2, 3), float(i)), prompt_ids=[i] * i, weight=i + 1.0, text=f"{i}")
        for i in range(4)
    ]
    chosen = collate(made).select(torch.tensor([3, 0, 3]))
    assert chosen.texts == ("3", "0", "3")
    assert chosen.token_ids.tolist() == [[3, 4], [0, 1], [3, 4]]
    assert chosen.prompt_mask.sum(dim=1).tolist() == [3, 0, 3]
    assert chosen.images is not None
    assert chosen.images.tensor[:, 0, 0].tolist() == [3.0, 0.0, 3.0]
    assert chosen.weights is not None and chosen.weights.tolist() == [4.0, 1.0, 4.0]
    assert chosen.n_tokens == 6


def test_equal_weights_and_partly_given_texts_are_left_out() -> None:
    batch = collate([Example([1], text="a"), Example([2])])
    assert (batch.weights, batch.texts, batch.images) == (None, None, None)


def test_pictures_are_of_one_kind() -> None:
    seen = collate([Example([1], image=torch.zeros(3, 4, 4))]).images
    assert seen is not None and seen.pixels is not None and seen.features is None
    with pytest.raises(ValueError, match="with and without"):
        collate([Example([1], image=torch.zeros(2, 3)), Example([2])])
    with pytest.raises(ValueError, match="one of the three"):
        Images()
