import re
from xml.etree import ElementTree

import cv2
import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

from blurdct.evaluation.figures import COLOURS, COMPARED, CUTOFF_NUMBERS, _look, compared, draw, own
from tests.helpers import toys
from tests.helpers.toy_reports import NOISE, TABLES, comparison

pytestmark = pytest.mark.filterwarnings("error")

DARK, LIGHT = "#14161a", "#ffffff"  # grounds of a page


@pytest.fixture(scope="module")
def full():
    return comparison(toys.table(40))


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns:xlink="x" ', 1))


def words(svg: str) -> set[str]:
    return {"".join(node.itertext()).strip() for node in parse(svg).iter("text")}


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance, 0 black .. 1 white."""
    values = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", TABLES)
def test_every_figure_is_well_formed_whatever_the_data_lack(name):
    report = comparison(TABLES[name](), {"dct-xgb": 1.0})
    for made in (compared(report), *(own(report, model) for model in report["models"])):
        for svg in made.values():
            assert parse(svg).attrib["role"] == "img"
            assert "nan" not in svg


def test_every_curve_names_every_model_and_its_axes(full):
    made = compared(full)
    assert set(made) == set(COMPARED)
    for name, svg in made.items():
        panel = COMPARED[name]
        assert {panel.title, panel.x_label, panel.y_label, *NOISE} <= words(svg)


def test_a_model_by_itself_has_its_cutoffs_in_one_figure():
    report = comparison(toys.table(40), {"tree": 1.0})
    assert not [name for name in compared(report) if name.startswith("cutoff")]
    assert set(CUTOFF_NUMBERS.values()) <= words(own(report, "tree")["cutoffs"])


def test_importance_is_drawn_where_a_model_knows_it(full):
    assert "importance" not in own(full, "laplacian")
    assert {"high_freq_mean", "<low> $x$"} <= words(own(full, "dct-xgb")["importance"])


def test_figures_of_a_page_share_no_ids_and_point_at_their_own(full):
    figures = [*compared(full).values()]
    figures += [svg for model in full["models"] for svg in own(full, model).values()]
    ids = [re.findall(r' id="([^"]+)"', svg) for svg in figures]
    flat = [one for of in ids for one in of]
    assert len(flat) == len(set(flat)) > 0
    for svg, of in zip(figures, ids, strict=True):
        assert set(re.findall(r'(?:href="|url\()#([^")]+)', svg)) == set(of)


def test_a_figure_asks_nobody_and_styles_nothing_outside_itself(full):
    for svg in [*compared(full).values(), *own(full, "dct-xgb").values()]:
        assert "http" not in svg and "<style" not in svg and "<image" not in svg


def test_the_same_report_gives_the_same_bytes(full, tmp_path):
    assert compared(full) == compared(full)
    draw(full, tmp_path / "a.png")
    draw(full, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_any_name_of_a_model_can_be_drawn(tmp_path):
    names = ["<b>&\"'", "$x^$", "_hidden", "a\nb\x00c", "x" * 500, "$"]
    report = comparison(toys.table(40), dict.fromkeys(names, 2.0))
    made = [*compared(report).values()]
    for name in names:
        made += own(report, name).values()
    for svg in made:
        parse(svg)
    shown = {text[:31] for text in words(made[0])}
    assert {name.replace("\n", " ").replace("\x00", " ")[:31] for name in names} <= shown
    draw(report, tmp_path / "report.png")
    assert cv2.imread(str(tmp_path / "report.png")) is not None


def test_lines_can_be_told_apart_and_seen_on_either_ground():
    looks = [tuple(_look(number).values()) for number in range(24)]
    assert len(set(looks)) == 24
    for colour in COLOURS:
        for ground in (DARK, LIGHT):
            bright, dim = sorted((luminance(colour), luminance(ground)), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) >= 3, (colour, ground)  # WCAG 1.4.11


@pytest.mark.parametrize("models", [{"dct-xgb": 0.6}, NOISE, dict.fromkeys("abcdefghijkl", 1.0)])
def test_the_picture_has_something_on_it(models, tmp_path):
    draw(comparison(toys.table(40), models), tmp_path / "report.png")
    pixels = cv2.imread(str(tmp_path / "report.png"))
    assert min(pixels.shape[:2]) > 500 and pixels.std() > 10
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["report.png"]


def test_drawing_leaves_the_plotting_of_others_alone(full, tmp_path):
    before = matplotlib.get_backend(), pyplot.get_fignums(), dict(matplotlib.rcParams)
    draw(full, tmp_path / "report.png")
    compared(full)
    own(full, "dct-xgb")
    after = matplotlib.get_backend(), pyplot.get_fignums(), dict(matplotlib.rcParams)
    assert after == before
