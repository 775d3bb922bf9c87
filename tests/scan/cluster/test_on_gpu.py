"""The numbers of a photo by torch, as workers with a GPU make them."""

import pytest
import torch

from blurdct.config import ReadConfig
from blurdct.errors import ModelError
from blurdct.features.inputs import INPUTS
from blurdct.features.photo import Photo
from blurdct.inference import workers
from blurdct.scan.cluster.on_gpu import MAKERS, has_use, prepare_on_gpu
from tests.helpers import toys


@pytest.fixture(autouse=True)
def _own_inputs(monkeypatch):
    monkeypatch.setattr(workers, "_kept", ())
    for view in MAKERS:
        monkeypatch.setitem(INPUTS, view, INPUTS[view])  # and put back


def setup():
    return toys.bundle(), ReadConfig(64), None, "toy"


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_torch_makes_the_same_numbers(device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    photo = Photo(toys.photo(3, 0.5), ReadConfig(64))
    before = {view: INPUTS[view].make(photo) for view in MAKERS}
    prepare_on_gpu(setup(), {}, device)
    for view, expected in before.items():
        found = INPUTS[view].make(photo)
        assert found.shape == expected.shape and found.dtype == expected.dtype
        assert found == pytest.approx(expected, rel=1e-3, abs=1e-2)
    assert workers._kept[0].model == "toy"


def test_models_of_pictures_have_no_use_for_it():
    assert has_use(["features"]) and has_use(["wide"]) and not has_use(["rgb256", "gradients"])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_torch_that_sees_no_gpu_is_told():
    with pytest.raises(ModelError, match="torch sees no GPU"):
        prepare_on_gpu(setup(), {})
