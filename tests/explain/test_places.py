"""Places: what is left out is left out, and what decides is found."""

import numpy as np
import pytest

from blurdct.explain.places import LEAST, Place, deciding, influence, windows
from blurdct.features.block_map import map_blocks
from blurdct.features.summary import SUMMARY, summarise

CELLS = SUMMARY.index("cells")
LUMA = SUMMARY.index("luma")


@pytest.fixture(scope="module")
def cells():
    noise = np.random.default_rng(0).integers(90, 160, (160, 240), dtype=np.uint8)
    noise[:100, :60] = 255  # light where it is in canonical orientation
    return map_blocks(noise)


def test_windows_cover_each_cell_and_change_the_odds_by_what_they_hold(cells):
    def odds(rows):
        assert rows[:, CELLS] == pytest.approx(np.log(150))  # the photo is as large as it was
        return rows[:, LUMA]

    whole = float(odds(summarise(cells)[None])[0])
    found = windows(cells, whole, odds)
    told = influence(found, cells.shape[1:])
    assert len(found) > 20
    assert told.shape == (10, 15)
    assert told[0, 0] == pytest.approx(told.max(), rel=0.01)  # without that, all is darker
    assert told[-1, -1] < 0 < told[0, 0]
    for place in found:
        assert 0 <= place.rows[0] < place.rows[1] <= 10
        assert 0 <= place.columns[0] < place.columns[1] <= 15
        assert place.without == pytest.approx(1 / (1 + np.exp(place.change - whole)))


def test_a_single_cell_has_no_places():
    cells = map_blocks(np.zeros((16, 16), np.uint8))
    assert windows(cells, 0.0, lambda rows: rows[:, 0]) == []
    assert not influence([], (1, 1)).any()


def place(row, column, change):
    return Place((row, row + 2), (column, column + 2), change, 0.5)


def test_of_places_that_overlap_the_strongest_is_named_and_faint_ones_never():
    strong, beside, other = place(0, 0, 3.0), place(1, 1, 2.9), place(6, 6, -1.0)
    third, faint = place(4, 0, 0.9 * LEAST), place(8, 0, -0.1)
    assert deciding([faint, beside, other, third, strong]) == [strong, other]
    assert deciding([]) == []
