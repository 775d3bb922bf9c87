"""``benchmarks/kinds.py``: what it prints is so."""

import shutil

from blurdct.images.files import find_photos
from blurdct.inference.detector import Detector
from blurdct.inference.thresholds import VERDICTS


def test_each_kind_has_the_verdicts_of_the_detector_itself(bench, tmp_path, photos):
    folder = tmp_path / "kinds"
    shutil.copytree(photos / "sharp", folder / "sharp")
    paths = sorted(find_photos(folder))
    kinds = [("kinds-one", "kinds-two_three")[number % 2] for number in range(len(paths))]
    lines = [f"{path.relative_to(folder)},,{n},{kinds[n]}" for n, path in enumerate(paths)]
    (folder / "manifest.csv").write_text("\n".join(["path,label,group,source", *lines]))
    answer = bench("kinds", "--photos", folder, "--model", "fast", "--workers", 1)
    (table,) = answer.figures["tables"]
    assert [row[1] for row in table["rows"]] == ["one", "two, three", "all"]
    detector = Detector.load("fast")
    shown = [detector.predict(path).shown for path in paths]
    for row, of in zip(table["rows"], ("kinds-one", "kinds-two_three", None), strict=True):
        told = [one for one, kind in zip(shown, kinds, strict=True) if of in (kind, None)]
        assert row[2:4] == [len(told), told.count("unknown")]
        known = max(1, len(told) - told.count("unknown"))
        assert row[4:] == [told.count(verdict) / known for verdict in VERDICTS]


def test_a_folder_without_a_photo_is_one_line(refusal, tmp_path):
    assert str(tmp_path) in refusal("kinds", "--photos", tmp_path, "--model", "fast")
