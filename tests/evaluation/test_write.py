"""The four files of a report, and the photographs that its page shows."""

import json

import cv2
import numpy as np
import pytest

from blurdct.evaluation.write import write_comparison
from tests.helpers import toys
from tests.helpers.toy_reports import comparison

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def report():
    return comparison(toys.table(40), {"tree": 3.0})


def test_a_report_is_written_in_four_forms_with_the_photographs_that_models_err_on(
    report, tmp_path
):
    wrong, *others = (one["path"] for one in report["models"]["tree"]["worst"])
    files = {wrong: tmp_path / "wrong.png", "right": tmp_path / "right.png"}
    for file in files.values():
        cv2.imwrite(str(file), np.zeros((20, 20, 3), np.uint8))
    write_comparison(report, {**files, others[0]: tmp_path / "gone.png"}, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.json", "report.md", "report.html", "report.png",
    }  # fmt: skip
    assert json.loads((tmp_path / "out" / "report.json").read_text())["models"].keys() == {"tree"}
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("data:image/jpeg") == 1 and wrong in page
    assert "tree" in (tmp_path / "out" / "report.md").read_text()
    assert (tmp_path / "out" / "report.png").read_bytes().startswith(b"\x89PNG")


def test_without_files_a_page_shows_no_photograph(report, tmp_path):
    write_comparison(report, {}, tmp_path)
    assert "data:image/jpeg" not in (tmp_path / "report.html").read_text()
