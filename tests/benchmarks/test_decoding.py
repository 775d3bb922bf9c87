"""``benchmarks/decoding.py``: only photographs that are read at a reduced scale count."""

import cv2
import numpy as np

from blurdct import Detector


def test_only_large_photographs_count_and_page_and_figures_agree(bench, tmp_path, texture):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, width in (("large", 2880), ("exactly twice", 1280), ("too small", 1500)):
        picture = cv2.resize(texture, (width, width // 2), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{name}.jpg"), picture)
    (folder / "words.jpg").write_text("no photo")
    (table,) = bench("decoding", "--photos", folder).figures["tables"]
    (count, median, most, changed), *_ = table["rows"]
    detector = Detector.load()
    moves, labels = [], 0
    for name in ("large", "exactly twice"):
        path = folder / f"{name}.jpg"
        full = detector.predict(np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)))
        reduced = detector.predict(path)
        moves.append(abs(full.probability - reduced.probability))
        labels += full.label != reduced.label
    assert count == 2 and changed == labels
    assert abs(median - np.median(moves)) < 1e-6 and abs(most - max(moves)) < 1e-6


def test_a_folder_without_large_photographs_is_one_line(refusal, photos):
    assert refusal("decoding", "--photos", photos) == f"{photos}: no JPEG of 2560 pixels or more"
