"""The compiled functions beside NumPy's, which are their reference, for every length of vectors."""

import threading

import cv2
import numpy as np
import pytest

from blurdct.errors import ConfigError
from blurdct.features.block_map import CHANNELS, map_blocks, quarter_energy
from blurdct.features.blocks import block_evidence
from blurdct.features.extract import block_statistics, image_features
from blurdct.features.orientation import canonical, from_canonical
from blurdct.features.screening import frame
from blurdct.features.summary import SUMMARY, summarise
from blurdct.images.resize import resize_to
from blurdct.images.structure.jpeg_scans import _marker
from blurdct.kernel import calls, choice

SHAPES = [(8, 8), (9, 200), (200, 17), (61, 83), (128, 96), (248, 360)]


def photo(shape=(248, 360), seed=0):
    """Detail of all sizes, less of it to the right, on a slope of light; uint8."""
    rng = np.random.default_rng(seed)
    luma = np.add.outer(np.linspace(0, 40, shape[0]), np.linspace(120, 0, shape[1]))
    for width in (0.5, 2.0, 6.0):
        luma += cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), width) * 12 * width
    luma += rng.normal(0, 4, shape) * (np.arange(shape[1]) < shape[1] // 2)
    return np.clip(luma + 40, 0, 255).astype(np.uint8)


class Kernel:
    """Runs functions by one kernel, and by NumPy."""

    def __init__(self, monkeypatch, name):
        self.monkeypatch, self.own = monkeypatch, name

    def choose(self, name):
        self.monkeypatch.setenv(choice.VARIABLE, name)
        choice.compiled.cache_clear()

    def both(self, function, *arguments):
        """What it returns by the kernel, and what by NumPy."""
        self.choose(choice.NUMPY)
        expected = function(*arguments)
        self.choose(self.own)
        assert choice.name() == self.own
        return function(*arguments), expected


@pytest.fixture(params=choice.LANES)
def kernel(request, monkeypatch):
    try:
        found = Kernel(monkeypatch, request.param)
        found.choose(request.param)
        choice.compiled()
        yield found
    except ConfigError as error:
        pytest.skip(str(error))
    finally:
        monkeypatch.undo()
        choice.compiled.cache_clear()
        choice.compiled()


@pytest.mark.parametrize("shape", SHAPES)
def test_statistics_of_blocks_are_those_of_numpy(kernel, shape):
    found, expected = kernel.both(block_statistics, photo(shape))
    assert found.shape == expected.shape and found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=5e-3)
    means = [one.mean(axis=(1, 2), dtype=float) for one in (found, expected)]
    np.testing.assert_allclose(*means, rtol=2e-4, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_features_and_weights_are_those_of_numpy(kernel, shape):
    np.testing.assert_allclose(*kernel.both(block_evidence, photo(shape)), rtol=1e-6)
    np.testing.assert_allclose(*kernel.both(image_features, photo(shape)), rtol=2e-4, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_cells_are_those_of_numpy(kernel, shape):
    found, expected = kernel.both(map_blocks, photo(shape))
    assert found.shape == expected.shape and found.dtype == expected.dtype
    shaped = [name.endswith(("kurt", "skew")) for name in CHANNELS]  # float32's noise shows most
    np.testing.assert_allclose(found[shaped], expected[shaped], rtol=1e-3, atol=5e-3)
    shaped = np.logical_not(shaped)
    np.testing.assert_allclose(found[shaped], expected[shaped], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(*kernel.both(quarter_energy, photo(shape)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_numbers_about_a_photo_are_those_of_numpy(kernel, shape):
    cells = map_blocks(photo(shape))
    found, expected = kernel.both(summarise, cells)
    assert found.dtype == np.float32
    wrong = [
        (name, one, other)
        for name, one, other in zip(SUMMARY, found, expected, strict=True)
        if abs(one - other) > 2e-5 * max(1, abs(other))
    ]
    assert not wrong


def test_equal_numbers_are_ranked_as_well(kernel):
    """Cells of few different values, as of drawings, and of one value alone."""
    rng = np.random.default_rng(1)
    for levels in (1, 2, 5):
        cells = rng.integers(0, levels, (len(CHANNELS), 20, 30)).astype(np.float32)
        found, expected = kernel.both(summarise, cells)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_one_grey_level_has_the_same_numbers(kernel, level):
    flat = np.full((64, 72), level, np.uint8)
    np.testing.assert_allclose(*kernel.both(map_blocks, flat), atol=1e-3)
    np.testing.assert_allclose(*kernel.both(image_features, flat), atol=1e-3)
    np.testing.assert_array_equal(*kernel.both(block_evidence, flat))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_photo_lies_the_same_way(kernel, shape):
    for luma in (photo(shape), photo(shape)[:, ::-1], photo(shape)[::-1].T):
        luma = np.ascontiguousarray(luma)
        np.testing.assert_array_equal(*kernel.both(canonical, luma))
        np.testing.assert_array_equal(*kernel.both(from_canonical, canonical(luma), luma))


@pytest.mark.parametrize(
    ("shape", "smaller"),
    [
        ((768, 1024), (480, 640)),
        ((300, 201), (299, 16)),
        ((64, 333), (64, 100)),
        ((40, 40), (17, 39)),
        ((500, 700), (100, 139)),
    ],
)
def test_a_picture_is_reduced_to_the_grey_levels_of_opencv(kernel, shape, smaller):
    rng = np.random.default_rng(2)
    pixels = rng.integers(0, 256, shape, np.uint8)
    found, expected = kernel.both(resize_to, pixels, smaller[1], smaller[0])
    assert found.shape == smaller
    apart = np.abs(found.astype(int) - expected)
    assert apart.max() <= 1 and np.mean(apart > 0) < 1e-3
    assert np.array_equal(cv2.resize(pixels, smaller[::-1], interpolation=cv2.INTER_AREA), expected)
    part = pixels[1:-2, 3:-1]  # lines that do not follow one another
    inner = smaller[0] - 3, smaller[1] - 4
    if min(inner) >= calls.LEAST:
        np.testing.assert_array_equal(
            resize_to(part, inner[1], inner[0]),
            resize_to(np.ascontiguousarray(part), inner[1], inner[0]),
        )


@pytest.mark.parametrize("shape", [(480, 640), (301, 283), (640, 287)])
def test_frames_are_those_of_numpy(kernel, shape):
    luma = photo(shape)
    framed = cv2.copyMakeBorder(luma, 40, 40, 20, 20, cv2.BORDER_CONSTANT, value=250)
    wide = cv2.GaussianBlur(cv2.resize(luma, (2 * shape[1], shape[0])), (0, 0), 30)
    wide[:, shape[1] // 2 : shape[1] // 2 + shape[1]] = luma
    for picture in (luma, framed, wide, framed.T, luma[3:, 2:-1]):
        found, expected = kernel.both(frame.inside, picture)
        assert found == expected
        np.testing.assert_allclose(*kernel.both(frame._other_at_edges, picture))
    assert 38 <= frame.inside(framed).top <= 44 and frame.inside(luma).top == 0
    assert frame.inside(wide).width < wide.shape[1]


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(
    ("data", "at"),
    [
        (b"", 0),
        (b"\xff", 0),
        (b"ab\xff", 0),
        (b"a\xff\0b\xff\xd0c\xff\xff\xd9\xff\xd9", 0),
        (b"a\xff\xda\xff\xd9", 2),
        (b"a\xff\xd9", 9),
    ],
)
def test_a_scan_ends_at_the_same_marker(kernel, data, at, restarts):
    found, expected = kernel.both(_marker, data, at, restarts)
    assert found == expected


def test_threads_may_use_it_at_the_same_time(kernel):
    lumas = [photo((96 + 8 * n, 128), seed=n) for n in range(4)]
    expected = [map_blocks(luma) for luma in lumas]
    found = {}

    def work(number):
        for _ in range(5):
            found[number] = map_blocks(lumas[number])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, cells in enumerate(expected):
        np.testing.assert_array_equal(found[number], cells)


BYTES, FLOATS = np.zeros((16, 16), np.uint8), np.zeros((28, 4), np.float32)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("describe", (BYTES,)),
        ("describe", (BYTES, FLOATS[:, :3].copy())),
        ("describe", (BYTES, FLOATS.astype(float))),
        ("describe", (BYTES.astype(np.int8), FLOATS)),
        ("describe", (BYTES[:, ::2], FLOATS)),
        ("describe", (BYTES[:7], FLOATS)),
        ("describe", (BYTES[None], FLOATS)),
        ("map", (np.zeros((16, 12), np.uint8), np.zeros((92, 1, 1), np.float32))),
        ("map", (BYTES, np.zeros((92, 2, 1), np.float32))),
        ("area", (BYTES, np.zeros((17, 16), np.uint8))),
        ("area", (np.zeros((40, 40), np.uint8), np.zeros((20, 8), np.uint8))),
        ("weigh", (BYTES, np.zeros(2), np.zeros((3, 2), np.float32))),
        ("weighted", (BYTES, np.zeros((2, 2), np.float32), np.zeros(17))),
        ("lighter", ("a word",)),
        ("quarter", (BYTES, np.zeros((28, 2, 1), np.float32))),
        ("edges", (BYTES, np.zeros(1, np.int32), np.zeros((3, 2), np.int32))),
        ("steps", (BYTES, *(np.zeros(n, np.int32) for n in (1, 15, 16)))),
        ("marker", ("a word", 0, False)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(kernel, name, arguments):
    with pytest.raises((ValueError, TypeError)):
        getattr(choice.compiled(), name)(*arguments)


def test_tables_of_numbers_that_there_are_not_are_refused(kernel):
    from blurdct.features import summary

    cells = np.zeros((len(CHANNELS), 2, 2), np.float32)
    tables = summary._tables()
    for number in range(4):
        for wrong in (-1, 92):
            changed = [table.copy() for table in tables]
            changed[number].flat[-1] = wrong
            with pytest.raises(ValueError, match=r"summary\.py"):
                calls.summarise(cells, len(SUMMARY), *changed)
    with pytest.raises(ValueError, match=r"summary\.py"):
        calls.summarise(cells, len(SUMMARY) - 1, *tables)
