import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blurdct import results
from blurdct.errors import BlurdctError, ConfigError
from blurdct.images.reader import read_sized
from blurdct.inference import facts
from blurdct.inference.bundle import Calibration
from blurdct.inference.detector import Detector
from blurdct.parallel.crew import DIED
from blurdct.scan import walk, worker
from blurdct.scan.run import scan
from tests.helpers import toys

DEADLY = """
import os, sys
try:
    from blurdct.scan import walk, worker
except ImportError:  # another Python that the tests run
    pass
else:
    real = worker.open_photo
    def deadly(item):
        if "deadly" in item.path:
            os.abort()
        return real(item)
    worker.open_photo = deadly
"""


def save(path, seed, sigma=0.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(toys.photo(seed, sigma)).save(os.fsencode(path), "JPEG", quality=90)
    return path


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "toy"
    toys.bundle().save(folder)
    return str(folder)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """The folder ``in`` below the current one: six good photographs, and what is none."""
    monkeypatch.chdir(tmp_path)
    folder = Path("in")
    for number in range(6):
        save(folder / f"{number}.jpg", number, sigma=number / 2)
    (folder / "2b.jpg").write_bytes(b"no picture")
    (folder / "4b.jpg").write_bytes(b"")
    return folder


def here(function, batches, lost, workers, limit, initializer, initargs, stream):
    """Does what ``crash_safe_map`` does, without the second that a process takes to start."""
    assert stream
    initializer(*initargs)
    for batch in batches:
        yield from function(iter(batch))


@pytest.fixture
def go(model):
    """``scan`` with the toy model, in this process if not told how many; summary and rows."""

    def scan_with(sources, out="out.csv", **options):
        with pytest.MonkeyPatch.context() as patch:
            if "workers" not in options:
                patch.setattr("blurdct.scan.run.crash_safe_map", here)
            summary = scan(sources, out, **{"model": model, **options})
        return summary, list(results.read(out))

    return scan_with


def paths(rows):
    return [row["path"] for row in rows]


def with_error(rows):
    return {row["path"]: row["error"] for row in rows if row["error"]}


def test_each_photo_has_a_row_in_order_with_what_the_detector_says(go, photos, model):
    summary, rows = go("in", workers=2)
    assert paths(rows) == sorted(f"in/{name}.jpg" for name in (*range(6), "2b", "4b"))
    detector = Detector.load(model)
    for row in rows:
        status = os.stat(row["path"])
        assert (row["bytes"], row["modified"]) == (status.st_size, status.st_mtime)
        if not row["error"]:
            verdict = {**detector.predict(row["path"]).as_dict(), "kind": ""}  # it knows none
            assert {name: row[name] for name in verdict} == verdict
            assert (row["width"], row["height"]) == (toys.SIDE, toys.SIDE)
    assert with_error(rows).keys() == {"in/2b.jpg", "in/4b.jpg"}
    assert with_error(rows)["in/4b.jpg"] == "empty file"
    assert all(row["probability"] is None and row["label"] == "" for row in rows if row["error"])
    assert summary.photos == 8 and summary.labels["unreadable"] == 2
    assert sum(summary.labels.values()) == 8
    assert not Path("out.csv.part").exists()


@pytest.mark.parametrize("out", ["out.csv", "out.jsonl", "out.parquet"])
def test_evidence_and_blur_come_into_every_file_and_through_a_resumed_scan(
    go, photos, tmp_path, out
):
    toys.bundle(blur_graph=toys.blur_graph(kind=True)).save(tmp_path / "measuring")
    detector = Detector.load(tmp_path / "measuring")
    options = {"out": out, "model": str(tmp_path / "measuring")}
    go("in", **options)
    save(photos / "9.jpg", 9, 3)
    summary, rows = go("in", resume=True, **options)
    assert (summary.photos, summary.kept) == (9, 6)
    for row in rows:
        told = None if row["error"] else detector.predict(row["path"])
        assert row["blur"] == (told and told.blur) and row["evidence"] == (told and told.evidence)
        assert row["kind"] == ((told and told.kind) or "")
        assert row["kind_probability"] == (told and told.kind_probability)
    assert len({row["blur"] for row in rows}) > 3 and {row["kind"] for row in rows} > {""}


def test_rows_from_before_there_was_blur_are_kept_by_a_resumed_scan(go, photos):
    _, rows = go("in")
    new = ("evidence", "blur", "kind", "kind_probability")
    columns = [name for name in results.COLUMNS if name not in new]
    results.write("out.csv", rows, columns)
    save(photos / "9.jpg", 9)
    summary, again = go("in", resume=True)
    assert summary.kept == 6
    evidence = {row["path"]: row["evidence"] for row in again if not row["error"]}
    assert evidence.pop("in/9.jpg") == 1.0 and set(evidence.values()) == {None}


@pytest.mark.parametrize("factor", [1, 4])
@pytest.mark.parametrize(("orientation", "turned"), [(1, False), (3, False), (6, True), (8, True)])
@pytest.mark.parametrize("ending", ["JPEG", "PNG"])
def test_width_and_height_are_those_of_the_upright_photo_at_its_own_size(
    tmp_path, factor, orientation, turned, ending
):
    path = tmp_path / "photo"
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.zeros((60 * factor, 100 * factor, 3), np.uint8)
    Image.fromarray(pixels).save(path, ending, exif=exif)
    config = Detector(toys.bundle()).config  # of 128 pixels: what is larger is reduced
    luma, size, _ = read_sized(path, config)
    assert size == ((60 * factor, 100 * factor) if turned else (100 * factor, 60 * factor))
    assert (luma.shape[1] < luma.shape[0]) == turned


@pytest.mark.parametrize("out", ["out.csv", "out.jsonl", "out.parquet"])
def test_names_of_any_bytes_come_back(go, photos, out):
    names = ["-n.jpg", "a\nb.jpg", "ä.jpg", os.fsdecode(b"in\xff\xfe.jpg")]
    for seed, name in enumerate(names):
        save(Path("odd") / name, seed)
    save(Path("odd") / "to" / "be" / "deep.jpg", 9)
    _, rows = go("odd", out)
    assert set(paths(rows)) == {os.path.join("odd", name) for name in (*names, "to/be/deep.jpg")}
    assert not with_error(rows)
    summary, again = go("odd", out, resume=True)
    assert again == rows and summary.kept == len(rows)


def test_what_cannot_be_searched_is_a_row_and_the_rest_is_done(go, photos):
    _, rows = go(["nowhere*.jpg", "in/0.jpg", "gone.jpg"])
    assert paths(rows) == ["nowhere*.jpg", "in/0.jpg", "gone.jpg"]
    errors = with_error(rows)
    assert "nothing matches" in errors["nowhere*.jpg"] and errors["gone.jpg"] == "no such file"


def test_a_file_that_kills_its_process_costs_one_row(go, photos, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(DEADLY)
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), before]))
    save(photos / "3deadly.jpg", 3)
    _, rows = go("in", workers=2)
    assert with_error(rows)["in/3deadly.jpg"] == DIED
    assert len(rows) == 9 and len(with_error(rows)) == 3


def test_thousands_of_errors_in_a_row_are_rows(go, photos):
    Path("list.txt").write_text("".join(f"in/gone{number}.jpg\n" for number in range(10_000)))
    summary, rows = go(["@list.txt", "in/0.jpg"])
    assert len(rows) == 10_001 and summary.labels["unreadable"] == 10_000
    assert paths(rows)[::5000] == ["in/gone0.jpg", "in/gone5000.jpg", "in/0.jpg"]


def test_a_photo_that_is_named_twice_has_one_row(go, photos):
    summary, rows = go(["in/3.jpg", "in", "in/3.jpg"])
    assert paths(rows)[0] == "in/3.jpg" and len(rows) == len(set(paths(rows))) == 8
    assert summary.photos == 8 and summary.kept == 0


def interrupt_after(count):
    def watch(done):
        if done >= count:
            raise KeyboardInterrupt

    return watch


def test_an_interrupted_scan_goes_on_where_it_was(go, photos):
    _, whole = go("in", "whole.csv")
    with pytest.raises(KeyboardInterrupt):
        go("in", watch=interrupt_after(3))
    assert not Path("out.csv").exists()
    with pytest.raises(ConfigError, match="out.csv: unfinished; --resume goes on"):
        go("in")
    summary, rows = go("in", resume=True)
    assert summary.kept == 3 and rows == whole
    assert not Path("out.csv.part").exists()


def test_an_interrupt_before_the_first_row_leaves_nothing(go, photos, monkeypatch):
    def stop(item):
        raise KeyboardInterrupt

    monkeypatch.setattr(worker, "open_photo", stop)
    with pytest.raises(KeyboardInterrupt):
        go("in")
    assert not list(Path().glob("out*"))


def test_a_complete_file_is_brought_up_to_date(go, photos):
    _, before = go("in")
    with pytest.raises(ConfigError, match="out.csv: exists; --resume"):
        go("in")
    save(photos / "1.jpg", 77)  # changed
    save(photos / "2b.jpg", 5)  # could not be read
    save(photos / "9.jpg", 9)  # new
    (photos / "5.jpg").unlink()
    summary, rows = go("in", resume=True)
    assert (summary.photos, summary.kept, summary.dropped) == (8, 4, 1)
    assert rows == go("in", "whole.csv")[1]
    changed = {row["path"] for row in rows if row not in before}
    assert changed == {"in/1.jpg", "in/2b.jpg", "in/9.jpg"}


def test_force_begins_anew(go, photos):
    go("in")
    with pytest.raises(KeyboardInterrupt):
        go(["in"], force=True, watch=interrupt_after(2))
    assert len(list(results.read("out.csv"))) == 8  # the old one, until the new one is complete
    summary, rows = go(["in/0.jpg"], force=True)
    assert summary.kept == 0 and paths(rows) == ["in/0.jpg"]


@pytest.mark.parametrize("unfinished", [True, False])
def test_rows_of_another_model_size_or_threshold_are_never_mixed(go, photos, tmp_path, unfinished):
    if unfinished:
        with pytest.raises(KeyboardInterrupt):
            go("in", watch=interrupt_after(3))
    else:
        go("in")
    file = Path("out.csv.part" if unfinished else "out.csv")
    toys.bundle(calibration=Calibration(2.0, 0.5)).save(tmp_path / "other")
    for options in ({"model": str(tmp_path / "other")}, {"size": 64}, {"threshold": 0.3}):
        with pytest.raises(ConfigError, match=f"{file}: made with .*--force begins anew"):
            go("in", resume=True, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "ANSWERS", facts.ANSWERS + 1)
        with pytest.raises(ConfigError, match="made with another version"):
            go("in", resume=True)
    assert go("in", resume=True)[0].kept == (3 if unfinished else 6)


@pytest.mark.parametrize("out", ["out.txt", "in", "nowhere/out.csv", "/proc/out.csv"])
def test_a_place_that_cannot_be_written_is_refused_before_any_work(go, photos, out):
    with pytest.raises(ConfigError, match=out):
        go("in", out)
    assert not list(Path().glob("*.part"))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"resume": True, "force": True}, "one or the other"), ({"workers": 0}, "at least 1")],
)
def test_wrong_options_are_refused(go, photos, options, message):
    with pytest.raises(ConfigError, match=message):
        go("in", **options)


def test_an_empty_source_is_an_error_and_touches_nothing(go, photos):
    go("in")
    before = Path("out.csv").read_bytes()
    Path("empty").mkdir()
    with pytest.raises(
        ConfigError, match=r"no photographs found \(empty: no photographs in this folder\)"
    ):
        go("empty", resume=True)
    assert Path("out.csv").read_bytes() == before
    with pytest.raises(
        ConfigError, match=r"no photographs found \(empty: no photographs in this folder\)"
    ):
        go("empty", "new.csv")
    assert not list(Path().glob("new*"))


def test_a_disk_that_is_full_in_the_end_loses_nothing(go, photos):
    def full(*_):
        raise ConfigError("out.csv: cannot be written (No space left on device)")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("blurdct.scan.run.write", full)
        with pytest.raises(BlurdctError, match="No space left") as caught:
            go("in")
    assert not isinstance(caught.value, ConfigError)  # that is for wrong use
    assert go("in", resume=True)[0].kept == 8


def test_a_photo_that_is_deleted_meanwhile_is_a_row(go, photos):
    def watch(done):
        (photos / "5.jpg").unlink(missing_ok=True)

    for number in range(20):  # more than are sent at once
        save(photos / f"0{number:02}.jpg", number % 4)
    _, rows = go("in", watch=watch)
    assert with_error(rows)["in/5.jpg"] == "no such file" and len(rows) == 28


def save_two_disks():
    for seed, name in enumerate(("disk/a/1", "disk/b/deep/2", "own/3", "own/4", "disks/5")):
        save(Path(f"{name}.jpg"), seed)


def unmounted(folder: Path) -> None:
    folder.rename("elsewhere")
    folder.mkdir()


def closed(folder: Path) -> None:
    def listing(self, path, real=walk.LocalTree.listing):
        if Path(path).is_relative_to(folder):
            raise PermissionError(13, "Permission denied")
        return real(self, path)

    walk.LocalTree.listing = listing


LOSSES = {
    "gone": lambda folder: folder.rename("elsewhere"),
    "empty": unmounted,
    "closed": closed,
    "with nothing to judge": lambda folder: (unmounted(folder), (folder / "README").touch()),
}
SOURCES = {
    "a folder": ["disk", "own", "disks"],
    "the current folder": ["."],
    "a pattern": ["disk/*/*.jpg", "disk/b/deep", "own", "disks"],
    "a deep pattern": ["disk/**/*.jpg", "own", "disks"],
    "a list": ["list.txt"],
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("source", SOURCES)
def test_rows_below_what_is_lost_for_now_are_kept_and_told(go, tmp_path, monkeypatch, loss, source):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(walk.LocalTree, "listing", walk.LocalTree.listing)
    save_two_disks()
    Path("list.txt").write_text("disk/\nown\ndisks\n")
    _, before = go(SOURCES[source])
    LOSSES[loss](Path("disk"))
    if source == "the current folder" and loss in ("gone", "with nothing to judge"):
        return  # nobody can tell that from a folder that was removed
    Path("own/3.jpg").unlink()
    summary, rows = go(SOURCES[source], resume=True)
    below = [row for row in before if row["path"].startswith("disk/")]
    assert len(below) == 2 and rows[-len(below) :] == below
    assert summary.held.total() == 2 and summary.dropped == 1
    assert len(paths(rows)) == len(set(paths(rows)))


def test_rows_in_an_archive_that_is_damaged_now_are_kept(go, photos):
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.write(photos / "1.jpg", "b/1.jpg")
    _, before = go(["a.zip", "in"])
    Path("a.zip").write_bytes(b"damaged")
    summary, rows = go(["a.zip", "in"], resume=True)
    assert with_error(rows)["a.zip"].startswith("cannot be unpacked")
    assert rows[-1] == before[0] and dict(summary.held) == {"a.zip": 1}


def test_a_folder_that_was_removed_below_a_source_is_dropped(go, photos):
    save(photos / "deep" / "9.jpg", 9)
    go("in")
    shutil.rmtree(photos / "deep")
    summary, _ = go("in", resume=True)
    assert summary.dropped == 1 and not summary.held


@pytest.mark.parametrize("content", [None, "", "in/0.jpg\0in/1.jpg\n"])
def test_a_table_stays_when_a_list_no_longer_says_what_it_named(go, photos, content):
    Path("list.txt").write_text("in/0.jpg\nin/1.jpg\n")
    go(["list.txt", "in/2.jpg"])
    before = Path("out.csv").read_bytes()
    Path("list.txt").unlink()
    if content is not None:
        Path("list.txt").write_text(content)
    with pytest.raises(BlurdctError, match=r"^list.txt: names nothing, .*; out.csv stays"):
        go(["list.txt", "in/2.jpg"], resume=True)
    assert Path("out.csv").read_bytes() == before


@pytest.mark.parametrize("seconds", [0, float("nan"), float("inf"), 1e9])
def test_a_time_limit_is_a_number_of_seconds(tmp_path, seconds):
    with pytest.raises(ConfigError, match="timeout: expected over 0 and up to"):
        scan(tmp_path, tmp_path / "out.csv", timeout=seconds)


def test_names_that_are_formulas_are_escaped_if_asked_and_found_again(go, photos):
    (photos / "1.jpg").rename("=1+1.jpg")
    (photos / "2.jpg").rename("-2.jpg")
    _, plain = go(["=1+1.jpg", "-2.jpg", "in"], "plain.csv")
    summary, rows = go(["=1+1.jpg", "-2.jpg", "in"], escape=True)
    assert rows == plain and paths(rows)[:2] == ["=1+1.jpg", "-2.jpg"]
    lines = Path("out.csv").read_text().splitlines()
    assert lines[1].startswith("'=1+1.jpg,") and lines[1].endswith(",'")
    assert lines[2].startswith("'-2.jpg,") and lines[3].endswith(",")
    summary, rows = go(["=1+1.jpg", "-2.jpg", "in"], escape=True, resume=True)
    assert rows == plain and summary.kept == 6
    _, rows = go("out.csv", "again.csv", column="path")
    assert paths(rows) == paths(plain)


def test_what_no_spreadsheet_opens_is_not_escaped(go, photos):
    with pytest.raises(ConfigError, match="out.jsonl: --escape is for CSV"):
        go("in", "out.jsonl", escape=True)
