import dataclasses
from pathlib import Path

import pytest

from blurdct.config import ReadConfig
from blurdct.errors import ModelError
from blurdct.inference.facts import facts_of
from blurdct.inference.session import Session
from blurdct.inference.workers import in_worker
from blurdct.results import COLUMNS
from blurdct.scan import worker
from blurdct.scan.items import Item
from blurdct.scan.worker import judge_each, prepare, row_of, verdicts
from tests.helpers import toys

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "sharp"


def facts():
    return facts_of(toys.bundle(), ReadConfig(128), None, "toy")


def test_a_row_has_every_column_and_an_error_does_not_repeat_the_path():
    item = Item("a.jpg", bytes=3, modified=0.5)
    row = row_of(item, facts(), "a.jpg: no such file", foreign=1)
    assert list(row) == list(COLUMNS)
    assert (row["path"], row["bytes"], row["error"]) == ("a.jpg", 3, "no such file")
    assert row["probability"] is None and row["label"] == ""


def test_what_no_library_should_raise_is_a_row(monkeypatch, tmp_path):
    about = facts()
    prepare((toys.bundle(), None, None, "toy"), about)

    def broken(item):
        raise MemoryError("of a photo of a billion pixels")

    monkeypatch.setattr(worker, "open_photo", broken)
    ((number, row),) = in_worker(judge_each, [(7, Item("a.jpg"))])
    assert number == 7 and row["error"] == "MemoryError: of a photo of a billion pixels"


def test_bytes_that_the_list_did_not_tell_are_counted(monkeypatch):
    prepare((toys.bundle(), None, None, "toy"), facts())
    data = next(SAMPLE.glob("*.jpg")).read_bytes()
    item = Item("https://example.org/a.jpg", data=data)
    ((_, row),) = in_worker(judge_each, [(0, item)])
    assert row["bytes"] == len(data) and row["label"]
    ((_, row),) = in_worker(judge_each, [(0, dataclasses.replace(item, bytes=5))])
    assert row["bytes"] == 5


def test_a_model_that_gives_no_probability_is_told_with_the_photo(monkeypatch):
    prepare((toys.bundle(), None, None, "toy"), facts())

    def wrong(*_):
        raise ModelError("the model's graph gives a probability of nan")

    monkeypatch.setattr(Session, "run", wrong)
    item = Item(str(next(SAMPLE.glob("*.jpg"))))
    ((_, row),) = in_worker(judge_each, [(0, item)])
    assert row["error"] == "the model's graph gives a probability of nan" and not row["label"]
    with pytest.raises(ModelError, match=f"^{item.path}: the model's graph gives"):
        in_worker(lambda detector, facts, item: list(verdicts(detector, [item])), item)
