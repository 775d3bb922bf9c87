"""What is left of a photo for its verdict, and when its graphs run."""

from pathlib import Path

import numpy as np
import pytest

from blurdct.features.photo import Photo
from blurdct.inference.bundle import load
from blurdct.inference.detector import Detector
from blurdct.inference.looks import LANES, Graphs
from blurdct.inference.session import Session
from tests.helpers import toys

SAMPLE = sorted((Path(__file__).parents[2] / "data" / "sample").glob("*/*.jpg"))


@pytest.fixture
def runs(monkeypatch) -> list[tuple[tuple[str, ...], int]]:
    """The outputs of each graph that was run, and how many rows it got."""
    seen = []
    plain = Session.run

    def run(self, inputs):
        seen.append((self.outputs, len(inputs[self.inputs[0]])))
        return plain(self, inputs)

    monkeypatch.setattr(Session, "run", run)
    return seen


@pytest.fixture(scope="module")
def three() -> Detector:
    """A toy with a map and an extent."""
    return Detector(toys.bundle(map_graph=toys.map_graph(), blur_graph=toys.blur_graph()))


@pytest.mark.parametrize("model", ["best", "fast", "laplacian"])
def test_a_verdict_is_the_same_to_the_last_bit_alone_and_among_others(model):
    detector = Detector.load(model)
    looks = [detector.look(*detector.opened(path)) for path in SAMPLE[:9]]
    alone = [detector.verdicts([look])[0] for look in looks]
    for count in (2, 3, 7, 8, 9):
        assert detector.verdicts(looks[:count]) == alone[:count]
    assert [detector.predict(path) for path in SAMPLE[:2]] == alone[:2]
    assert detector.verdicts([]) == []


def test_a_graph_of_numbers_runs_once_for_all_and_one_of_maps_for_each(three, runs):
    looks = [three.look(Photo(toys.scene(n), three.config), f"{n}") for n in range(5)]
    assert runs == [(("map",), 1)] * 5
    runs.clear()
    verdicts = three.verdicts(looks)
    assert runs == [(("probability",), 2 * LANES), (("extent",), 2 * LANES)]
    assert [verdict.path for verdict in verdicts] == list("01234")
    assert all(verdict.sharp_fraction is not None and verdict.blur for verdict in verdicts)


def test_nothing_runs_that_nobody_needs(three, runs):
    grey = Photo(np.full((64, 80), 90, np.uint8), three.config)
    assert three.predict(np.full((64, 80), 90, np.uint8)).reason and runs == []
    unknown, places = three.judge(grey, "wall")  # whose map is wanted all the same
    assert unknown.label == "unknown" and unknown.sharp_fraction is None
    assert places.shape == (4, 5) and runs == [(("map",), 1)]
    runs.clear()
    p = three.probability(Photo(toys.scene(0), three.config))
    assert runs == [(("probability",), LANES)]
    assert p == three.predict(toys.scene(0)).probability


def test_a_look_holds_no_pixels(three):
    look = three.look(Photo(toys.scene(0), three.config), "a")
    arrays = [*look.rows.values(), *look.found.values()]
    assert look.places is None and sum(array.size for array in arrays) < 1000


def test_the_shipped_map_rounds_its_cells_as_the_table_it_learnt_from():
    graphs = Graphs(load("best"))
    (of_map,) = (session for session in graphs._all if session.outputs == ("map",))
    cells = Photo(str(SAMPLE[0])).cells[None]
    rounded = cells.astype(np.float16)
    assert cells.dtype == np.float32 and (rounded != cells).any()
    one, two = (of_map.run({"cells": rows})["map"] for rows in (cells, rounded))
    assert (one == two).all()
