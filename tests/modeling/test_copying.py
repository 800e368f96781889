import torch
from torch.nn import functional

from memecap.modeling.copying import CopyHead, Prompt


def test_the_mixture_is_a_distribution_and_the_loss_is_drawn_from_it() -> None:
    torch.manual_seed(0)
    head = CopyHead(width=8, max_length=6)
    ids, mask = torch.randint(0, 12, (2, 6)), torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    prompt = Prompt(ids, mask, torch.randn(2, 6, 8))
    states, last, logits = torch.randn(2, 5, 8), torch.randn(2, 5, 8), torch.randn(2, 5, 12)
    mixed = head.mix(states, last, logits, prompt, head.keys(prompt))
    assert torch.allclose(mixed.exp().sum(dim=2), torch.ones(2, 5), atol=1e-5)

    targets, wanted = torch.randint(0, 12, (2, 5)), torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    written = -functional.cross_entropy(logits[wanted], targets[wanted], reduction="none")
    found = head.log_probabilities(states, last, written, targets, wanted, prompt)
    assert torch.allclose(found, mixed.gather(2, targets[..., None])[..., 0][wanted], atol=1e-5)


def test_candidates_of_a_picture_stand_together() -> None:
    torch.manual_seed(0)
    head = CopyHead(width=8, max_length=3)
    prompt = Prompt(torch.tensor([[1, 2, 3], [4, 5, 6]]), torch.ones(2, 3, dtype=torch.bool), torch.randn(2, 3, 8))
    states, last, logits = torch.randn(2, 1, 8), torch.randn(2, 1, 8), torch.randn(2, 1, 9)
    twice = [t.repeat_interleave(2, dim=0) for t in (states, last, logits)]
    once = head.mix(states, last, logits, prompt, head.keys(prompt))
    assert torch.allclose(head.mix(*twice, prompt, head.keys(prompt)), once.repeat_interleave(2, dim=0))


def test_what_followed_the_last_token_is_copied_before_any_learning() -> None:
    torch.manual_seed(0)
    embed = torch.nn.Embedding(50, 64)
    head = CopyHead(width=64, max_length=10)
    ids = torch.randperm(50)[:10][None]
    prompt = Prompt(ids, torch.ones(1, 10, dtype=torch.bool), embed(ids))
    states = torch.zeros(1, 9, 64)
    mixed = head.mix(states, embed(ids[:, :-1]), torch.zeros(1, 9, 50), prompt, head.keys(prompt))
    assert (mixed.argmax(dim=2) == ids[:, 1:]).float().mean() >= 0.8
