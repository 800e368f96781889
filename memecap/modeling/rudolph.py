"""RuDOLPH's network: one causal transformer over [left text L][a picture's codes N][right text R].

In: embedded places. Out: states, and the logits of text and of codes. Names are those of the original's tensors.
Among themselves a picture's places read a row, a column or a window, by the layer; everything else reads all before it.
Source: ai-forever/ru-dolph rudolph/model (0.0.1rc8); layers of CogView, Ding et al., arXiv 2105.13290. Its shifting and
scaling of the scores ("PB-relax") is for fp16 and leaves a softmax as it is, so it is left out.

B pictures, C captions (those of a picture stand together), W width, h heads of width d, P places before the caption,
t tokens of it so far, T places, V text ids, I codes, N = G · G.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

EMBEDDING_RATE = 0.1  # the share of its gradient that an embedding takes
KeysValues = tuple[Tensor, Tensor]  # of one layer, each [B h P d]
Part = Literal["embeddings", "norms", "attention", "mlp", "output"]
#: how the weights of each part are told by name; no weight is of two
_PARTS: dict[str, tuple[str, ...]] = {
    "embeddings": ("_embeddings.",),
    "norms": ("layernorm.", "to_logits.0."),
    "attention": (".attention.",),
    "mlp": (".mlp.",),
    "output": ("to_logits.1.",),
}


@dataclass(frozen=True)
class Shape:
    """Sizes; the defaults are those of the 350M model, version 1."""

    n_layers: int = 24
    width: int = 1024
    n_heads: int = 16
    left: int = 64
    right: int = 64
    side: int = 16  # G
    n_text: int = 16384 + 64  # pieces, special tokens (version 2: 384), and for each left place the id that pads it
    n_codes: int = 8192
    kernel: int = 7
    last_kernel: int = 9

    @property
    def n_image(self) -> int:
        return self.side**2

    @property
    def n_places(self) -> int:
        return self.left + self.n_image + self.right


def layer_mask(shape: Shape, layer: int) -> Bool[Tensor, "T T"]:
    """True where a place (row) reads another (column)."""
    mask = torch.ones(shape.n_places, shape.n_places, dtype=torch.bool).tril()
    pixel = torch.arange(shape.n_image)
    ago = pixel[:, None] - pixel[None, :]
    rows, columns = ((part[:, None] - part[None, :]).abs() for part in (pixel // shape.side, pixel % shape.side))
    if layer % 4 == 1:
        read = columns == 0
    elif layer == shape.n_layers - 1 or layer % 4 == 3:
        reach = (shape.last_kernel if layer == shape.n_layers - 1 else shape.kernel) // 2
        read = (rows <= reach) & (columns <= reach)
    else:
        read = ago <= shape.side
    picture = slice(shape.left, shape.left + shape.n_image)
    mask[picture, picture] = read & (ago >= 0)
    return mask


class Rudolph(nn.Module):
    """The network; which places are text and which are codes its caller knows."""

    masks: Bool[Tensor, "n_layers T T"]

    def __init__(self, shape: Shape, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.shape, width = shape, shape.width
        self.text_embeddings = nn.Embedding(shape.n_text, width)
        self.image_embeddings = nn.Embedding(shape.n_codes, width)
        self.l_text_pos_embeddings = nn.Embedding(shape.left + 1, width)
        self.r_text_pos_embeddings = nn.Embedding(shape.right + 1, width)
        self.image_row_embeddings = nn.Embedding(shape.side, width)
        self.image_col_embeddings = nn.Embedding(shape.side, width)
        self.transformer = _Transformer(shape, dropout)
        self.to_logits: Any = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, shape.n_text + shape.n_codes))
        masks = torch.stack([layer_mask(shape, layer) for layer in range(shape.n_layers)])
        self.register_buffer("masks", masks, persistent=False)

    def padded(self, left: Int[Tensor, "B L"]) -> Int[Tensor, "B L"]:
        """Left text in which every 0 has become the id of its place."""
        places = torch.arange(self.shape.left, device=left.device)
        return torch.where(left == 0, places + self.shape.n_text - self.shape.left, left)

    def before(self, left: Int[Tensor, "B L"], codes: Int[Tensor, "B N"] | None) -> Float[Tensor, "B P W"]:
        """The left text, padded, and the picture; without one its places are left out."""
        x: Tensor = self.text_embeddings(left) + self.l_text_pos_embeddings.weight[: self.shape.left]
        if codes is None:
            return x
        pixel = torch.arange(self.shape.n_image, device=codes.device)
        side = self.shape.side
        place = self.image_row_embeddings(pixel // side) + self.image_col_embeddings(pixel % side)
        return torch.cat([x, self.image_embeddings(codes) + place], dim=1)

    def right(self, ids: Int[Tensor, "B T"], start: int = 0) -> Float[Tensor, "B T W"]:
        """Right text from a place on."""
        x: Tensor = self.text_embeddings(ids) + self.r_text_pos_embeddings.weight[start : start + ids.shape[1]]
        return x

    def forward(self, x: Float[Tensor, "B T W"], *, pictured: bool) -> tuple[Float[Tensor, "B T W"], list[KeysValues]]:
        """States of a sequence from its first place on, and each layer's keys and values."""
        n = x.shape[1]
        masks = self.masks[:, :n, :n]
        if not pictured:
            masks = torch.ones(n, n, dtype=torch.bool, device=x.device).tril().expand(len(masks), -1, -1)
        if self.training:
            x = EMBEDDING_RATE * x + (1 - EMBEDDING_RATE) * x.detach()
        kept = []
        for layer, mask in zip(self.transformer.layers, masks, strict=True):
            x, keys_values = layer(x, mask)
            kept.append(keys_values)
        return self.transformer.final_layernorm(x), kept

    def step(
        self, x: Float[Tensor, "C 1 W"], before: Sequence[KeysValues], written: Float[Tensor, "C n_layers 2 h t d"]
    ) -> tuple[Float[Tensor, "C W"], Float[Tensor, "C n_layers 2 h t+1 d"]]:
        """One token further: its state, and what the captions keep. They share the places of their picture."""
        grown = []
        for i, layer in enumerate(self.transformer.layers):
            x, own = layer.step(x, before[i], written[:, i])
            grown.append(own)
        return self.transformer.final_layernorm(x)[:, 0], torch.stack(grown, dim=1)

    def nothing_written(self, n: int) -> Float[Tensor, "C n_layers 2 h 0 d"]:
        """What `step` takes before the first token."""
        shape, like = self.shape, self.text_embeddings.weight
        return like.new_empty(n, shape.n_layers, 2, shape.n_heads, 0, shape.width // shape.n_heads)

    def text_logits(self, states: Float[Tensor, "*n W"]) -> Float[Tensor, "*n V"]:
        return self._logits(states, slice(None, self.shape.n_text))

    def code_logits(self, states: Float[Tensor, "*n W"]) -> Float[Tensor, "*n I"]:
        return self._logits(states, slice(self.shape.n_text, None))

    def _logits(self, states: Tensor, ids: slice) -> Tensor:
        norm, output = self.to_logits
        return functional.linear(norm(states), output.weight[ids], output.bias[ids])


def freeze(model: Rudolph, parts: Sequence[Part]) -> None:
    """Learn everything but these."""
    fixed = [sign for part in parts for sign in _PARTS[part]]
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not any(sign in name for sign in fixed))


class _Transformer(nn.Module):
    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.layers: Any = nn.ModuleList(_Layer(shape, dropout) for _ in range(shape.n_layers))
        self.final_layernorm = nn.LayerNorm(shape.width)


class _Layer(nn.Module):
    """Attention and MLP, each between two norms."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.input_layernorm = nn.LayerNorm(shape.width)
        self.before_first_addition_layernorm = nn.LayerNorm(shape.width)
        self.post_attention_layernorm = nn.LayerNorm(shape.width)
        self.before_second_addition_layernorm = nn.LayerNorm(shape.width)
        self.attention = _Attention(shape, dropout)
        self.mlp = _MLP(shape.width, dropout)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, KeysValues]:
        read, keys_values = self.attention(self.input_layernorm(x), mask)
        return self._add(x, read), keys_values

    def step(self, x: Tensor, before: KeysValues, written: Tensor) -> tuple[Tensor, Tensor]:
        read, own = self.attention.step(self.input_layernorm(x), before, written)
        return self._add(x, read), own

    def _add(self, x: Tensor, read: Tensor) -> Tensor:
        x = x + self.before_first_addition_layernorm(read)
        added: Tensor = x + self.before_second_addition_layernorm(self.mlp(self.post_attention_layernorm(x)))
        return added


class _Attention(nn.Module):
    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.n_heads = shape.n_heads
        self.query_key_value = nn.Linear(shape.width, 3 * shape.width)
        self.dense = nn.Linear(shape.width, shape.width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, KeysValues]:
        queries, keys, values = self._heads(x)
        dropped = self.dropout.p if self.training else 0.0
        read = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, dropout_p=dropped)
        return self._joined(read), (keys, values)

    def step(self, x: Tensor, before: KeysValues, written: Tensor) -> tuple[Tensor, Tensor]:
        """Of one token: it reads its picture's places, kept once for all captions of it, then its own caption's."""
        queries, keys, values = self._heads(x)
        own = torch.cat([written, torch.stack([keys, values], dim=1).to(written.dtype)], dim=3)  # [C 2 h t+1 d]
        n_pictures, n_heads, n_before, width = before[0].shape
        grouped = queries.view(n_pictures, -1, n_heads, width).transpose(1, 2)  # [B h C/B d]
        scores = (grouped @ before[0].transpose(2, 3)).transpose(1, 2).reshape(len(x), n_heads, 1, n_before)
        scores = torch.cat([scores, queries @ own[:, 0].to(queries.dtype).transpose(2, 3)], dim=3)
        shares = (scores.float() / width**0.5).softmax(dim=3).to(values.dtype)
        of_picture = shares[..., :n_before].view(n_pictures, -1, n_heads, n_before).transpose(1, 2) @ before[1]
        of_caption = shares[..., n_before:] @ own[:, 1].to(values.dtype)
        return self._joined(of_picture.transpose(1, 2).reshape(of_caption.shape) + of_caption), own

    def _heads(self, x: Tensor) -> tuple[Tensor, ...]:
        """Queries, keys, values [B h T d]."""
        parts = self.query_key_value(x).chunk(3, dim=-1)
        return tuple(part.unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for part in parts)

    def _joined(self, read: Float[Tensor, "B h T d"]) -> Tensor:
        out: Tensor = self.dropout(self.dense(read.transpose(1, 2).flatten(2)))
        return out


class _MLP(nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.dense_h_to_4h = nn.Linear(width, 4 * width)
        self.dense_4h_to_h = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        grown = functional.gelu(self.dense_h_to_4h(x), approximate="tanh")
        out: Tensor = self.dropout(self.dense_4h_to_h(grown))
        return out
