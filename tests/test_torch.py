import builtins
import sys
from itertools import pairwise

import cv2
import numpy as np
import pytest

from blurdct.features import bands, dct, extract
from blurdct.images.reader import read_luma

torch = pytest.importorskip("torch")

from blurdct.features.bands import FEATURES  # noqa: E402
from blurdct.features.block_map import map_blocks  # noqa: E402
from blurdct.features.summary import summarise  # noqa: E402
from blurdct.torch import block_statistics, image_features, wide_numbers  # noqa: E402

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


@pytest.fixture(params=DEVICES)
def device(request):
    """A device that this machine has."""
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return request.param


def pictures(texture, count=3):
    """A batch of grey pictures of unlike sharpness, (count, 128, 192) float32."""
    blurred = [cv2.GaussianBlur(texture, (0, 0), 0.3 + n) for n in range(count)]
    return torch.from_numpy(np.stack(blurred).astype(np.float32))


def close(found, expected):
    """Alike to 1e-4 of the numbers; a shape near 0 to as much of 1."""
    np.testing.assert_allclose(found.detach().cpu().numpy(), expected, rtol=1e-4, atol=1e-4)


def test_a_batch_has_the_features_and_the_map_of_each_picture(texture, device):
    batch = pictures(texture)
    found, maps = image_features(batch.to(device)), block_statistics(batch.to(device))
    assert found.device.type == maps.device.type == device
    assert found.shape == (3, 18) and maps.shape == (3, 18, 16, 24)
    assert found.dtype == maps.dtype == torch.float32
    for picture, row, statistics in zip(batch.numpy(), found, maps, strict=True):
        close(row, extract.image_features(picture))
        np.testing.assert_allclose(
            statistics.cpu().numpy(), extract.block_statistics(picture), rtol=1e-3, atol=1e-3
        )


def test_colour_is_turned_to_the_luma_of_a_photo(rgb, device):
    batch = torch.from_numpy(rgb.copy()).movedim(2, 0)[None].float().to(device)
    luma = rgb @ np.array([0.299, 0.587, 0.114])
    close(image_features(batch)[0], extract.image_features(luma))
    # read_luma rounds to whole grey levels, which adds 1/12 to each coefficient's energy
    energies = [FEATURES.index(f"{band}_energy") for band in bands.BANDS]
    read = extract.image_features(read_luma(rgb))[energies] - np.array([14, 28, 21]) / 12
    np.testing.assert_allclose(image_features(batch)[0].cpu().numpy()[energies], read, rtol=0.02)


def test_everything_happens_on_the_device_of_the_pictures():
    batch = torch.empty((2, 3, 64, 70), device="meta")  # shapes without numbers; others are refused
    assert block_statistics(batch).device.type == "meta"
    assert block_statistics(batch).shape == (2, 18, 8, 8)


def test_one_channel_and_none_are_the_same(texture):
    batch = pictures(texture)
    assert torch.equal(image_features(batch[:, None]), image_features(batch))


def test_the_peak_says_what_white_is(texture):
    batch = pictures(texture)
    close(image_features(batch / 255, peak=1), image_features(batch).numpy())


def test_the_remainder_counts_for_nothing_and_neighbours_do_not_mix(texture):
    batch = pictures(texture)[:, :125, :190]
    close(image_features(batch), image_features(batch[:, :120, :184]).numpy())
    alone = torch.cat([block_statistics(batch[[n]]) for n in range(3)])
    torch.testing.assert_close(block_statistics(batch), alone, rtol=1e-3, atol=1e-3)


def test_gradients_are_those_of_differences():
    generator = torch.Generator().manual_seed(0)
    grey = 255 * torch.rand((2, 8, 16), generator=generator, dtype=torch.float64)
    colour = 255 * torch.rand((1, 3, 8, 8), generator=generator, dtype=torch.float64)
    for batch in (grey, colour):
        assert torch.autograd.gradcheck(block_statistics, batch.requires_grad_())
        assert torch.autograd.gradcheck(image_features, batch)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_finite_on_any_picture(device, dtype):
    checks = torch.from_numpy(np.indices((16, 16)).sum(axis=0) % 2 * 255.0)
    half = torch.zeros(16, 16).index_fill_(1, torch.arange(5), 255.0)
    dot = torch.full((16, 16), 128.0).index_put_((torch.tensor(3), torch.tensor(4)), torch.ones(()))
    faint = 1e-3 * torch.rand((16, 16), generator=torch.Generator().manual_seed(0))
    flat = [torch.full((16, 16), level) for level in (0.0, 0.5, 128.0, 255.0)]
    for picture in (*flat, checks, half, dot, faint):
        batch = picture.to(device, dtype)[None].requires_grad_()
        for wanted in range(18):
            (gradient,) = torch.autograd.grad(image_features(batch)[0, wanted], batch)
            assert torch.isfinite(gradient).all(), FEATURES[wanted]


def test_constant_pictures_have_zeros_and_shapes_without_gradient():
    batch = torch.full((1, 16, 16), 128.0).requires_grad_()
    statistics = block_statistics(batch)
    assert statistics.abs().max() < 1e-3
    shapes = [n for n, name in enumerate(FEATURES) if not name.endswith(("mean", "energy"))]
    (gradient,) = torch.autograd.grad(statistics[:, shapes].sum(), batch)
    assert not gradient.any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_left_before_it_overflows(texture, device, dtype):
    batch = pictures(texture).to(device, dtype)
    found = image_features(batch)
    assert found.dtype == torch.float32
    assert torch.equal(found, image_features(batch.float()))
    with torch.autocast(device, dtype=dtype):
        assert torch.equal(image_features(batch.float()), found)


def test_gradients_flow_even_if_the_first_call_was_in_inference_mode(texture):
    dct._matrix_like.cache_clear()
    bands._band_weights.cache_clear()
    batch = pictures(texture)
    with torch.inference_mode():
        extract.image_features(batch[0])
    batch.requires_grad_()
    image_features(batch).sum().backward()
    assert torch.isfinite(batch.grad).all()


def test_sharpening_is_found_by_gradient_ascent(texture, device):
    blurred = pictures(texture, 1).to(device)
    soft = torch.nn.functional.avg_pool2d(blurred, 5, stride=1, padding=2)
    amount = torch.zeros((), device=device, requires_grad=True)  # of an unsharp mask
    energy = FEATURES.index("high_freq_energy")
    found = []
    for _ in range(20):
        sharpened = blurred + amount * (blurred - soft)
        loss = -torch.log(image_features(sharpened)[:, energy]).sum()
        found.append(-loss.item())
        (slope,) = torch.autograd.grad(loss, amount)
        amount = (amount - 0.1 * slope).detach().requires_grad_()
    assert amount.item() > 1
    assert all(later > earlier for earlier, later in pairwise(found))


def test_no_pictures_give_no_features():
    assert image_features(torch.zeros((0, 16, 24))).shape == (0, 18)
    assert block_statistics(torch.zeros((0, 3, 16, 24))).shape == (0, 18, 2, 3)


@pytest.mark.parametrize("describe", [image_features, block_statistics])
def test_what_is_no_batch_of_pictures_is_refused(describe):
    for shape in ((), (16, 16), (1, 2, 16, 16), (1, 4, 16, 16), (1, 16, 16, 3), (1, 1, 3, 16, 16)):
        with pytest.raises(ValueError, match=r"expected shape \(N, H, W\).* got"):
            describe(torch.zeros(shape))
    with pytest.raises(ValueError, match="expected at least 8x8 pixels, got 7x100"):
        describe(torch.zeros((1, 7, 100)))
    with pytest.raises(ValueError, match="expected floating point, got torch.uint8"):
        describe(torch.zeros((1, 16, 16), dtype=torch.uint8))
    for peak in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="peak: expected over 0"):
            describe(torch.zeros((1, 16, 16)), peak)


def test_the_pictures_come_back_as_they_were(texture):
    batch = pictures(texture)
    before = batch.clone()
    image_features(batch)
    assert torch.equal(batch, before)


def test_without_torch_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def absent(name, *rest):
        if name == "torch":
            raise ModuleNotFoundError(name, name=name)
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "blurdct.torch")
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ImportError, match=r"needs torch: .*\[train\]"):
        import blurdct.torch  # noqa: F401


@pytest.mark.parametrize("shape", [(128, 192), (150, 131), (40, 72)])
def test_the_350_numbers_are_those_of_the_files_luma(texture, shape, device):
    """Pictures that lie in all ways: light left, above, right and below."""
    more = [(0, max(0, wanted - had)) for wanted, had in zip(shape, texture.shape, strict=True)]
    plain = np.pad(texture, more, "symmetric")[: shape[0], : shape[1]]
    ramp = np.linspace(0, 60, shape[1])[None] + np.linspace(0, 30, shape[0])[:, None]
    plain = np.clip(0.6 * plain + ramp, 0, 255).astype(np.uint8)
    lumas = [plain, plain[::-1], plain[:, ::-1], cv2.GaussianBlur(plain, (0, 0), 2)]
    down = np.linspace(0, 90, shape[0])[:, None] + 0.5 * plain
    lumas.append(np.clip(down, 0, 255).astype(np.uint8))  # which is turned
    batch = torch.from_numpy(np.stack(lumas).astype(np.float32)).to(device)
    found = wide_numbers(batch).cpu().numpy()
    expected = np.stack([summarise(map_blocks(np.ascontiguousarray(luma))) for luma in lumas])
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    tinted = batch[:, None].expand(-1, 3, -1, -1) / 255
    np.testing.assert_allclose(wide_numbers(tinted, peak=1).cpu().numpy(), found, atol=1e-5)


def test_350_numbers_of_nothing_and_of_integers():
    assert wide_numbers(torch.zeros(0, 64, 64)).shape == (0, 350)
    with pytest.raises(ValueError, match="expected floating point"):
        wide_numbers(torch.zeros(1, 64, 64, dtype=torch.uint8))
