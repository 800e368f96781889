"""How a recurrent captioner reads: an LSTM over marks and words of the lines gives the writer's first state.

Source: ours; an encoder's last state as the decoder's first after Sutskever et al., arXiv 1409.3215.

B examples, R reading tokens of width E, H the state's width.
"""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence


class LineReader(nn.Module):
    """Reading tokens → the state of an LSTM after them."""

    def __init__(self, *, width_in: int, width: int, n_layers: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width_in, width, n_layers, batch_first=True)

    def forward(
        self, tokens: Float[Tensor, "B R E"], mask: Bool[Tensor, "B R"]
    ) -> tuple[Float[Tensor, "layers B H"], Float[Tensor, "layers B H"]]:
        lengths = mask.sum(dim=1).cpu()
        packed = pack_padded_sequence(tokens, lengths, batch_first=True, enforce_sorted=False)
        state: tuple[Tensor, Tensor] = self.lstm(packed)[1]
        return state
