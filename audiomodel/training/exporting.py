"""Networks as an ONNX file, with their weights in half precision: half of the size, and the same answers."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch

from audiomodel.training.ensemble import Answer, Ensemble

# Weights of fewer numbers stay as they are: nothing is won by them.
_SMALL = 1024


def export_onnx(ensemble: Ensemble, path: Path) -> None:
    """Write networks as ONNX, for any number of clips and frames."""
    ensemble = ensemble.eval().to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload] # torch's stubs
    example = torch.zeros(2, 64, 43)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        torch.onnx.export(
            ensemble,
            (example,),
            str(path),
            input_names=["levels"],
            output_names=list(Answer._fields),
            dynamic_axes={"levels": {0: "clips", 2: "frames"}},
            opset_version=17,
            dynamo=False,
        )
    _halve(path)


def _halve(path: Path) -> None:
    """Keep large weights in half precision; onnxruntime widens them once, when it loads the file."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(path)
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size >= _SMALL:
            name = weight.name
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(helper.make_node("Cast", [weight.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)
