"""From a checkpoint to what the package carries: an ONNX file with weights of half precision, and its card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from recogniser.network import Recogniser


class _Lines(nn.Module):
    """The network with the batch first, as readers want it."""

    def __init__(self, network: Recogniser) -> None:
        super().__init__()
        self.network = network

    def forward(self, lines: Tensor) -> Tensor:
        scores: Tensor = self.network(lines)
        return scores.permute(1, 0, 2)


def to_onnx(network: Recogniser, path: Path) -> None:
    """Write the network: lines (batch, 1, 32, width) → log-probabilities (batch, columns, characters + blank)."""
    network.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        _Lines(network).eval(),
        (torch.zeros(2, 1, 32, 64),),
        str(path),
        input_names=["lines"],
        output_names=["scores"],
        dynamic_axes={"lines": {0: "batch", 3: "width"}, "scores": {0: "batch", 1: "columns"}},
        opset_version=17,
        dynamo=False,
    )
    halved = _halved(onnx.load(path))
    onnx.checker.check_model(halved)
    onnx.save(halved, path)


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weights kept in float16 and cast back when the file is loaded: half the size, the same arithmetic."""
    graph = model.graph
    casts = []
    for weight in [found for found in graph.initializer if found.data_type == TensorProto.FLOAT]:
        values = numpy_helper.to_array(weight)
        if values.size < 1_000:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return model
