import numpy as np
import pytest
from PIL import Image

from blurdct.config import ReadConfig
from blurdct.datasets.blur_kernels import KERNELS
from blurdct.datasets.contact_sheets import (
    CAPTION,
    CELL,
    MARGIN,
    STRENGTHS,
    kind_sheets,
    write_sheets,
)
from blurdct.datasets.recipes import SEED_KINDS
from blurdct.errors import ImageError
from blurdct.images.reader import read_rgb

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def photos(rgb, texture, tmp_path_factory):
    """A small colour photo, one larger than a cell and one as narrow as can be."""
    folder = tmp_path_factory.mktemp("photos")
    pictures = {
        "small.png": rgb,
        "large.png": np.tile(texture, (4, 3)),
        "narrow.png": np.tile(texture[:16], (1, 40)),
    }
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / name)
    return [folder / name for name in pictures]


@pytest.fixture(scope="module")
def sheets(photos):
    return kind_sheets(photos, read=ReadConfig(size=300))


def cells(sheet, row: int) -> list[np.ndarray]:
    """The pictures of one row, without captions and margins."""
    top, wide = row * (CELL + CAPTION + MARGIN) + CAPTION, CELL + MARGIN
    return [sheet[top : top + CELL, left : left + CELL] for left in range(0, sheet.shape[1], wide)]


def test_every_kind_has_a_sheet_of_a_row_per_photo_and_a_column_per_strength(sheets):
    assert sheets.keys() == {*KERNELS, "seed"}
    for name, sheet in sheets.items():
        columns = len(SEED_KINDS) if name == "seed" else len(STRENGTHS)
        assert sheet.dtype == np.uint8
        assert sheet.shape == (3 * (CELL + CAPTION + MARGIN), columns * (CELL + MARGIN), 3)


def test_the_first_column_is_the_photo_as_it_is(sheets, rgb):
    for kind in KERNELS:
        first = cells(sheets[kind], 0)[0]
        np.testing.assert_array_equal(first[: rgb.shape[0], : rgb.shape[1]], rgb)
        assert (first[rgb.shape[0] :] == 255).all()


@pytest.mark.parametrize("kind", ["defocus", "gaussian"])
def test_detail_fades_from_column_to_column(sheets, kind):
    for row in (0, 1):
        parts = [cell[:90, :120].astype(int) for cell in cells(sheets[kind], row)]
        detail = [np.abs(np.diff(part, axis=1)).mean() for part in parts]
        assert (np.diff(detail) < 0).all()


def test_the_same_seed_gives_the_same_sheets(photos, sheets):
    again = kind_sheets(photos, read=ReadConfig(size=300))
    for name, sheet in sheets.items():
        np.testing.assert_array_equal(again[name], sheet)


def test_sheets_are_written_as_they_are(sheets, tmp_path):
    paths = write_sheets(sheets, tmp_path / "sheets")
    assert [path.name for path in paths] == [f"blur_{name}.png" for name in sheets]
    assert sorted(paths) == sorted((tmp_path / "sheets").iterdir())
    for path, sheet in zip(paths, sheets.values(), strict=True):
        np.testing.assert_array_equal(read_rgb(path), sheet)


def test_the_narrowest_photo_has_a_row_at_any_working_size(photos):
    sheets = kind_sheets(photos[2:], read=ReadConfig(size=16))
    assert sheets["motion"].shape[0] == CELL + CAPTION + MARGIN


def test_a_photo_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(ImageError, match="no such file"):
        kind_sheets([tmp_path / "missing.png"])
