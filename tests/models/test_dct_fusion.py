"""``dct-fusion``: one answer of two models, and a map that came with blurdct beside it."""

import numpy as np
import onnxruntime
import pytest

from blurdct.errors import ConfigError
from blurdct.features.block_map import CHANNELS, map_blocks
from blurdct.features.summary import summarise
from blurdct.inference.bundle import shipped_map
from blurdct.metrics import logit
from blurdct.models.base import TrainingRows
from blurdct.models.dct_fusion import LEAST, WEIGHTS, DctFusion

QUICK = {
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
    return {"wide": np.stack([summarise(map_blocks(luma)) for luma in lumas])}


@pytest.fixture(scope="module")
def fitted(inputs):
    y = np.repeat([0, 1], 20)
    y[[5, 25]] = -1  # only a mask would be known of these
    rows = TrainingRows(inputs, y, np.arange(40), np.ones(40))
    return DctFusion(**QUICK).fit(rows)


def test_the_answer_lies_between_those_of_the_members_by_their_weights(fitted, inputs):
    odds = {name: logit(model.predict_proba(inputs)) for name, model in fitted.fitted.items()}
    assert odds.keys() == WEIGHTS.keys() and sum(WEIGHTS.values()) == pytest.approx(1)
    expected = sum(weight * odds[name] for name, weight in WEIGHTS.items())
    np.testing.assert_allclose(logit(fitted.predict_proba(inputs)), expected, atol=1e-5)


def test_the_graph_answers_the_same_as_the_model(fitted, inputs):
    session = onnxruntime.InferenceSession(fitted.to_onnx())
    assert [one.name for one in session.get_inputs()] == ["wide"]
    (p,) = session.run(None, inputs)
    np.testing.assert_allclose(p, fitted.predict_proba(inputs), atol=1e-5)
    assert p[:20].mean() < 0.5 < p[20:].mean()


def test_a_member_that_is_sure_beyond_all_measure_counts_as_no_more_than_the_limit(fitted, inputs):
    class Sure:
        def predict_proba(self, inputs):
            return np.ones(len(inputs["wide"]))

    other = "dct-mlp"
    model = DctFusion(**QUICK)
    model.fitted = {**fitted.fitted, "dct-xgb-wide": Sure()}
    odds = logit(fitted.fitted[other].predict_proba(inputs))
    expected = WEIGHTS["dct-xgb-wide"] * logit(np.float64(1 - LEAST)) + WEIGHTS[other] * odds
    np.testing.assert_allclose(logit(model.predict_proba(inputs)), expected, rtol=1e-6)


def test_the_map_is_a_graph_of_its_own_that_came_with_blurdct(fitted):
    graph = fitted.map_onnx()
    assert graph == DctFusion().map_onnx() == shipped_map()
    session = onnxruntime.InferenceSession(graph)
    assert [one.name for one in session.get_inputs()] == ["cells"]
    assert [one.name for one in session.get_outputs()] == ["map"]
    luma = np.random.default_rng(0).integers(0, 255, (160, 240), dtype=np.uint8)
    cells = map_blocks(luma)[None]
    assert cells.shape[1] == len(CHANNELS)
    (places,) = session.run(None, {"cells": cells})
    assert places.shape == (1, *cells.shape[2:])
    assert 0 <= places.min() <= places.max() <= 1


def test_members_are_made_with_the_parameters_and_the_seed_that_are_given(fitted):
    assert fitted.fitted["dct-xgb-wide"].parameters["rounds"] == 20
    assert fitted.fitted["dct-mlp"].parameters["members"] == 1
    model = DctFusion(seed=7, **{"dct-mlp": {"seed": 3}})
    assert model.parameters["seed"] == 7
    for name in ("rounds", "dct-net"):
        with pytest.raises(ConfigError, match=f"unknown parameter {name}"):
            DctFusion(**{name: {}})
