"""``benchmarks/arrays.py``: files beside the pixels that libraries make of them."""

import cv2
import numpy as np
import pytest

from blurdct import Detector


@pytest.fixture
def folder(tmp_path, texture):
    folder = tmp_path / "photos"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), cv2.resize(texture, (320, 240)))
    return folder


def test_what_it_tells_is_what_detectors_say_of_both(bench, folder):
    (table,) = bench("arrays", "--photos", folder).figures["tables"]
    rows = {tuple(row[:3]): row[3:] for row in table["rows"]}
    assert len(rows) == 4 * 2 * 2
    assert {key[1] for key in rows} == {"own", "1,024", "2,048", "4,096"}
    picture = cv2.imread(str(folder / "a.png"))
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    for model in ("best", "fast"):
        detector = Detector.load(model)
        one, other = detector.predict(data), detector.predict(np.ascontiguousarray(pixels))
        move = abs(one.probability - other.probability)
        count, mean, most, over, changed = rows[model, "own", "OpenCV"]
        assert (count, over, changed) == (1, int(move > 0.01), int(one.label != other.label))
        assert mean == pytest.approx(move, abs=1e-9) and most == mean


def test_a_folder_without_photographs_is_one_line(refusal, tmp_path):
    assert refusal("arrays", "--photos", tmp_path) == f"{tmp_path}: no photographs in it"


def test_what_has_no_p_moves_none(bench, tmp_path):
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((64, 64), np.uint8))
    (table,) = bench("arrays", "--photos", tmp_path).figures["tables"]
    assert all(row[3:] == [0, None, None, 0, 0] for row in table["rows"])
