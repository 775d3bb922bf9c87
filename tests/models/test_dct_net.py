"""``dct-net``: what it learns from beside labels, and what its graph says beside P."""

import numpy as np
import onnxruntime
import pytest
import torch

from blurdct.features import block_map
from blurdct.features.block_map import CHANNELS, map_blocks
from blurdct.models import dct_net
from blurdct.models.base import TrainingRows
from blurdct.models.dct_net import TRANSPOSED, DctNet

QUICK = {"epochs": 6, "batch": 16}
SIDE = 8  # cells


def maps(count, rng, sharp):
    """Cells of small photographs: detail on a slope of light where ``sharp`` (h, w) says so."""
    found = []
    for number in range(count):
        there = sharp[number].repeat(16, 0).repeat(16, 1)
        luma = np.linspace(60, 120, 16 * SIDE)[None] + there * rng.normal(0, 40, there.shape)
        found.append(map_blocks(np.clip(luma, 0, 255).astype(np.uint8)).astype(np.float16))
    return np.stack(found)


@pytest.fixture(scope="module")
def halves():
    """Photographs sharp all over, sharp in their left or right half, and not at all."""
    rng = np.random.default_rng(0)
    sharp = np.zeros((96, SIDE, SIDE))
    sharp[:32] = 1
    sharp[32:48, :, : SIDE // 2] = 1
    sharp[48:64, :, SIDE // 2 :] = 1
    y = np.repeat([0, -1, 1], 32)
    inputs = maps(96, rng, sharp)
    masks = np.full(sharp.shape, np.nan, np.float16)
    for row in range(32, 64):  # which way a map is turned is seen from where its detail is
        rich = inputs[row, CHANNELS.index("high_freq_energy")] > 3
        masks[row] = ~rich
    return inputs, y, masks


@pytest.fixture(scope="module")
def fitted(halves):
    return DctNet(**QUICK).fit(rows_of(*halves))


def rows_of(cells, y, masks):
    """As training has them, each a scene."""
    return TrainingRows({"cells": cells}, y, np.arange(len(y)), np.ones(len(y)), masks=masks)


@pytest.fixture(scope="module")
def session(fitted):
    return onnxruntime.InferenceSession(fitted.to_onnx())


def test_it_tells_maps_with_detail_from_maps_without(fitted, halves):
    inputs, y, _ = halves
    p = fitted.predict_proba({"cells": inputs})
    assert p[y == 0].max() < p[y == 1].min()


def test_masks_teach_where_a_photo_is_blurred(session, halves):
    inputs, y, masks = halves
    found = session.run(["map"], {"cells": inputs.astype(np.float32)})[0]
    part = y == -1
    assert found[part][masks[part] == 1].mean() > found[part][masks[part] == 0].mean() + 0.3


def test_the_graph_answers_as_the_network_does(fitted, session, halves):
    inputs = halves[0]
    p, places = session.run(["probability", "map"], {"cells": inputs.astype(np.float32)})
    np.testing.assert_allclose(p, fitted.predict_proba({"cells": inputs}), atol=1e-5)
    assert places.shape == inputs[:, 0].shape
    for answer in (p, places):
        assert ((answer >= 0) & (answer <= 1)).all()


@pytest.mark.parametrize("shape", [(8, 5), (5, 8), (7, 7), (1, 8), (1, 1)])
def test_padding_changes_nothing(session, halves, shape):
    high, wide = shape
    part = np.ascontiguousarray(halves[0][40:41, :, :high, :wide])
    padded = np.zeros_like(halves[0][:1])
    padded[:, :, :high, :wide] = part
    alone, among = (session.run(None, {"cells": one.astype(np.float32)}) for one in (part, padded))
    np.testing.assert_allclose(among[0], alone[0], atol=1e-5)
    np.testing.assert_allclose(among[1][:, :high, :wide], alone[1], atol=1e-5)
    assert alone[1].shape == (1, *shape)


def test_members_answer_by_their_mean(halves):
    inputs = halves[0]
    two = DctNet(epochs=1, members=2).fit(rows_of(*halves))
    p = [
        dct_net._Together([one]).eval()(torch.from_numpy(inputs).float())
        for one in two.network.members
    ]
    expected = np.mean([1 / (1 + np.exp(-one.detach().numpy())) for one in p], axis=0)
    np.testing.assert_allclose(two.predict_proba({"cells": inputs}), expected, atol=1e-5)


def test_a_transposed_photo_has_the_transposed_channels():
    luma = np.random.default_rng(3).integers(0, 256, (64, 48), dtype=np.uint8)
    blocks, turned = block_map._blocks(luma), block_map._blocks(np.ascontiguousarray(luma.T))
    for channel in range(CHANNELS.index("luma")):
        expected = blocks[TRANSPOSED[channel]].T
        np.testing.assert_allclose(turned[channel], expected, rtol=1e-3, atol=1e-3)
    changed = {CHANNELS[n] for n, other in enumerate(TRANSPOSED) if n != other}
    assert changed == {name for name in CHANNELS if "_across" in name or "_down" in name}
