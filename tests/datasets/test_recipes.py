import math

import cv2
import numpy as np
import pytest
from scipy import stats

from blurdct.datasets.blur_kernels import (
    EXTENT,
    KERNELS,
    disk,
    extent_of,
    gaussian,
    motion,
    path_kernel,
)
from blurdct.datasets.everyday.copies import LEVELS
from blurdct.datasets.linear_light import blur, blur_as_seen
from blurdct.datasets.recipes import (
    KIND_WEIGHTS,
    LIGHTS_WEIGHTS,
    RECIPES,
    SEED_KINDS,
    Copy,
    lights,
    realistic,
    recipe,
    seed,
)
from blurdct.errors import ConfigError
from blurdct.features.bands import FEATURES
from blurdct.features.extract import image_features
from blurdct.images.reader import read_luma

pytestmark = pytest.mark.filterwarnings("error")

EXTENTS = (2.5, 4.0, 7.3, 16.0, 32.0)

# What the first system drew from; components 0 and gamma 1 would be errors in its library.
PUBLISHED = {
    "motion": {"size": {3, 5}, "angle": set(range(0, 360, 10))},
    "gaussian": {"kernel": {3, 5}, "sigma": {1, 3, 5, 7}},
    "lens": {"radius": {3, 5}, "components": set(range(1, 6)), "exposure_gamma": set(range(2, 7))},
}


def kernels(kind: str, extent: float, count: int = 20):
    return [KERNELS[kind](extent, np.random.default_rng(i)) for i in range(count)]


def moments(kernel) -> tuple[np.ndarray, np.ndarray]:
    """Centroid (2,) from the middle and covariance (2, 2) of a kernel, pixels; x before y."""
    half = len(kernel) // 2
    offsets = np.indices(kernel.shape).reshape(2, -1)[::-1] - half
    weights = kernel.ravel().astype(float)
    centre = offsets @ weights
    away = offsets - centre[:, None]
    return centre, (weights * away) @ away.T


def linear(rgb) -> np.ndarray:
    """sRGB 0..255 -> linear light 0..1, by the standard's own formula."""
    v = np.asarray(rgb) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def decoded(copy: Copy) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(copy.data, np.uint8), cv2.IMREAD_COLOR_RGB)


@pytest.fixture(scope="module")
def strip():
    """A long strip with detail: so long that copies come in every scale, and quick to make."""
    noise = np.random.default_rng(5).integers(0, 200, (16, 1400, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 0.8)


@pytest.fixture(scope="module")
def draws(strip):
    """200 sharp and 200 blurred copies, of seeds that have nothing in common."""
    return [
        [realistic(strip, np.random.default_rng([b, i]), bool(b)) for i in range(200)]
        for b in (0, 1)
    ]


# Kernels


@pytest.mark.parametrize("extent", EXTENTS)
@pytest.mark.parametrize("kind", KERNELS)
def test_kernels_are_odd_squares_of_sum_one_without_negative_parts(kind, extent):
    for kernel in kernels(kind, extent):
        assert kernel.dtype == np.float32
        assert kernel.shape[0] == kernel.shape[1]
        assert kernel.shape[0] % 2 == 1
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert kernel.min() >= -1e-7


@pytest.mark.parametrize("extent", EXTENTS)
@pytest.mark.parametrize("kind", KERNELS)
def test_kernels_are_centred(kind, extent):
    for kernel in kernels(kind, extent):
        np.testing.assert_allclose(moments(kernel)[0], 0, atol=0.01)


@pytest.mark.parametrize("kind", KERNELS)
def test_blur_leaves_a_picture_where_it_is(kind):
    rgb = np.zeros((101, 101, 3), np.uint8)
    rgb[45:56, 40:61] = 255
    for kernel in kernels(kind, 16.0, 5):
        light = blur(rgb, kernel)[..., 0]
        rows, columns = np.indices(light.shape)
        assert (light * rows).sum() / light.sum() == pytest.approx(50, abs=0.05)
        assert (light * columns).sum() / light.sum() == pytest.approx(50, abs=0.05)


@pytest.mark.parametrize("diameter", EXTENTS)
def test_a_disk_has_its_diameter_and_a_quarter_of_it_as_standard_deviation(diameter):
    kernel = disk(diameter)
    _, covariance = moments(kernel)
    # a pixel's own width adds a twelfth
    expected = np.diag([diameter**2 / 16 + 1 / 12] * 2)
    np.testing.assert_allclose(covariance, expected, rtol=0.08, atol=1e-3)
    half = len(kernel) // 2
    reach = np.abs(np.nonzero(kernel[half] > 1e-9)[0] - half).max()
    assert reach - 0.5 <= diameter / 2 <= reach + 0.5
    full = 4 / (math.pi * diameter**2)  # light per pixel within
    assert kernel.max() == pytest.approx(full, rel=0.05)


@pytest.mark.parametrize("extent", EXTENTS)
def test_a_gaussian_has_its_standard_deviation_and_width_at_half_height(extent):
    kernel = gaussian(extent)
    sigma = extent / 2.5
    _, covariance = moments(kernel)
    np.testing.assert_allclose(covariance, np.diag([sigma**2] * 2), rtol=0.06, atol=1e-6)
    half = len(kernel) // 2
    line = kernel[half] / kernel[half, half]
    width = 2 * np.interp(-0.5, -line[half:], np.arange(half + 1))
    assert width == pytest.approx(2.355 * sigma, abs=0.25)
    # as the module says: 1.6 times as spread as the disk of the same extent
    if extent > 4:
        spread = math.sqrt(covariance[0, 0] / moments(disk(extent))[1][0, 0])
        assert spread == pytest.approx(1.6, rel=0.05)


@pytest.mark.parametrize("length", EXTENTS)
def test_a_straight_path_is_as_long_as_it_says(length):
    along = np.linspace(0, length, 2000)
    for angle in (0, 0.5, math.pi / 2, 2.5):
        kernel = path_kernel(along * math.cos(angle), along * math.sin(angle))
        variances = np.linalg.eigvalsh(moments(kernel)[1])
        # a pixel's own width adds up to a quarter, the bilinear share of its neighbours
        assert variances[1] == pytest.approx(length**2 / 12, abs=0.26)
        assert 0 <= variances[0] <= 0.26


@pytest.mark.parametrize("length", EXTENTS)
def test_a_motion_path_is_never_longer_and_seldom_much_shorter(length):
    spans = []
    for kernel in kernels("motion", length, 60):
        rows, columns = np.nonzero(kernel > 1e-6)
        points = np.stack([rows, columns], 1).astype(float)
        spans.append(np.linalg.norm(points[:, None] - points[None], axis=2).max())
    assert max(spans) <= length + 2 * math.sqrt(2)
    assert np.median(spans) >= 0.75 * length


def test_motion_goes_in_every_direction_alike():
    angles = []
    for kernel in kernels("motion", 12.0, 320):
        (xx, xy), (_, yy) = moments(kernel)[1]
        angles.append(0.5 * math.atan2(2 * xy, xx - yy) % math.pi)
    counts, _ = np.histogram(angles, bins=16, range=(0, math.pi))
    assert counts.min() > 0
    assert stats.chisquare(counts).pvalue > 0.01


def test_a_third_of_the_paths_is_straight():
    ratios = [np.divide(*np.linalg.eigvalsh(moments(k)[1])) for k in kernels("motion", 32.0, 300)]
    assert 0.25 < np.mean(np.array(ratios) < 0.005) < 0.55  # some of the curved hardly bend


def test_a_mixture_is_wider_than_its_motion_alone_and_no_wider_than_its_extent():
    for i in range(20):
        kernel = KERNELS["mixture"](20.0, np.random.default_rng(i))
        narrow, wide = np.sqrt(np.linalg.eigvalsh(moments(kernel)[1]))
        assert narrow > 0.2 * 20 * math.sqrt(1 - 0.9**2)  # of the disk
        assert wide < 20 / math.sqrt(12) * 1.4


def test_strength_counts_logarithmically_between_the_extents():
    assert extent_of(0) == EXTENT[0]
    assert extent_of(1) == pytest.approx(EXTENT[1])
    assert extent_of(0.5) == pytest.approx(math.sqrt(EXTENT[0] * EXTENT[1]))


# Blur in linear light


@pytest.mark.parametrize("kind", KERNELS)
def test_blur_darkens_and_brightens_nothing(rgb, kind):
    before = linear(rgb).mean(axis=(0, 1))
    for kernel in kernels(kind, 6.0, 5):
        np.testing.assert_allclose(blur(rgb, kernel).mean(axis=(0, 1)), before, rtol=0.02)
        after = linear(blur_as_seen(rgb, kernel)).mean(axis=(0, 1))
        np.testing.assert_allclose(after, before, rtol=0.03)


@pytest.mark.parametrize("level", [0, 1, 100, 254, 255])
@pytest.mark.parametrize("kind", KERNELS)
def test_an_even_picture_stays_as_it_is(kind, level):
    rgb = np.full((40, 60, 3), level, np.uint8)
    for kernel in kernels(kind, 32.0, 3):
        np.testing.assert_array_equal(blur_as_seen(rgb, kernel), rgb)


def test_half_black_and_half_white_blur_to_the_grey_of_half_the_light():
    rgb = np.zeros((32, 32, 3), np.uint8)
    rgb[:, ::2] = 255
    middle = blur_as_seen(rgb, np.full((1, 32), 1 / 32, np.float32))[16, 16]
    np.testing.assert_allclose(middle, 188, atol=1)  # sRGB of .5; a mean of levels would be 128


def test_blur_by_a_single_point_changes_nothing(rgb):
    np.testing.assert_array_equal(blur_as_seen(rgb, np.ones((1, 1), np.float32)), rgb)


@pytest.mark.parametrize("kind", KERNELS)
def test_more_strength_leaves_less_high_band_energy(texture, kind):
    rgb = np.dstack([texture] * 3)
    column = FEATURES.index("high_freq_energy")
    energies = [image_features(texture)[column]]
    for strength in (0.0, 0.25, 0.5, 0.75, 1.0):
        blurred = [blur_as_seen(rgb, kernel) for kernel in kernels(kind, extent_of(strength), 6)]
        energies.append(np.mean([image_features(read_luma(one))[column] for one in blurred]))
    assert (np.diff(energies) < 0).all()


# The realistic recipe


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("blurred", [False, True])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(rgb, name, blurred):
    # the seed's sharp copies have no chance in them
    first, again, other = (
        RECIPES[name](rgb, np.random.default_rng(i), blurred, 64) for i in (1, 1, 2)
    )
    assert first == again
    assert (first.data == other.data) is (name == "seed" and not blurred)


def test_a_photo_comes_back_as_it_was_given(rgb):
    before = rgb.copy()
    for name in RECIPES:
        for blurred in (False, True):
            RECIPES[name](rgb, np.random.default_rng(0), blurred, 64)
    np.testing.assert_array_equal(rgb, before)


@pytest.mark.parametrize("name", ["scale", "exposure", "gamma", "noise", "quality"])
def test_sharp_and_blurred_copies_are_treated_alike_but_for_blur(draws, name):
    sharp, blurred = ([copy.parameters[name] for copy in copies] for copies in draws)
    assert stats.ks_2samp(sharp, blurred).pvalue > 0.01
    assert np.std(sharp) > 0


def test_one_seed_draws_the_same_for_a_sharp_and_a_blurred_copy(rgb):
    for i in range(20):
        sharp, blurred = (realistic(rgb, np.random.default_rng(i), b) for b in (False, True))
        assert set(blurred.parameters) - set(sharp.parameters) == {"extent"}
        assert sharp.parameters.items() <= blurred.parameters.items()
        assert decoded(sharp).shape == decoded(blurred).shape


def test_what_is_drawn_stays_in_its_range(draws):
    for copy in (*draws[0], *draws[1]):
        drawn = copy.parameters
        assert 0.6 <= drawn["scale"] <= 1
        assert 0.3 <= drawn["noise"] <= 6
        assert 40 <= drawn["quality"] <= 96
        assert 0.1 < drawn["exposure"] < 10
        assert 0.6 < drawn["gamma"] < 1.6
        assert EXTENT[0] <= drawn.get("extent", 10) <= EXTENT[1]


def test_kinds_come_as_often_as_they_weigh(draws):
    assert KIND_WEIGHTS.keys() == KERNELS.keys()
    assert sum(KIND_WEIGHTS.values()) == pytest.approx(1)
    kinds = [copy.kind for copy in draws[1]]
    counts = [kinds.count(kind) for kind in KERNELS]
    expected = [200 * KIND_WEIGHTS[kind] for kind in KERNELS]
    assert stats.chisquare(counts, expected).pvalue > 0.01


def test_strength_is_even_and_levels_run_from_0_to_9(draws):
    strengths = [copy.strength for copy in draws[1]]
    assert stats.kstest(strengths, "uniform").pvalue > 0.01
    assert {copy.level for copy in draws[1]} == set(range(LEVELS))
    levels = [Copy(b"", "motion", strength, {}).level for strength in (0, 0.099, 0.1, 0.95, 1)]
    assert levels == [0, 0, 1, 9, 9]
    for copy in draws[1]:
        assert copy.parameters["extent"] == pytest.approx(extent_of(copy.strength))


def test_a_sharp_copy_has_no_kind_and_no_strength(draws):
    for copy in draws[0]:
        assert (copy.kind, copy.strength, copy.level) == ("none", 0, 0)


def test_extents_are_meant_in_pixels_of_the_copy_as_it_will_be_read(monkeypatch):
    asked = {}

    def point(extent, rng):
        asked["extent"] = extent
        return np.ones((1, 1), np.float32)

    for kind in KERNELS:
        monkeypatch.setitem(KERNELS, kind, point)
    picture = np.zeros((30, 1500, 3), np.uint8)
    for i in range(10):
        for side in (256, 512, 2000):
            copy = realistic(picture, np.random.default_rng(i), True, side)
            width = decoded(copy).shape[1]
            # from this photo to the copy, and from the copy to the working size
            reduced = width / 1500 * min(1, side / width)
            assert asked["extent"] * reduced == pytest.approx(copy.parameters["extent"], rel=1e-3)


def test_a_photo_far_under_800_pixels_is_not_reduced_and_no_other_by_more_than_its_share(rgb):
    for i in range(10):
        rng = np.random.default_rng(i)
        assert realistic(rgb, rng, False).parameters["scale"] == 1
        wide = decoded(realistic(np.zeros((16, 1000, 3), np.uint8), rng, False))
        assert 600 <= wide.shape[1] <= 1000
        assert wide.shape[0] == 16


@pytest.mark.parametrize("shape", [(16, 16), (16, 2000), (2000, 16), (17, 31)])
def test_tiny_and_narrow_pictures_have_copies_too(shape):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for i in range(8):
        for blurred in (False, True):
            copy = realistic(picture, np.random.default_rng(i), blurred)
            assert min(decoded(copy).shape[:2]) == min(shape)
            assert read_luma(copy.data).size


def test_a_grey_picture_stays_nearly_grey(texture):
    copy = realistic(np.dstack([texture] * 3), np.random.default_rng(1), True)
    colours = decoded(copy).reshape(-1, 3).mean(axis=0)
    assert np.ptp(colours) < 2


# The seed's recipe


def test_only_published_parameters_occur_and_all_kinds_do(rgb):
    seen = {kind: {name: set() for name in lists} for kind, lists in PUBLISHED.items()}
    for i in range(60):
        copy = seed(rgb, np.random.default_rng(i), True, 32)
        assert copy.parameters.keys() == PUBLISHED[copy.kind].keys()
        assert copy.strength in (0, 1)
        for name, value in copy.parameters.items():
            seen[copy.kind][name].add(value)
    for kind, lists in PUBLISHED.items():
        for name, published in lists.items():
            assert seen[kind][name] <= published
            assert len(seen[kind][name]) > 1
    assert SEED_KINDS.keys() == PUBLISHED.keys()


@pytest.mark.parametrize("blurred", [False, True])
@pytest.mark.parametrize("shape", [(16, 16), (90, 300), (600, 700)])
def test_the_seed_squashes_every_picture_to_a_square(blurred, shape):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert decoded(seed(picture, np.random.default_rng(3), blurred)).shape == (512, 512, 3)


@pytest.mark.parametrize("kind", SEED_KINDS)
def test_every_kind_of_the_seed_removes_detail(kind, texture):
    rgb = np.dstack([texture] * 3)
    column = FEATURES.index("high_freq_energy")
    pixels, _, _ = SEED_KINDS[kind](rgb, np.random.default_rng(0))
    assert pixels.dtype == np.uint8
    assert pixels.shape == rgb.shape
    luma = read_luma(np.ascontiguousarray(pixels))
    assert image_features(luma)[column] < image_features(texture)[column]


def test_an_unknown_recipe_is_refused_and_the_known_ones_named():
    with pytest.raises(ConfigError, match="no recipe 'sead'; known: everyday, realistic, seed"):
        recipe("sead")
    assert recipe("realistic") is realistic


def test_motion_needs_no_global_chance():
    before = np.random.get_state()[1].copy()  # noqa: NPY002  (the global one is what is watched)
    motion(9.0, np.random.default_rng(0))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def night() -> np.ndarray:
    """A dark picture with a few white lights; (160, 200, 3) uint8."""
    rgb = np.random.default_rng(0).integers(8, 30, (160, 200, 3), dtype=np.uint8)
    rgb[30:34, 40:44] = rgb[90:94, 150:154] = 255
    return rgb


def test_lights_leave_brighter_trails_than_white_would():
    differences = []
    for number in range(30):
        bright, plain = (
            decoded(make(night(), np.random.default_rng(number), True)).astype(float)
            for make in (lights, realistic)
        )
        differences.append([(picture > 150).mean() for picture in (bright, plain)])
    assert np.mean(differences, axis=0)[0] > 2 * np.mean(differences, axis=0)[1]


def test_copies_with_lights_are_sharp_or_of_their_kinds_and_the_same_for_the_same_seed():
    found = [lights(night(), np.random.default_rng(n), n % 3 > 0) for n in range(60)]
    for number, copy in enumerate(found):
        assert copy == lights(night(), np.random.default_rng(number), number % 3 > 0)
        assert (copy.kind == "none") == (number % 3 == 0) == (copy.strength == 0)
    assert {copy.kind for copy in found} == {"none", *LIGHTS_WEIGHTS}
    assert sum(LIGHTS_WEIGHTS.values()) == pytest.approx(1)
