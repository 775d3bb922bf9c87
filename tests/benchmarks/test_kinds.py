"""``benchmarks/kinds.py``: what it prints is so."""

import shutil

import pytest

from blurdct.images.files import find_photos
from blurdct.inference.detector import Detector


@pytest.fixture
def folder(tmp_path, photos):
    """The sharp sample as two kinds."""
    folder = tmp_path / "kinds"
    shutil.copytree(photos / "sharp", folder / "sharp")
    paths = sorted(find_photos(folder))
    lines = [
        f"{path.relative_to(folder)},,{number},kinds-{('one', 'two_three')[number % 2]}"
        for number, path in enumerate(paths)
    ]
    (folder / "manifest.csv").write_text("\n".join(["path,label,group,source", *lines]))
    return folder


def test_sharp_photographs_have_the_verdicts_of_the_detector_itself(bench, folder):
    answer = bench("kinds", "--photos", folder, "--model", "fast", "--workers", 1)
    (table,) = answer.figures["tables"]
    assert [row[0] for row in table["rows"]] == ["one", "two, three", "all"]
    detector = Detector.load("fast")
    found = [detector.predict(path) for path in sorted(find_photos(folder))]
    for row, told in zip(table["rows"], (found[::2], found[1::2], found), strict=True):
        assert row[1] == len(told)
        shares = [
            sum(one.label == "blurred" for one in told),
            sum(one.label == "blurred" and one.sure for one in told),
            sum(not one.sure for one in told),
        ]
        assert row[2:5] == [pytest.approx(share / len(told)) for share in shares]


def test_strong_copies_are_found_more_often_than_weak_ones(bench, folder):
    answer = bench("kinds", "--photos", folder, "--model", "fast", "--workers", 1)
    (table,) = answer.figures["tables"]
    weak, _, strong = table["rows"][-1][5:8]
    assert strong > 0.9 and strong >= weak


def test_a_collection_that_the_table_does_not_know_is_named(refusal, folder):
    assert "no group of" in refusal("kinds", "--photos", folder, "--model", "best")


def test_a_folder_without_a_photo_is_one_line(refusal, tmp_path):
    assert str(tmp_path) in refusal("kinds", "--photos", tmp_path, "--model", "fast")
