import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blurdct.errors import ConfigError, ModelError
from blurdct.inference.dataframe import ADDED, score_frame
from blurdct.inference.detector import Detector
from tests.helpers.toys import blur_graph, bundle, save_photos

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def detector():
    return Detector(bundle())


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = save_photos(tmp_path_factory.mktemp("photos"), scenes=3)
    return [str(path) for path in sorted(folder.rglob("*.png"))]


@pytest.fixture(params=["pandas", "polars"])
def library(request):
    return pytest.importorskip(request.param)


def missing(library, frame, column):
    """Which rows have no value there, as a list."""
    found = frame[column]
    return (found.isna() if library.__name__ == "pandas" else found.is_null()).to_list()


def test_every_row_gets_its_verdict_in_a_table_of_the_same_kind(library, detector, paths):
    given = library.DataFrame({"path": paths, "camera": list("abcdef")})
    made = score_frame(given, model=detector)
    assert type(made) is type(given)
    assert list(made.columns) == ["path", "camera", *ADDED]
    assert list(given.columns) == ["path", "camera"]
    expected = [detector.predict(path) for path in paths]
    for name in ("probability", "score", "label", "reason"):
        assert made[name].to_list() == [getattr(one, name) for one in expected]
    for name in ("sharp_fraction", "blur", "kind_probability"):  # no such graph in this model
        assert missing(library, made, name) == [True] * 6
    assert made["evidence"].to_list() == [one.evidence for one in expected]
    assert made["error"].to_list() == [""] * 6
    assert made["camera"].to_list() == list("abcdef")


def test_how_wide_blur_is_stands_in_a_column_of_its_own(library, paths):
    measuring = Detector(bundle(blur_graph=blur_graph(kind=True)))
    made = score_frame(library.DataFrame({"path": [*paths, "gone.jpg"]}), model=measuring)
    assert made["blur"].to_list()[:6] == [measuring.predict(path).blur for path in paths]
    for name in ("blur", "evidence"):
        assert missing(library, made, name) == [False] * 6 + [True]
    told = [measuring.predict(path) for path in paths]
    assert made["kind"].to_list() == [*(one.kind or "" for one in told), ""]
    none = [one.kind is None for one in told]
    assert missing(library, made, "kind_probability") == [*none, True] and {*none} == {True, False}


def test_a_row_without_a_verdict_says_why_and_nothing_else_is_lost(library, detector, paths):
    broken = Path(paths[0]).with_name("broken.jpg")
    broken.write_bytes(b"\xff\xd8\xff no more")
    rows = [paths[0], None, str(broken), "", "gone.jpg", paths[0], "nul\0l.jpg"]
    made = score_frame(library.DataFrame({"path": rows}), model=detector)
    wrong = [False, True, True, True, True, False, True]
    assert missing(library, made, "probability") == missing(library, made, "score") == wrong
    assert [label == "" for label in made["label"]] == wrong
    errors = made["error"].to_list()
    assert [error != "" for error in errors] == wrong
    assert errors[1].startswith("expected a path, got") and errors[3] == "expected a path, got ''"
    assert errors[2] == f"{broken}: truncated or damaged image data"
    assert errors[4] == "gone.jpg: no such file"
    assert made["score"].to_list()[0] == made["score"].to_list()[5] > 0


def test_a_path_that_is_there_twice_is_judged_once(library, detector, paths, monkeypatch):
    judged = []
    predict_many = detector.predict_many

    def spy(photos, workers):
        judged.extend(photos)
        return predict_many(photos, workers)

    monkeypatch.setattr(detector, "predict_many", spy)
    made = score_frame(library.DataFrame({"path": [*paths, *paths[::-1]]}), model=detector)
    assert judged == paths
    assert made["score"].to_list()[:6] == made["score"].to_list()[:5:-1]


def test_an_index_stays_though_it_is_not_unique_or_sorted(detector, paths):
    index = pd.MultiIndex.from_tuples([(2, "b"), (1, "a"), (2, "b"), (0, "x"), (1, "a"), (5, "c")])
    given = pd.DataFrame({"path": paths}, index=index)
    before = given.copy(deep=True)
    made = score_frame(given, model=detector)
    pd.testing.assert_frame_equal(given, before)
    pd.testing.assert_frame_equal(made[["path"]], before)
    assert made["score"].tolist() == [detector.predict(path).score for path in paths]


def test_columns_of_pandas_hold_what_is_no_path_too(detector, paths):
    odd = [Path(paths[0]), np.nan, pd.NA, pd.NaT, 3, b"photo.jpg", ["a"]]
    made = score_frame(pd.DataFrame({"path": pd.Series(odd, dtype=object)}), model=detector)
    assert made["label"].ne("").tolist() == [True] + [False] * 6
    assert made["error"].tolist()[1:5] == [
        f"expected a path, got {text}" for text in ("nan", "<NA>", "NaT", "3")
    ]
    made = score_frame(pd.DataFrame({"path": pd.Categorical([paths[0], None])}), model=detector)
    assert made["error"].eq("").tolist() == [True, False]


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes there")
def test_a_name_that_is_no_utf8_is_read_and_its_error_is_text(detector, paths):
    strange = os.fsdecode(os.path.dirname(os.fsencode(paths[0])) + b"/\xff.png")
    Path(strange).write_bytes(Path(paths[0]).read_bytes())
    given = pd.DataFrame({"path": pd.Series([strange, strange + "gone"], dtype=object)})
    made = score_frame(given, model=detector)
    assert made["error"][0] == "" and made["score"][0] == detector.predict(paths[0]).score
    assert made["error"][1].endswith("?.pnggone: no such file")


def test_no_rows_give_no_rows_with_the_same_kinds_of_columns(library, detector, paths):
    full = score_frame(library.DataFrame({"path": paths}), model=detector)
    empty = score_frame(library.DataFrame({"path": paths})[:0], model=detector)
    assert list(empty.columns) == list(full.columns) and len(empty) == 0
    kinds = [list(frame[list(ADDED)].dtypes) for frame in (full, empty)]
    assert kinds[0] == kinds[1]


def test_names_models_and_processes_are_chosen(library, paths):
    given = library.DataFrame({"file": paths, "label": [1, 0] * 3})
    with pytest.raises(ConfigError, match="there already: label; give the new columns a prefix"):
        score_frame(given, "file")
    made = score_frame(given, "file", model="best", workers=2, prefix="blur_")
    assert list(made.columns) == ["file", "label", *(f"blur_{name}" for name in ADDED)]
    best = Detector.load("best")
    expected = [best.predict(path) for path in paths]
    assert made["blur_score"].to_list() == [one.score for one in expected]
    assert made["blur_sharp_fraction"].to_list() == [one.sharp_fraction for one in expected]


def test_what_cannot_be_done_is_said_in_a_line(library, detector):
    with pytest.raises(ConfigError, match="expected one column 'path'; columns: a, b"):
        score_frame(library.DataFrame({"a": ["x"], "b": ["y"]}), model=detector)
    with pytest.raises(ModelError, match="no model 'none'"):
        score_frame(library.DataFrame({"path": ["x"]}), model="none")
    with pytest.raises(TypeError, match="expected a DataFrame of pandas or Polars, got dict"):
        score_frame({"path": ["x"]})
    twice = pd.DataFrame([["x", "y"]], columns=["path", "path"])
    with pytest.raises(ConfigError, match="expected one column 'path'; columns: path, path"):
        score_frame(twice, model=detector)


def test_a_lazy_frame_is_refused(detector):
    polars = pytest.importorskip("polars")
    with pytest.raises(TypeError, match="got LazyFrame; collect it first"):
        score_frame(polars.LazyFrame({"path": ["x"]}), model=detector)


def test_only_the_library_of_the_frame_is_loaded(library):
    other = {"pandas": "polars", "polars": "pandas"}[library.__name__]
    code = (
        f"import sys, {library.__name__} as library\n"
        f"from blurdct.inference.dataframe import score_frame\n"
        f"score_frame(library.DataFrame({{'path': ['gone.jpg']}}))\n"
        f"print({other!r} in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
