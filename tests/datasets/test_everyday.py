"""The recipe ``everyday``: copies that differ by their blur alone, scenes, pages."""

import math

import cv2
import numpy as np
import pytest
from scipy import stats

from blurdct.datasets.blur_kernels import shake
from blurdct.datasets.everyday import recipe as everyday_recipe
from blurdct.datasets.everyday.pages import LONG, letters, page
from blurdct.datasets.everyday.recipe import KINDS, LEAST_SIDE, MOST, SMALL, WEAK, everyday
from blurdct.datasets.everyday.scenes import SCENES, blob, on_plain_ground, scene
from blurdct.datasets.linear_light import blur_as_seen
from blurdct.features.evidence import REASONS, missing
from blurdct.images.reader import read_luma, read_rgb

pytestmark = pytest.mark.filterwarnings("error")

EXTENTS = (2.0, 4.3, 11.0, 40.0)


def decoded(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)


def detail(rgb) -> np.ndarray:
    """How much of each pixel is of the finest detail, grey levels."""
    return np.abs(cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_32F))


@pytest.fixture(scope="module")
def texture_rgb(texture):
    """A sharp colour picture with detail all over: (128, 192, 3) uint8."""
    return np.dstack([texture, texture[::-1], texture[:, ::-1]])


@pytest.fixture(scope="module")
def draws():
    """Of 200 seeds each a sharp and a blurred copy of a strip with detail."""
    noise = np.random.default_rng(5).integers(0, 200, (32, 1400, 3), dtype=np.uint8)
    strip = cv2.GaussianBlur(noise, (0, 0), 0.8)
    return [
        [everyday(strip, np.random.default_rng([b, i]), bool(b)) for i in range(200)]
        for b in (0, 1)
    ]


# Copies


@pytest.mark.parametrize("shape", [(16, 16), (20, 900), (900, 20), (33, 47), (300, 400)])
def test_pictures_of_any_shape_have_copies_that_can_be_read(shape):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    before = picture.copy()
    for seed in range(12):
        for blurred in (False, True):
            copy = everyday(picture, np.random.default_rng(seed), blurred)
            assert min(read_luma(copy.data).shape) >= 16
    np.testing.assert_array_equal(picture, before)


def test_a_copy_s_ending_says_its_format(draws):
    endings = {b"\x89PNG": ".png", b"RIFF": ".webp"}
    copies = [copy for drawn in draws for copy in drawn]
    assert {copy.ending for copy in copies} == {".png", ".webp", ".jpg"}
    assert all(copy.ending == endings.get(copy.data[:4], ".jpg") for copy in copies)


def test_a_page_s_copy_is_hardly_ever_a_part_without_a_letter():
    paper = np.full((600, 400, 3), 235, np.uint8)
    cv2.putText(paper, "one line", (20, 570), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (20, 20, 20), 2)
    nothing = {REASONS[name] for name in ("flat", "white")}
    empty = 0
    for seed in range(60):
        luma = read_luma(everyday(paper, np.random.default_rng(seed), False).data)
        empty += max(luma.shape) > SMALL and missing(luma) in nothing
    assert empty < 4  # what is too bright is left: cameras make it


def test_a_copy_says_how_wide_its_blur_is_seen_at_the_working_size():
    photo = np.random.default_rng(2).integers(0, 256, (900, 1400, 3), dtype=np.uint8)
    for seed in range(20):
        sharp = everyday(photo, np.random.default_rng(seed), False)
        assert sharp.parameters["seen"] == sharp.parameters["extent"] == 0
        copy = everyday(photo, np.random.default_rng(seed), True)
        read = max(1.0, max(decoded(copy.data).shape) / 640)
        assert copy.parameters["seen"] == pytest.approx(copy.parameters["extent"] / read)
        assert copy.parameters["seen"] > 1.5


def test_a_small_photo_is_a_jpeg_or_webp_or_png_and_mostly_a_jpeg(draws):
    starts = [copy.data[:4] for copies in draws for copy in copies]
    kinds = [starts.count(start) / len(starts) for start in (b"\x89PNG", b"RIFF")]
    jpeg = sum(start[:2] == b"\xff\xd8" for start in starts) / len(starts)
    assert jpeg + sum(kinds) == pytest.approx(1)
    assert 0.02 < kinds[0] < 0.09 and 0.06 < kinds[1] < 0.15


def test_a_sharp_copy_has_no_kind_no_strength_and_no_extent(draws):
    for copy in draws[0]:
        assert (copy.kind, copy.strength, copy.level) == ("none", 0, 0)
        assert copy.parameters["extent"] == 0


def test_kinds_come_as_often_as_they_weigh(draws):
    shares = [share for _, share, _ in KINDS.values()]
    assert sum(shares) == pytest.approx(1)
    kinds = [copy.kind for copy in draws[1]]
    counts = [kinds.count(kind) for kind in KINDS]
    assert stats.chisquare(counts, 200 * np.array(shares)).pvalue > 0.01


def test_more_than_half_of_the_blur_is_weak_and_the_rest_goes_up_to_the_strongest(draws):
    strengths = np.array([copy.strength for copy in draws[1]])
    assert strengths.min() >= 0 and 0.9 < strengths.max() <= 1
    assert np.mean(strengths < 1 / 3) == pytest.approx(WEAK, abs=0.1)
    for part, low, high in (
        (strengths[strengths < 1 / 3], 0, 1 / 3),
        (strengths[strengths >= 1 / 3], 1 / 3, 1),
    ):
        assert stats.kstest(part, "uniform", (low, high - low)).pvalue > 0.01


@pytest.mark.parametrize("long", [200, 640, 1280])
def test_extents_run_from_the_least_that_shows_to_a_share_of_the_copy(long):
    for seed in range(300):
        kind, strength, extent = everyday_recipe._blur(long, 640, np.random.default_rng(seed))
        least = KINDS[kind][2] * max(1, long / 640)
        most = max(1.6 * least, MOST * long)
        assert least <= extent <= most
        # on a scale of logarithms
        share = math.log(extent / least) / math.log(most / least)
        assert share == pytest.approx(strength, abs=1e-6)


def test_a_copy_is_blurred_by_the_extent_that_it_notes(monkeypatch):
    """In pixels of the copy, whether it was blurred before it was reduced or afterwards."""
    asked = []

    def point(extent, rng):
        asked.append(extent)
        return np.ones((1, 1), np.float32)

    for kind, (_, share, least) in KINDS.items():
        monkeypatch.setitem(KINDS, kind, (point, share, least))
    seen = set()
    for seed in range(60):
        copy = everyday(np.full((40, 700, 3), 90, np.uint8), np.random.default_rng(seed), True)
        extent, scale = copy.parameters["extent"], copy.parameters["scale"]
        late, early = extent == pytest.approx(asked[-1]), extent == pytest.approx(asked[-1] * scale)
        assert late or early
        assert early or scale <= 0.6
        seen.add((bool(late), bool(early)))
    assert {(True, False), (False, True)} <= seen


def test_so_many_copies_are_small_and_none_is_smaller_than_the_least():
    scales = np.array([everyday_recipe._scale(1000, np.random.default_rng(s)) for s in range(2000)])
    sides = 1000 * scales
    assert LEAST_SIDE - 1e-6 <= sides.min() < 45 and sides.max() == 1000
    small = sides <= SMALL
    assert np.mean(small) == pytest.approx(everyday_recipe.SMALL_SHARE, abs=0.02)
    assert sides[~small].min() >= 500
    assert np.mean(sides[small] < math.sqrt(LEAST_SIDE * SMALL)) == pytest.approx(0.5, abs=0.1)
    assert everyday_recipe._scale(20, np.random.default_rng(0)) == 1  # nothing is enlarged


def test_sharp_and_blurred_copies_are_as_large_and_as_bright_as_each_other(draws):
    sharp, blurred = ([copy.parameters["scale"] for copy in copies] for copies in draws)
    assert stats.ks_2samp(sharp, blurred).pvalue > 0.01
    sizes = [[decoded(copy.data).size for copy in copies] for copies in draws]
    assert stats.ks_2samp(*sizes).pvalue > 0.01
    means = [[decoded(copy.data).mean() for copy in copies] for copies in draws]
    assert stats.ks_2samp(*means).pvalue > 0.01


def test_one_seed_draws_the_same_for_a_sharp_and_a_blurred_copy(texture_rgb):
    for seed in range(20):
        sharp, blurred = (
            everyday(texture_rgb, np.random.default_rng(seed), blurred) for blurred in (False, True)
        )
        assert sharp.parameters["scale"] == blurred.parameters["scale"]
        assert decoded(sharp.data).shape == decoded(blurred.data).shape


def test_a_blurred_copy_has_less_detail_than_a_sharp_one_of_the_same_seed(texture_rgb, monkeypatch):
    """Without noise, which is all the detail that a blurred copy may have."""
    monkeypatch.setattr(everyday_recipe, "_noise", lambda pixels, level, rng: 0)
    less = []
    for seed in range(30):
        sharp, blurred = (
            detail(decoded(everyday(texture_rgb, np.random.default_rng(seed), blurred).data)).mean()
            for blurred in (False, True)
        )
        less.append(blurred < sharp)
    assert np.mean(less) > 0.9


# Jolts


@pytest.mark.parametrize("extent", EXTENTS)
def test_kernels_of_a_jolt_sum_to_one_and_are_centred_and_no_longer_than_their_path(extent):
    for seed in range(20):
        kernel = shake(extent, np.random.default_rng(seed))
        assert kernel.dtype == np.float32 and kernel.min() >= -1e-7
        assert kernel.shape[0] == kernel.shape[1] and kernel.shape[0] % 2 == 1
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        half = len(kernel) // 2
        places = np.indices(kernel.shape).reshape(2, -1) - half
        np.testing.assert_allclose(places @ kernel.ravel(), 0, atol=0.02)
        points = np.stack(np.nonzero(kernel > 1e-6), 1).astype(float)
        far = np.linalg.norm(points[:, None] - points[None], axis=2).max()
        assert extent - 1 <= far <= extent + 2 * math.sqrt(2)


def test_a_jolt_stays_at_its_two_ends_and_doubles_an_edge():
    """A straight path of even speed would leave half as much at its ends."""
    for seed in range(20):
        kernel = shake(40.0, np.random.default_rng(seed))
        rows, columns = np.nonzero(kernel > 0)
        weights = kernel[rows, columns]
        places = np.stack([rows, columns], 1) - len(kernel) // 2
        axis = np.linalg.eigh((places * weights[:, None]).T @ places)[1][:, -1]
        along = places @ axis
        low, high = along.min() + 4, along.max() - 4
        ends = [weights[along <= low].sum(), weights[along >= high].sum()]
        assert sum(ends) > 0.6 and min(ends) > 0.15


# Scenes


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_a_picture_of_8_bits_and_leaves_the_photo_as_it_was(name, texture_rgb):
    before, seen = texture_rgb.copy(), set()
    for seed in range(15):
        found = SCENES[name][0](texture_rgb, np.random.default_rng(seed))
        again = SCENES[name][0](texture_rgb, np.random.default_rng(seed))
        assert found.dtype == np.uint8 and found.ndim == 3 and found.shape[2] == 3
        assert min(found.shape[:2]) >= 32
        np.testing.assert_array_equal(found, again)
        seen.add(found.tobytes())
    np.testing.assert_array_equal(texture_rgb, before)
    assert len(seen) > 5


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_as_sharp_as_its_photo_where_it_shows_something(name, texture_rgb):
    """The sharpest hundredth of the pixels, beside those of the photo and of it softened."""
    soft = blur_as_seen(texture_rgb, everyday_recipe.disk(3.0))
    sharp, softened = (np.quantile(detail(one), 0.99) for one in (texture_rgb, soft))
    assert softened < 0.5 * sharp
    found = []
    for seed in range(15):
        made = SCENES[name][0](texture_rgb, np.random.default_rng(seed))
        shown = detail(made)
        found.append(np.quantile(shown[shown > 2], 0.99))
    assert np.median(found) > 0.75 * sharp
    assert min(found) > softened


def test_scenes_come_as_often_as_they_weigh(texture_rgb, monkeypatch):
    counts = dict.fromkeys(SCENES, 0)

    def counted(name):
        def made(rgb, rng):
            counts[name] += 1
            return rgb

        return made

    for name, (_, weight) in list(SCENES.items()):
        monkeypatch.setitem(SCENES, name, (counted(name), weight))
    for seed in range(1000):
        scene(texture_rgb, np.random.default_rng(seed))
    weights = np.array([weight for _, weight in SCENES.values()])
    expected = 1000 * weights / weights.sum()
    assert stats.chisquare(list(counts.values()), expected).pvalue > 0.01


def test_what_is_cut_out_stands_on_plain_ground(texture_rgb):
    for seed in range(10):
        found = on_plain_ground(texture_rgb, np.random.default_rng(seed))
        shown = detail(found)
        corners = [shown[rows, columns] for rows in (slice(8), slice(-8, None))
                   for columns in (slice(8), slice(-8, None))]  # fmt: skip
        assert sorted(corner.mean() for corner in corners)[1] < 2
        assert shown.max() > 30


@pytest.mark.parametrize("angular", [False, True])
def test_a_region_has_an_inside_and_an_outside(angular):
    for seed in range(30):
        region = blob((120, 200), np.random.default_rng(seed), 0.5, angular)
        assert region.shape == (120, 200) and region.dtype == np.float32
        assert region.min() == 0 and region.max() == 1
        assert 0.005 < region.mean() < 0.8


# Pages


def test_pages_differ_in_size_light_and_lines():
    pages = [page(np.random.default_rng(seed)) for seed in range(40)]
    for one in pages:
        assert one.dtype == np.uint8 and one.shape[2] == 3 and max(one.shape) == LONG
        assert min(one.shape[:2]) >= 0.4 * LONG
    assert len({one.shape for one in pages}) > 20
    levels = np.array([np.median(one) for one in pages])
    assert 0.03 < np.mean(levels < 100) < 0.35  # light on dark
    assert 0.2 < np.mean([one.shape[0] < one.shape[1] for one in pages]) < 0.6
    written = [np.mean(np.abs(one.astype(float) - np.median(one)) > 60) for one in pages]
    assert max(written) > 5 * np.quantile(written, 0.2) > 0


def test_the_same_seed_draws_the_same_page():
    one, again, other = (page(np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert one.shape != other.shape or (one != other).any()


def test_pages_are_perfectly_sharp():
    """From paper to ink it takes a pixel or two: as a step, not as a slope."""
    for seed in range(20):
        luma = cv2.cvtColor(page(np.random.default_rng(seed)), cv2.COLOR_RGB2GRAY).astype(float)
        step = np.abs(np.diff(luma, axis=1)).max()
        assert step > 0.6 * np.ptp(luma)


def test_letters_over_a_picture_are_sharp_and_leave_most_of_it_alone(texture_rgb):
    soft = cv2.GaussianBlur(cv2.resize(texture_rgb, (640, 480)), (0, 0), 8)
    before, changed = soft.copy(), []
    for seed in range(25):
        found = letters(soft, np.random.default_rng(seed))
        assert found.shape == soft.shape and found.dtype == np.uint8
        changed.append((found != soft).any(axis=2).mean())
        assert detail(found).max() > 5 * detail(soft).max()
    np.testing.assert_array_equal(soft, before)
    assert min(changed) > 0 and max(changed) < 0.35


@pytest.mark.parametrize("shape", [(32, 32), (24, 300), (300, 24)])
def test_small_pictures_have_letters_too(shape):
    picture = np.full((*shape, 3), 120, np.uint8)
    for seed in range(20):
        assert letters(picture, np.random.default_rng(seed)).shape == picture.shape


def test_a_copy_of_a_page_can_be_read_and_is_blurred_or_not():
    for seed in range(6):
        rng = np.random.default_rng(seed)
        copy = everyday(page(rng), rng, bool(seed % 2))
        assert read_rgb(copy.data).ndim == 3
        assert (copy.kind == "none") == (seed % 2 == 0)
