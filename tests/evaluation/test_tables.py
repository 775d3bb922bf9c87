import math

import pytest

from blurdct.evaluation.tables import (
    MISSING,
    count,
    introduction,
    number,
    percent,
    sections,
    span,
    title,
)
from tests.helpers import toys
from tests.helpers.toy_reports import NOISE, TABLES, comparison

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def full():
    return comparison(toys.table(40))


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_whole_whatever_the_data_lack(name):
    for section in sections(comparison(TABLES[name]())):
        assert section.title and section.note and section.rows
        assert {len(row) for row in section.rows} == {len(section.head)}
        for column in zip(*section.rows, strict=True):
            kinds = {type(cell.value) for cell in column} - {type(None)}
            assert len(kinds) < 2, section.title  # else it could not be sorted


def test_every_model_stands_in_every_table(full):
    names = [section.title for section in sections(full)]
    assert len(set(names)) == len(names) == 11
    for section in sections(full):
        named = {cell.text for row in section.rows for cell in row} & set(NOISE)
        missing = {"dct-xgb"} if section.title.startswith("Difference") else set()
        assert named == set(NOISE) - missing, section.title


def test_models_stand_best_first(full):
    main = sections(full)[0]
    areas = [row[main.head.index("ROC AUC")].value for row in main.rows]
    assert areas == sorted(areas, reverse=True)
    assert main.rows[0][0].text == "dct-xgb"


def test_tables_with_nothing_in_them_are_left_out():
    alone = comparison(TABLES["no copies, no source of sharp ones alone"](), {"dct-xgb": 1.0})
    titles = {section.title for section in sections(alone)}
    assert titles == {"Real photographs", "By source", "By threshold", "Labels",
                      "Right and wrong", "Cost"}  # fmt: skip
    for one in alone["models"].values():
        one["cost"] = {}
    assert "Cost" not in {section.title for section in sections(alone)}


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.02, "better"), (-0.02, -0.01, "worse"), (-0.01, 0.01, "could be chance"),
     (0.0, 0.02, "could be chance"), (None, None, MISSING), (math.nan, math.nan, MISSING)],
)  # fmt: skip
def test_a_difference_counts_where_its_interval_leaves_out_zero(full, low, high, verdict):
    gap = {"roc_auc": 0.0, "low": low, "high": high}
    report = full | {"against": {"model": "dct-xgb", "differences": {"tree": gap}}}
    section = next(one for one in sections(report) if one.title.startswith("Difference"))
    assert section.rows[0][-1].text == verdict


def test_what_was_not_measured_is_a_dash_that_sorts_as_nothing(full):
    section = next(one for one in sections(full) if one.title == "Cost")
    texts = {row[0].text: [cell.text for cell in row[1:]] for row in section.rows}
    assert texts["dct-xgb"] == ["1.25", "3.5", "12", "CPU, 1 core"]
    assert texts["laplacian"] == [MISSING] * 4
    for cell in (number(None), number(math.nan), percent(None), count(math.nan), span(None, None)):
        assert cell == (MISSING, None)


def test_numbers_are_written_for_people_and_sorted_by_their_value():
    assert number(0.12345) == ("0.123", 0.12345)
    assert percent(0.5) == ("50.0%", 0.5)
    assert count(12.0).text == "12" and count(12.5).text == "12.5"
    assert count(1153) == ("1153", 1153.0)
    assert span(-0.01, 0.0, "+.3f") == ("-0.010 to +0.000", -0.01)
    assert span(0.0, 0.1).text == "0.000 to 0.100"


def test_the_title_names_a_model_alone_and_counts_several(full):
    assert title(full) == "Comparison of 3 models"
    assert title(comparison(toys.table(40), {"tree": 1.0})) == "tree"


def test_the_introduction_says_what_was_judged_and_how(full):
    text = introduction(full)
    for part in ("80 photographs of 40 scenes", "street (40 photographs, 20 of them blurred",
                 "3 folds", "2 times", "album (10)"):  # fmt: skip
        assert part in text
    once = full | {"about": full["about"] | {"shuffles": 1, "sharp_sources": {}}}
    assert "It was run once." in introduction(once) and "alone" not in introduction(once)
