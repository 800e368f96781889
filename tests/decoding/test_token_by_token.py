"""The recurrent decoder against transformers' own search on the same logits, and against trying every caption."""

import itertools

import pytest
import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from memecap.decoding.beam import Beam
from memecap.decoding.greedy import Greedy
from memecap.decoding.nucleus import Nucleus

V, END = 11, 0


@pytest.fixture(scope="module")
def gpt() -> GPT2LMHeadModel:
    torch.manual_seed(3)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=V, n_positions=40, n_embd=16, n_layer=1, n_head=2)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(6)
    return model


def recurrent(model: GPT2LMHeadModel, prompts: Tensor):
    """The model as a first answer, a state (all it has read) and a step."""

    def step(ids, state):
        read = torch.cat([state[0], ids[:, None]], dim=1)
        return model(input_ids=read).logits[:, -1], (read,)

    return model(input_ids=prompts).logits[:, -1], (prompts,), step


@pytest.mark.parametrize("limits", [{}, {"repetition_penalty": 1.4}, {"no_repeat_ngram": 2}, {"min_new_tokens": 4}])
@pytest.mark.parametrize(
    "decoding",
    [Greedy(), Beam(width=5, n_candidates=3), Beam(width=2, length_penalty=0.0), Beam(width=5, length_penalty=2.0)],
    ids=str,
)
@torch.no_grad()
def test_as_transformers_does(gpt: GPT2LMHeadModel, decoding: Greedy | Beam, limits: dict) -> None:
    decoding = decoding.model_copy(update={**limits, "max_new_tokens": 12})
    prompts = torch.arange(1, 9)[:, None]
    ours, scores = decoding.decode(*recurrent(gpt, prompts), end_id=END)
    embeds = gpt.transformer.wte(prompts)
    theirs = gpt.generate(
        inputs_embeds=embeds,
        attention_mask=torch.ones(8, 1, dtype=torch.long),
        eos_token_id=END,
        pad_token_id=END,
        logits_processor=decoding.limits(END),
        **decoding.generate_arguments(),
    )
    width = max(ours.shape[1], theirs.shape[1])
    padded = [torch.nn.functional.pad(ids, (0, width - ids.shape[1]), value=END) for ids in (ours, theirs)]
    assert torch.equal(*padded)
    of_each = prompts.repeat_interleave(len(ours) // len(prompts), dim=0)
    for prompt, row, score in zip(of_each.tolist(), ours.tolist(), scores.tolist(), strict=True):
        assert score == pytest.approx(log_probability(gpt, prompt, row), abs=1e-3)


def log_probability(model: GPT2LMHeadModel, prompt: list[int], ids: list[int]) -> float:
    ids = ids[: ids.index(END) + 1] if END in ids else ids
    logits = model(input_ids=torch.tensor([prompt + ids])).logits[0].log_softmax(-1)
    return sum(float(logits[len(prompt) + i - 1, token]) for i, token in enumerate(ids))


@torch.no_grad()
def test_a_beam_as_wide_as_all_captions_finds_the_best_of_all(gpt: GPT2LMHeadModel) -> None:
    longest, n_ids = 3, 5

    def narrow(logits: Tensor) -> Tensor:
        return torch.nn.functional.pad(logits[:, :n_ids], (0, V - n_ids), value=-1e30)

    first, state, step = recurrent(gpt, torch.arange(1, 7)[:, None])

    def narrow_step(ids, state):
        logits, state = step(ids, state)
        return narrow(logits), state

    decoding = Beam(width=n_ids**longest, max_new_tokens=longest, length_penalty=0.0)
    ours, scores = decoding.decode(narrow(first), state, narrow_step, end_id=END)
    for prompt, row, score in zip(range(1, 7), ours, scores, strict=True):
        every = {}
        for ids in itertools.product(range(n_ids), repeat=longest):
            cut = ids[: ids.index(END) + 1] if END in ids else ids
            total, read = 0.0, [prompt]
            for token in cut:
                total += float(narrow(gpt(input_ids=torch.tensor([read])).logits[:, -1]).log_softmax(-1)[0, token])
                read.append(token)
            every[cut] = total
        best = max(every, key=every.get)
        assert tuple(row.tolist()[: len(best)]) == best
        assert float(score) == pytest.approx(every[best], abs=1e-4)


@torch.no_grad()
def test_ends_when_no_beam_does(gpt: GPT2LMHeadModel) -> None:
    first, state, step = recurrent(gpt, torch.tensor([[1], [2]]))

    def endless(ids, state):
        logits, state = step(ids, state)
        logits[:, END] = float("-inf")
        return logits, state

    first[:, END] = float("-inf")
    for decoding in (Greedy(max_new_tokens=7), Beam(max_new_tokens=7), Nucleus(max_new_tokens=7)):
        ids, scores = decoding.decode(first, state, endless, end_id=END)
        assert ids.shape == (2, 7)
        assert torch.isfinite(scores).all()


@torch.no_grad()
def test_a_beam_wider_than_the_vocabulary(gpt: GPT2LMHeadModel) -> None:
    ids, _ = Beam(width=9, max_new_tokens=5, n_candidates=9).decode(*recurrent(gpt, torch.tensor([[1]])), end_id=END)
    assert len({tuple(row) for row in ids.tolist()}) == 9


@torch.no_grad()
def test_sampling_draws_from_the_nucleus_alone(gpt: GPT2LMHeadModel) -> None:
    first, state, step = recurrent(gpt, torch.tensor([[1]]))
    decoding = Nucleus(top_p=0.6, max_new_tokens=1, n_candidates=400)
    drawn, _ = decoding.decode(first, state, step, end_id=END)
    probabilities, order = first[0].softmax(-1).sort(descending=True)
    n = int((probabilities.cumsum(0) < 0.6).sum()) + 1
    assert set(drawn[:, 0].tolist()) <= set(order[:n].tolist())
    shares = torch.bincount(drawn[:, 0], minlength=V)[order[:n]] / 400
    assert (shares - probabilities[:n] / probabilities[:n].sum()).abs().max() < 0.1
