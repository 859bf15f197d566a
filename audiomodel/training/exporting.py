"""Networks as an ONNX file, with small weights: large matrices in bytes, the rest in half precision.

Of each row of a matrix the largest weight is 127, the others are rounded: a quarter of the size, for some thousandths
in a logit. onnxruntime widens all of it once, when it loads the file.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from audiomodel.training.ensemble import Answer, Ensemble

if TYPE_CHECKING:
    from onnx import NodeProto

# Weights of fewer numbers stay as they are: nothing is won by them.
_SMALL = 1024
# Matrices of so many and more are kept in bytes.
_LARGE = 65_536


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
    _shrink(path)


def _shrink(path: Path) -> None:
    """Keep large matrices in bytes with a scale by row, other weights in half precision."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(path)
    kept, widening = [], []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _SMALL:
            kept.append(weight)
        elif values.ndim == 2 and values.size >= _LARGE:
            scales = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12) / 127
            bytes_, steps, wide = (f"{weight.name}.{part}" for part in ("bytes", "steps", "wide"))
            kept.append(numpy_helper.from_array(np.rint(values / scales).astype(np.int8), bytes_))
            kept.append(numpy_helper.from_array(scales.astype(np.float32), steps))
            widening.append(_widened(bytes_, wide))
            widening.append(helper.make_node("Mul", [wide, steps], [weight.name]))
        else:
            kept.append(numpy_helper.from_array(values.astype(np.float16), f"{weight.name}.half"))
            widening.append(_widened(f"{weight.name}.half", weight.name))
    nodes = [*widening, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _widened(narrow: str, wide: str) -> NodeProto:
    from onnx import TensorProto, helper

    return helper.make_node("Cast", [narrow], [wide], to=TensorProto.FLOAT)
