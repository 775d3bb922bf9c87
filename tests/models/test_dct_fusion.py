"""``dct-fusion``: one answer of two models, and the map of one of them."""

import numpy as np
import onnxruntime
import pytest

from blurdct.errors import ConfigError
from blurdct.features.block_map import map_blocks, summary
from blurdct.metrics import logit
from blurdct.models.base import TrainingRows
from blurdct.models.dct_fusion import WEIGHTS, DctFusion

QUICK = {
    "dct-net": {"epochs": 2, "batch": 16},
    "dct-mlp": {"epochs": 4, "batch": 16, "members": 1},
    "dct-xgb-wide": {"rounds": 20, "min_child_weight": 0.1},
}


@pytest.fixture(scope="module")
def inputs():
    """Noise, strong in the first half of the photographs."""
    rng = np.random.default_rng(0)
    lumas = [
        np.clip(rng.normal(128, 30 if number < 20 else 3, (96, 96)), 0, 255).astype(np.uint8)
        for number in range(40)
    ]
    cells = np.stack([map_blocks(luma) for luma in lumas])
    wide = np.stack([summary(one) for one in cells])
    return {"cells": cells.astype(np.float16), "wide": wide}


@pytest.fixture(scope="module")
def fitted(inputs):
    y = np.repeat([0, 1], 20)
    y[[5, 25]] = -1  # only a mask would be known of these
    masks = np.full(inputs["cells"][:, 0].shape, np.nan, np.float16)
    masks[[5, 25]] = 0.5
    rows = TrainingRows(inputs, y, np.arange(40), np.ones(40), masks=masks)
    return DctFusion(**QUICK).fit(rows)


def test_the_answer_lies_between_those_of_the_members_by_their_weights(fitted, inputs):
    odds = {name: logit(model.predict_proba(inputs)) for name, model in fitted.fitted.items()}
    assert odds.keys() == WEIGHTS.keys() and sum(WEIGHTS.values()) == pytest.approx(1)
    expected = sum(weight * odds[name] for name, weight in WEIGHTS.items())
    np.testing.assert_allclose(logit(fitted.predict_proba(inputs)), expected, atol=1e-5)


def test_the_graph_answers_the_same_and_has_the_map_of_the_network(fitted, inputs):
    session = onnxruntime.InferenceSession(fitted.to_onnx())
    p, places = session.run(["probability", "map"], inputs)
    np.testing.assert_allclose(p, fitted.predict_proba(inputs), atol=1e-5)
    network = onnxruntime.InferenceSession(fitted.fitted["dct-net"].to_onnx())
    (expected,) = network.run(["map"], {"cells": inputs["cells"]})
    np.testing.assert_allclose(places, expected, atol=1e-6)


def test_members_are_made_with_the_parameters_and_the_seed_that_are_given(fitted):
    assert fitted.fitted["dct-xgb-wide"].parameters["rounds"] == 20
    model = DctFusion(seed=7, **{"dct-net": {"seed": 3}})
    assert model.parameters["seed"] == 7
    with pytest.raises(ConfigError, match="unknown parameter rounds"):
        DctFusion(rounds=3)
