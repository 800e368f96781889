"""Captions of the nearest pictures are those of a plain search."""

import torch

from memecap.modeling.retrieval import Store


def test_neighbours_are_those_of_a_plain_search() -> None:
    torch.manual_seed(0)
    tokens, queries = torch.randn(50, 2, 8), torch.randn(7, 2, 8)
    store = Store.of((row, [f"{i}", f"also {i}"]) for i, row in enumerate(tokens))
    similarity = torch.cosine_similarity(queries.mean(dim=1)[:, None], tokens.mean(dim=1)[None], dim=2)
    expected = [[str(int(i)) for i in row.argsort(descending=True)[:5]] for row in similarity]
    assert store.similar(queries, 5) == expected
    for i in range(50):  # its own entry is the nearest, and left out
        own = torch.cosine_similarity(tokens[i].mean(dim=0)[None], tokens.mean(dim=1)).argsort(descending=True)
        assert store.similar_to_learn(tokens[i], f"also {i}", 5) == [str(int(j)) for j in own[1:6]]
