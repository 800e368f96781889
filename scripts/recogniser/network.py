"""The network: convolutions from a grey line to columns, a recurrent layer both ways, scores of characters."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from recogniser.alphabet import ALPHABET

STRIDE = 4  # pixels of a line per column of scores


class Recogniser(nn.Module):
    """(batch, 1, 32, width) grey lines, -1..1 → (columns, batch, characters + blank) log-probabilities."""

    def __init__(self, channels: tuple[int, int, int, int] = (24, 48, 96, 160), hidden: int = 160) -> None:
        super().__init__()
        first, second, third, fourth = channels
        self.see = nn.Sequential(
            _block(1, first, stride=(2, 2)),
            _block(first, second, stride=(2, 1)),
            _block(second, third, stride=(2, 2)),
            Residual(third),
            _block(third, fourth, stride=(2, 1)),
            Residual(fourth),
        )
        self.columns = nn.Sequential(nn.Linear(2 * fourth, hidden), nn.ReLU(inplace=True))
        self.context = nn.LSTM(hidden, hidden, bidirectional=True)
        self.drop = nn.Dropout(0.1)
        self.score = nn.Linear(2 * hidden, len(ALPHABET) + 1)

    def forward(self, lines: Tensor) -> Tensor:
        seen = self.see(lines)  # (batch, channels, 2, columns)
        columns = seen.flatten(1, 2).permute(2, 0, 1)
        context, _ = self.context(self.columns(columns))
        return functional.log_softmax(self.score(self.drop(context)).float(), dim=-1)


def _block(inside: int, outside: int, stride: tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """A depthwise convolution five columns wide and two pointwise ones, added to what comes in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, (3, 5), padding=(1, 2), groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, 2 * channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(2 * channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        added: Tensor = features + self.body(features)
        return added
