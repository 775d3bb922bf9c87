"""A bundle -> the bytes of an ONNX file that takes pixels and says what ``Detector`` would.

Everything between is in the graph: reducing, frames, whether there is anything to judge by, cells
at three scales, orientation, the bundle's own graphs, calibration. Operators are those of ONNX's
own domains alone.
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from spox import Tensor, argument, build, inline

from .._version import __version__
from ..errors import ModelError
from ..features.block_map import CELL, CHANNELS
from ..features.blocks import SIZE
from ..features.evidence import REASONS
from ..features.summary import ENERGY
from ..inference.bundle import Bundle
from . import cells as of_cells
from .evidence import missing
from .frame import inside
from .functions import ceil, either, exp, floor, log
from .names import shortened
from .resize import as_double, luma_of, within
from .summary import has_evidence, image_features, laplacian_variance, summarise
from .value import Value, arange, maximum, minimum, stack, where

# What a file may take, by the name of its one input.
FORMS = {
    "luma": "grey levels of a photo, shape (H, W), uint8, upright",
    "rgb": "red, green and blue of a photo, shape (H, W, 3), uint8, upright",
}
INPUTS = ("wide", "features", "cells", "laplacian")  # model inputs that come of luma
OUTPUTS = {
    "probability": "(1,) float32, P(blurred): 0 sharp .. 1 blurred, calibrated",
    "map": "(h, w) float32, P(blurred) of cells, evenly over the photo, frame and all",
    "evidence": "(1,) float32, part of the photo that can be judged, 0..1; 0 where reason is not",
    "blur": "(1,) float32, width of a point's image where it is sharpest, pixels of the input",
    "motion": "(1,) float32, P that a blurred photo was moved, not out of focus: its kind, 0..1",
    "reason": "(1,) int64, why nothing can be said: 0 if it can, else a place in reasons, from 1",
    "box": "(4,) float32, top, bottom, left, right of what a frame surrounds, 0..1 of the sides",
}
LICENCE = "Apache-2.0"
IR_VERSION = 8  # of the file, that of opset 17: older runtimes read it, too
LEAST_P = 1e-7  # P counts as no nearer to 0 and 1, as in ``metrics.logit``


@dataclass(frozen=True)
class _Seen:
    """What a graph sees of a photo, by names that its steps have for it.

    Attributes:
        luma: (H, W) float32, at the working size, without a frame.
        shape: Of the luma with the frame, two scalars.
        box: Shares of height and width that the frame surrounds: top, bottom, left, right.
        framed: Whether there is one, a scalar.
        reduction: Pixels of the input to one of the luma, a scalar, 1 or more.
    """

    luma: Value
    shape: tuple[Value, Value]
    box: tuple[Value, Value, Value, Value]
    framed: Value
    reduction: Value


def export(bundle: Bundle, form: str = "luma", name: str | None = None) -> bytes:
    """An ONNX file's bytes: one input, named as ``form``, and outputs as in ``OUTPUTS``.

    Args:
        bundle: The model.
        form: Out of ``FORMS``.
        name: What the file calls the model; its backend if left out.

    Raises:
        ModelError: The model takes small pictures in colour, which a graph does not make here.
    """
    name = name or bundle.backend
    graphs = [graph for graph in (bundle.graph, bundle.map_graph, bundle.blur_graph) if graph]
    models = [onnx.load_from_string(graph) for graph in graphs]
    for model in models:
        for one in model.graph.input:
            if one.name not in INPUTS:
                known = ", ".join(INPUTS)
                raise ModelError(
                    f"{name}: takes {one.name}, which an export cannot make of pixels; "
                    f"it makes {known}"
                )
    shape = ("height", "width") if form == "luma" else ("height", "width", 3)
    given = argument(Tensor(np.uint8, shape))
    with warnings.catch_warnings(action="ignore"):  # Spox cannot tell the shape of a transform
        pixels = Value(given)
        own = pixels.to(np.float32) if form == "luma" else luma_of(pixels)
        outputs = _verdict(_seen(own, bundle.size), models, bundle)
        made = build({form: given}, {name: value.var for name, value in outputs.items()})
    return _finished(made, bundle, form, name)


def _seen(own: Value, size: int) -> _Seen:
    """Read a photo as ``features.photo.Photo`` does."""
    whole = within(own, size)
    height, width = whole.size(0), whole.size(1)
    box = inside(whole, size)
    framed = ((box[1] - box[0]) < height) | ((box[3] - box[2]) < width)
    shares = tuple(
        as_double(box[at]) / as_double(side)
        for at, side in enumerate((height, height, width, width))
    )

    def cut() -> Value:
        part = own
        for axis, (start, end) in enumerate((shares[:2], shares[2:])):
            extent = part.size(axis)
            first = minimum(ceil(start * as_double(extent)).to(np.int64), extent - 1)
            last = maximum(floor(end * as_double(extent)).to(np.int64), 1)
            part = part[first:last] if axis == 0 else part[:, first:last]
        return within(part, size, None)

    luma = either(framed, cut, lambda: whole)
    wide = as_double(own.size(1)) * (shares[3] - shares[2])
    reduction = maximum(wide / as_double(luma.size(1)), 1.0)
    top, bottom, left, right = shares
    return _Seen(luma, (height, width), (top, bottom, left, right), framed, reduction)


def _verdict(seen: _Seen, models: list[onnx.ModelProto], bundle: Bundle) -> dict[str, Value]:
    taken = {one.name for model in models for one in model.graph.input}
    turned = of_cells.turn(seen.luma)
    canonical = of_cells.canonical(seen.luma, turned)
    inputs: dict[str, Value] = {}
    if taken & {"wide", "cells"}:
        inputs["cells"] = of_cells.map_blocks(canonical)
        flat = inputs["cells"].reshape(len(CHANNELS), -1)
        energy = flat[ENERGY]
    else:
        energy = of_cells.quarter_energy(canonical).reshape(-1)
    told = has_evidence(energy)
    if "wide" in taken:
        inputs["wide"] = summarise(flat, told)
    if "features" in taken:
        inputs["features"] = image_features(seen.luma)
    if "laplacian" in taken:
        inputs["laplacian"] = laplacian_variance(seen.luma)
    found = _answers(models, inputs)
    reason = missing(seen.luma)
    share = told.to(np.float32).mean()
    outputs = {"probability": _calibrated(found["probability"], bundle)}
    if "map" in found:
        places = of_cells.from_canonical(found["map"].reshape(*_two(found["map"])), turned)
        outputs["map"] = either(seen.framed, lambda: _spread(places, seen), lambda: places)
    outputs["evidence"] = where(reason.equals(0), share, 0.0).expand(0)
    if "extent" in found:
        extent = maximum(found["extent"].to(np.float64), 1.0)
        outputs["blur"] = (extent * seen.reduction).to(np.float32).reshape(1)
    if "motion" in found:
        outputs["motion"] = found["motion"].reshape(1)
    outputs["reason"] = reason.reshape(1)
    outputs["box"] = stack(list(seen.box)).to(np.float32)
    return {name: outputs[name] for name in OUTPUTS if name in outputs}


def _two(value: Value) -> tuple[Value, Value]:
    return value.size(1), value.size(2)


def _answers(models: list[onnx.ModelProto], inputs: Mapping[str, Value]) -> dict[str, Value]:
    """What the bundle's graphs say to one photo, by the names of their outputs."""
    found: dict[str, Value] = {}
    for model in models:
        rows = {}
        for one in model.graph.input:
            dtype = onnx.helper.tensor_dtype_to_np_dtype(one.type.tensor_type.elem_type)
            rows[one.name] = inputs[one.name].to(dtype).expand(0).var
        found |= {name: Value(var) for name, var in inline(model)(**rows).items()}
    return found


def _calibrated(probability: Value, bundle: Bundle) -> Value:
    """(1,) P of the graph -> calibrated, as ``inference.bundle.Calibration``."""
    p = probability.to(np.float64).clip(LEAST_P, 1 - LEAST_P)
    odds = log(p / (1.0 - p)) * bundle.calibration.scale + bundle.calibration.offset
    calibrated = 1.0 / (exp(-odds.clip(-700.0, 700.0)) + 1.0)
    return calibrated.to(np.float32).reshape(1)


def _spread(places: Value, seen: _Seen) -> Value:
    """A map of the photo -> of the photo and its frame, as ``features.photo.Photo.spread``."""
    for axis in (0, 1):
        extent, inner = seen.shape[axis], seen.luma.size(axis)
        start, end = seen.box[2 * axis : 2 * axis + 2]
        count = (extent // SIZE + CELL - 1) // CELL
        centre = (arange(count, np.float64) + 0.5) * (CELL * SIZE)
        centre = centre + as_double((extent % SIZE) // 2)
        share = (centre / as_double(extent) - start) / (end - start)
        shift = as_double((inner % SIZE) // 2)
        at = floor((share * as_double(inner) - shift) / float(CELL * SIZE))
        at = at.clip(0.0, as_double(places.size(axis) - 1)).to(np.int64)
        places = places.take(at, axis)
    return places


def _finished(model: onnx.ModelProto, bundle: Bundle, form: str, name: str) -> bytes:
    """The file, with what people and programs ask it."""
    shortened(model.graph)
    model.ir_version = IR_VERSION
    model.producer_name, model.producer_version = "blurdct", __version__
    model.graph.name = f"blurdct-{name}"
    model.doc_string = "Tells blurred photographs from sharp ones: " + "; ".join(
        [
            f"{form}: {FORMS[form]}",
            *(f"{one.name}: {OUTPUTS[one.name]}" for one in model.graph.output),
        ]
    )
    limits = bundle.thresholds
    facts = {
        "version": __version__,
        "model": name,
        "form": form,
        "size": str(bundle.size),
        "sure_sharp": repr(limits.sure_sharp),
        "threshold": repr(limits.decision),
        "sure_blurred": repr(limits.sure_blurred),
        "reasons": json.dumps(list(REASONS.values())),
        "licence": LICENCE,
    }
    onnx.helper.set_model_props(model, facts)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())
