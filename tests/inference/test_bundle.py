import dataclasses
import json
import os
import pickle
import shutil

import numpy as np
import pytest
from hypothesis import given, strategies as st

from blurdct.errors import BlurdctError, ConfigError, ModelError
from blurdct.features.bands import FEATURES
from blurdct.inference import bundle as bundles
from blurdct.inference.bundle import (
    BESIDE,
    BLUR,
    GRAPH,
    MAP,
    NAMES,
    SHEET,
    Bundle,
    Calibration,
    UnknownModelError,
    load,
    shipped,
    shipped_map,
)
from blurdct.inference.detector import Detector
from blurdct.inference.thresholds import Thresholds
from tests.helpers import toys

pytestmark = pytest.mark.filterwarnings("error")

FILES = {"graph", "map_graph", "blur_graph"}
ENTRIES = [field.name for field in dataclasses.fields(Bundle) if field.name not in FILES]

GRAPHS = {MAP: toys.map_graph(), BLUR: toys.blur_graph()}


def beside(file: str) -> dict[str, bytes]:
    """What a bundle takes so that it has that file."""
    return {BESIDE[file][0]: GRAPHS[file]}


@pytest.fixture
def folder(tmp_path):
    toys.bundle().save(tmp_path / "toy")
    return tmp_path / "toy"


def refusal(folder) -> str:
    """The one line that a folder is refused with."""
    with pytest.raises(ModelError) as caught:
        load(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) in message
    return message


def rewrite(folder, **changes) -> None:
    """Put other entries into a bundle's sheet; None leaves one out."""
    entries = {**json.loads((folder / SHEET).read_text()), **changes}
    kept = {name: value for name, value in entries.items() if value is not None}
    (folder / SHEET).write_text(json.dumps(kept))


# Round trip


def test_a_bundle_comes_back_as_it_was_saved(folder):
    assert load(folder) == load(str(folder)) == toys.bundle()


def test_saving_again_leaves_nothing_of_the_bundle_before(folder):
    other = toys.bundle(size=64, thresholds=Thresholds(0.5, 0.5), parameters={})
    other.save(folder)
    assert load(folder) == other
    assert sorted(path.name for path in folder.iterdir()) == [SHEET, GRAPH]


@pytest.mark.parametrize("file", BESIDE)
def test_a_graph_beside_the_models_own_is_a_file_of_its_own_and_comes_back(tmp_path, file):
    more = toys.bundle(**beside(file))
    more.save(tmp_path / "toy")
    assert {path.name for path in (tmp_path / "toy").iterdir()} == {SHEET, file, GRAPH}
    assert (tmp_path / "toy" / file).read_bytes() == GRAPHS[file]
    assert load(tmp_path / "toy") == more != toys.bundle()


def test_the_graphs_of_map_and_blur_come_back_together(tmp_path):
    both = toys.bundle(**beside(MAP), **beside(BLUR))
    both.save(tmp_path / "toy")
    assert {path.name for path in (tmp_path / "toy").iterdir()} == {SHEET, MAP, BLUR, GRAPH}
    found = load(tmp_path / "toy")
    assert found == both and (found.map_graph, found.blur_graph) == (GRAPHS[MAP], GRAPHS[BLUR])


@pytest.mark.parametrize("file", BESIDE)
def test_a_bundle_without_such_a_graph_takes_the_place_of_one_that_has_it_and_the_other_way(
    tmp_path, file
):
    plain, more = toys.bundle(), toys.bundle(**beside(file))
    other = toys.bundle(**dict.fromkeys(beside(file), b"another"))
    for bundle in (more, plain, more, other):
        bundle.save(tmp_path / "toy")
        assert load(tmp_path / "toy") == bundle
        assert (tmp_path / "toy" / file).exists() == (bundle is not plain)


def test_graphs_do_not_stand_in_the_sheet_nor_in_words_about_a_bundle(tmp_path):
    both = toys.bundle(**beside(MAP), **beside(BLUR))
    both.save(tmp_path)
    assert json.loads((tmp_path / SHEET).read_text()).keys() == {"format", *ENTRIES}
    assert len(repr(both)) < 2000


def test_the_map_that_every_fusion_carries_is_that_of_the_shipped_one(tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "SHIPPED", tmp_path)
    toys.bundle(map_graph=toys.map_graph()).save(tmp_path / NAMES["best"])
    assert shipped_map() == toys.map_graph()


def test_a_bundle_makes_its_folders(tmp_path):
    toys.bundle().save(tmp_path / "deep" / "down")
    assert load(tmp_path / "deep" / "down") == toys.bundle()


def test_the_same_bundle_gives_the_same_bytes(folder, tmp_path):
    load(folder).save(tmp_path / "again")
    for name in (GRAPH, SHEET):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_a_sheet_says_what_it_is_about_to_a_reader(folder):
    sheet = json.loads((folder / SHEET).read_text())
    assert sheet["format"] == 2
    assert tuple(sheet["features"]) == FEATURES
    assert sheet["thresholds"] == {"sure_sharp": 0.25, "sure_blurred": 0.75, "decision": 0.5}
    assert not FILES & sheet.keys()


def test_a_shipped_model_is_found_by_its_name(folder, monkeypatch):
    monkeypatch.setattr(bundles, "SHIPPED", folder.parent)
    (folder.parent / "without a sheet").mkdir()
    assert shipped() == ["toy"]
    assert load("toy") == toys.bundle()


def test_every_shipped_model_loads_and_answers(texture):
    for name in shipped():
        assert 0 <= Detector.load(name).predict(texture).probability <= 1


# Half a bundle


def test_a_bundle_that_cannot_be_saved_leaves_the_older_one_or_none(folder, monkeypatch):
    def fail(self, *args, **options):
        raise OSError("disk full")

    for method in ("write_bytes", "write_text"):
        for place in (folder, folder.with_name("other")):
            with monkeypatch.context() as patch:
                patch.setattr(type(folder), method, fail)
                with pytest.raises(OSError, match="disk full"):
                    toys.bundle(size=64).save(place)
        assert load(folder) == toys.bundle()
        assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_what_a_killed_save_leaves_is_no_bundle(folder, monkeypatch):
    monkeypatch.setattr(bundles, "SHIPPED", folder.parent)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)  # the end of the process came first
        toys.bundle(size=64).save(folder)
    left = [path for path in folder.parent.iterdir() if path != folder]
    assert len(left) == 1 and shipped() == [folder.name]
    refusal(left[0])


def test_a_sheet_cut_off_anywhere_is_refused(folder):
    text = (folder / SHEET).read_text().rstrip()
    for end in range(0, len(text), 37):
        (folder / SHEET).write_text(text[:end])
        refusal(folder)


def test_a_bundle_that_cannot_be_written_down_leaves_the_older_one(folder):
    with pytest.raises(TypeError):
        toys.bundle(parameters={"rate": object()}).save(folder)
    assert load(folder) == toys.bundle()


# What is refused


@pytest.mark.parametrize("name", ["no/such/folder", "null\0byte", "long" * 1000, ""])
def test_a_model_that_is_not_there_is_named(name):
    with pytest.raises(ModelError, match="no model .*: neither a bundle's folder nor one of"):
        load(name)


def test_the_error_knows_which_model_in_another_process_too():
    with pytest.raises(UnknownModelError) as caught:
        load("no-such")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.model, str(again)) == ("no-such", str(caught.value))


def test_a_folder_without_a_sheet_is_no_model(folder):
    (folder / SHEET).unlink()
    assert refusal(folder).startswith(f"no model '{folder}'")
    (folder / SHEET).mkdir()
    refusal(folder)


def test_a_file_is_no_model(folder):
    refusal(folder / GRAPH)


def test_a_folder_without_a_graph_is_refused(folder):
    (folder / GRAPH).unlink()
    assert GRAPH in refusal(folder)


@pytest.mark.parametrize("text", ["", "words", "{", "[]", "[1, 2]", "null", "3", '"words"', "{}"])
def test_a_sheet_that_is_no_object_is_refused(folder, text):
    (folder / SHEET).write_text(text)
    refusal(folder)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_sheet_nested_by_the_thousand_is_refused(folder, opening):
    (folder / SHEET).write_text(opening * 100_000)
    assert "not a bundle" in refusal(folder)


@pytest.mark.parametrize("name", [SHEET, GRAPH, MAP, BLUR])
def test_a_sheet_or_graph_that_would_never_end_is_refused(folder, name):
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to("/dev/zero")
    refusal(folder)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    refusal(folder)


def test_a_sheet_or_graph_of_gigabytes_is_refused_unread(folder):
    for name, size in ((BLUR, 3 * 2**30), (MAP, 3 * 2**30), (GRAPH, 3 * 2**30), (SHEET, 2**30)):
        with open(folder / name, "ab") as holes:
            holes.truncate(size)
        assert f"{name}: over " in refusal(folder)


def test_a_sheet_that_is_no_text_is_refused(folder):
    (folder / SHEET).write_bytes(b"\xff\xfe\x00")
    refusal(folder)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_missing_entry_is_named(folder, name):
    rewrite(folder, **{name: None})
    assert f"bundle.json lacks {name})" in refusal(folder)


@pytest.mark.parametrize("name", ["colour", *sorted(FILES)])
def test_an_unknown_entry_is_named(folder, name):
    rewrite(folder, **{name: 3})
    assert f"bundle.json has {name})" in refusal(folder)


@pytest.mark.parametrize("version", [3, 0, "1", None, True])
def test_another_version_of_the_format_is_refused(folder, version):
    rewrite(folder, format=version)
    assert f"made by another version of blurdct (format {version}, not 2)" in refusal(folder)


def test_other_features_are_refused_with_both_differences(folder):
    rewrite(folder, features=["sharpness", *FEATURES[1:]])
    message = refusal(folder)
    assert "lacks low_freq_mean, " in message
    assert "has sharpness" in message


def test_features_in_another_order_are_refused(folder):
    rewrite(folder, features=FEATURES[::-1])
    assert "in another order" in refusal(folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("thresholds", {"sure_sharp": 0.8, "sure_blurred": 0.7}),
        ("thresholds", {"sure_sharp": -0.1, "sure_blurred": 0.7}),
        ("thresholds", {"sure_sharp": 0.1, "sure_blurred": 1.1}),
        ("thresholds", {"sure_sharp": float("nan"), "sure_blurred": 0.7}),
        ("thresholds", {"sure_sharp": 0.1}),
        ("thresholds", {"clear": 0.1, "blurred": 0.2}),
        ("thresholds", {"sure_sharp": 0.1, "sure_blurred": 0.2, "decision": 50.0}),
        ("thresholds", {"sure_sharp": 0.1, "sure_blurred": 0.2, "middle": 0.15}),
        ("thresholds", {"sure_sharp": "0.1", "sure_blurred": 0.2}),
        ("thresholds", [0.1, 0.2]),
        ("calibration", {"scale": float("nan"), "offset": 0.0}),
        ("calibration", {"scale": 1.0, "offset": float("nan")}),
        ("calibration", {"scale": 1.0, "offset": float("inf")}),
        ("calibration", {"scale": 0.0, "offset": 0.0}),
        ("calibration", {"scale": -1.0, "offset": 0.0}),
        ("calibration", {"scale": 1.0, "offset": 0.0, "power": 2.0}),
        ("calibration", "none"),
        ("size", "512"),
        ("size", 512.5),
        ("size", 3),
        ("size", -512),
        ("backend", 3),
        ("views", "features"),
        ("views", [1]),
        ("views", {"features": 18}),
        ("features", 18),
        ("features", [[name] for name in FEATURES]),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(folder, name, value):
    rewrite(folder, **{name: value})
    refusal(folder)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 600) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


@given(name=st.sampled_from(["format", *ENTRIES]), value=json_values)
def test_whatever_stands_in_an_entry_the_model_works_or_is_refused(
    tmp_path_factory, texture, name, value
):
    folder = tmp_path_factory.mktemp("bundle")
    toys.bundle().save(folder)
    entries = {**json.loads((folder / SHEET).read_text()), name: value}
    (folder / SHEET).write_text(json.dumps(entries))
    try:
        detector = Detector.load(folder)
    except ModelError as error:
        assert "\n" not in str(error)
    else:
        assert 0 <= detector.predict(texture).probability <= 1
    shutil.rmtree(folder)


# Calibration and thresholds


@given(
    scale=st.floats(1e-3, 50),
    offset=st.floats(-20, 20),
    p=st.lists(st.floats(0, 1), min_size=1, max_size=20),
)
def test_calibration_keeps_the_order_and_stays_in_0_to_1(scale, offset, p):
    raw = np.sort([0.0, *p, 1.0])
    calibrated = Calibration(scale, offset)(raw)
    assert calibrated.shape == raw.shape
    assert ((calibrated >= 0) & (calibrated <= 1)).all()
    assert (np.diff(calibrated) >= 0).all()


def test_the_neutral_calibration_changes_nothing():
    p = np.linspace(0, 1, 101, dtype=np.float32)
    before = p.copy()
    np.testing.assert_allclose(Calibration()(p), p, atol=2e-7)
    np.testing.assert_array_equal(p, before)


def test_calibration_moves_the_logit():
    p = Calibration(2.0, -1.0)(np.array([0.5, 0.8]))
    logit = np.log(p / (1 - p))
    np.testing.assert_allclose(logit, [-1, 2 * np.log(4) - 1], atol=1e-9)


def test_what_is_no_calibration_or_threshold_is_a_setting_out_of_range():
    nan, infinite = float("nan"), float("inf")
    for values in ((0.0, 0.0), (-1.0, 0.0), (nan, 0.0), (infinite, 0.0), (1.0, nan)):
        with pytest.raises(ConfigError, match="calibration: expected finite numbers, scale over 0"):
            Calibration(*values)
    for values in ((0.6, 0.5), (-0.1, 0.5), (0.5, 1.1), (nan, 0.5), (0.5, nan)):
        with pytest.raises(BlurdctError, match="expected 0 <= sure_sharp <= sure_blurred <= 1"):
            Thresholds(*values)
    assert Thresholds(0.4, 0.6) == Thresholds(sure_sharp=0.4, sure_blurred=0.6, decision=0.5)
