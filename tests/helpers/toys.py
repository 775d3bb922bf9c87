"""Small stand-ins that several tests share: photographs, a feature table, an untrained bundle."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper, numpy_helper

from blurdct.features.bands import FEATURES
from blurdct.features.block_map import CHANNELS
from blurdct.features.extract import image_features
from blurdct.inference.bundle import Bundle, Calibration
from blurdct.inference.thresholds import Thresholds

SIDE = 64  # pixels

THRESHOLDS = Thresholds(sure_sharp=0.25, sure_blurred=0.75)


def scene(seed: int) -> np.ndarray:
    """A sharp picture with detail at every scale, more of it here than there; (64, 64) uint8."""
    rng = np.random.default_rng(seed)
    luma = np.full((SIDE, SIDE), 128.0)
    for sigma in (0.5, 1.0, 2.0, 4.0):
        layer = cv2.GaussianBlur(rng.standard_normal(luma.shape), (0, 0), sigma)
        luma += rng.uniform(4, 20) * layer / layer.std()
    return np.clip(luma, 0, 255).astype(np.uint8)


def photo(seed: int, sigma: float = 0.0) -> np.ndarray:
    """A scene with a tint of its own, blurred by so many pixels; (64, 64, 3) uint8, RGB."""
    tint = np.random.default_rng(seed).uniform(0.7, 1.1, 3)
    rgb = np.clip(scene(seed)[:, :, None] * tint, 0, 255).astype(np.uint8)
    return cv2.GaussianBlur(rgb, (0, 0), sigma) if sigma else rgb


def save_photos(folder: Path, scenes: int = 12, sigma: float = 2.0) -> Path:
    """A folder with two photographs of each scene: ``sharp/N.png``, ``blurred/N.png``."""
    for name, blur in (("sharp", 0.0), ("blurred", sigma)):
        (folder / name).mkdir(parents=True)
        for seed in range(scenes):
            bgr = np.ascontiguousarray(photo(seed, blur)[:, :, ::-1])
            cv2.imwrite(str(folder / name / f"{seed:02}.png"), bgr)
    return folder


def table(scenes: int = 40, copies: bool = True, album: bool = True, seed: int = 0) -> pd.DataFrame:
    """A feature table as stage 6 writes it.

    Half of the scenes are of the source ``street``, half of ``studio``: a photo that is sharp and
    one that is blurred, weakly at times, so that no model is always right. ``album`` has sharp
    photographs alone. Copies are of street scenes. A tenth of the scenes is marked ``test``.
    """
    rng = np.random.default_rng(seed)
    rows: list[tuple] = []
    for number in range(scenes):
        group, split = f"scene {number}", "test" if number % 10 < 2 else "train"
        source = "street" if number % 2 else "studio"
        weak = rng.uniform(0.05, 1.5)
        for label, sigma in ((0, rng.uniform(0.05, 0.4)), (1, weak)):
            path = f"{('sharp', 'blurred')[label]}/{number}.jpg"
            rows.append((path, label, group, split, source, "", 0.0, number, sigma))
        if copies and source == "street":
            strength = rng.random()
            kind = ("defocus", "motion")[number // 2 % 2]
            rows.append((f"c/{number}_0.jpg", 0, group, split, source, "none", 0.0, number, 0.2))
            sigma = 0.8 + 2 * strength
            path = f"c/{number}_1.jpg"
            rows.append((path, 1, group, split, source, kind, strength, number, sigma))
    if album:
        for number in range(scenes, scenes + scenes // 4):
            path, group = f"album/{number}.jpg", f"scene {number}"
            rows.append((path, 0, group, "train", "album", "", 0.0, number, 0.3))
    names = ["path", "label", "group", "split", "source", "kind", "strength", "scene", "sigma"]
    frame = pd.DataFrame(rows, columns=names)
    values = np.array([_described(*pair) for pair in zip(frame.scene, frame.sigma, strict=True)])
    frame["label"] = frame["label"].astype("Int64")
    frame = frame.drop(columns=["scene", "sigma"])
    return frame.assign(**dict(zip(FEATURES, values.astype(np.float32).T, strict=True)))


@cache
def _described(number: int, sigma: float) -> np.ndarray:
    return image_features(cv2.GaussianBlur(scene(int(number)), (0, 0), sigma))


def graph(
    views: tuple[str, ...] = ("features",), width: int = len(FEATURES), output: str = "probability"
) -> bytes:
    """An ONNX graph: logit of P is 2 less half of ``high_freq_mean``."""
    weights = np.zeros((width, 1), np.float32)
    weights[max(0, width - 6)] = -0.5
    nodes = [
        helper.make_node("Sum", list(views), ["sum"]),
        helper.make_node("MatMul", ["sum", "weights"], ["product"]),
        helper.make_node("Add", ["product", "two"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["column"]),
        helper.make_node("Squeeze", ["column", "axis"], [output]),
    ]
    constants = {"weights": weights, "two": np.float32(2), "axis": np.array([1])}
    made = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info(view, TensorProto.FLOAT, ["n", width]) for view in views],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n"])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def graph_with_map() -> bytes:
    """``graph``, and a map of 3x4 cells: P times 0 in the first cell up to 1 in the last."""
    model = onnx.load_from_string(graph())
    ramp = np.linspace(0, 1, 12, dtype=np.float32).reshape(1, 3, 4)
    model.graph.initializer.extend(
        [numpy_helper.from_array(ramp, "ramp"), numpy_helper.from_array(np.array([1, 2]), "axes")]
    )
    model.graph.node.extend(
        [
            helper.make_node("Unsqueeze", ["probability", "axes"], ["cube"]),
            helper.make_node("Mul", ["cube", "ramp"], ["map"]),
        ]
    )
    model.graph.output.append(
        helper.make_tensor_value_info("map", TensorProto.FLOAT, ["n", "h", "w"])
    )
    onnx.checker.check_model(model)
    return model.SerializeToString()


def map_graph(view: str = "cells", output: str = "map") -> bytes:
    """A graph of its own whose map is the light of each cell, 0..1."""
    nodes = [
        helper.make_node("Cast", [view], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["numbers", "channel"], [output], axis=1),
    ]
    value = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes,
        "light",
        [value(view, TensorProto.FLOAT16, ["n", len(CHANNELS), "h", "w"])],
        [value(output, TensorProto.FLOAT, ["n", "h", "w"])],
        [helper.make_tensor("channel", TensorProto.INT64, [], [CHANNELS.index("luma")])],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def blur_graph(view: str = "features", output: str = "extent", kind: bool = False) -> bytes:
    """A graph of its own whose extent is 1 pixel, and more where ``high_freq_mean`` is under 8.

    With ``kind`` it says ``motion``, too: P is over .5 where the extent is over 6.
    """
    weights = np.zeros((len(FEATURES), 1), np.float32)
    weights[FEATURES.index("high_freq_mean")] = 1
    nodes = [
        helper.make_node("MatMul", [view, "weights"], ["column"]),
        helper.make_node("Squeeze", ["column", "axis"], ["detail"]),
        helper.make_node("Sub", ["eight", "detail"], ["less"]),
        helper.make_node("Relu", ["less"], ["more"]),
        helper.make_node("Add", ["more", "one"], [output]),
        helper.make_node("Sub", ["more", "five"], ["over"]),
        helper.make_node("Sigmoid", ["over"], ["motion"]),
    ]
    constants = {
        "weights": weights,
        "axis": np.array([1]),
        "eight": np.float32(8),
        "one": np.float32(1),
        "five": np.float32(5),
    }
    value = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes,
        "extent",
        [value(view, TensorProto.FLOAT, ["n", len(FEATURES)])],
        [value(name, TensorProto.FLOAT, ["n"]) for name in (output, *["motion"] * kind)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def bundle(**changes) -> Bundle:
    """A bundle around ``graph``; made for 128 pixels."""
    entries = {
        "backend": "toy",
        "graph": graph(),
        "size": 128,
        "calibration": Calibration(1.5, -0.25),
        "thresholds": THRESHOLDS,
        "parameters": {"depth": 3, "rate": 0.125, "name": "ä", "none": None},
        "training": {"rows": 40},
    }
    return Bundle(**{**entries, **changes})
