"""``predict``, ``features``, ``map`` and ``scan`` find the same photographs in the same sources."""

import csv
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from blurdct import results
from blurdct.inference.detector import Detector
from blurdct.scan import archives, items
from blurdct.scan.items import find
from blurdct.scan.path_lists import STDIN
from tests.helpers import toys
from tests.helpers.commands import Run, call
from tests.helpers.web import serving

pytestmark = pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links to folders")

ROOT = Path(__file__).parents[2]
INSIDE = ["z.png", "a/b.png"]  # of archives, in this order
NAMES = b"in/1.png", b"more", b"x.zip", b"in/1.png"
LISTED = ["in/1.png", "more/4.png", "x.zip::z.png", "x.zip::a/b.png", "in/1.png"]
ROWS = [{"photo": "in/1.png", "other": "x"}, {"photo": "more", "other": ""}]

# What is named, with options -> the photographs
SOURCES = {
    "file": (["in/1.png"], ["in/1.png"]),
    "folder": (["in"], ["in/1.png", "in/deep/2.png", "in/link/4.png"]),
    "link": (["link"], ["link/4.png"]),
    "circle": (["round"], ["round/5.png"]),
    "pattern": (["in/*.png"], ["in/1.png"]),
    "deep pattern": (["in/**/*.png"], ["in/1.png", "in/deep/2.png", "in/link/4.png"]),
    "zip": (["x.zip"], ["x.zip::z.png", "x.zip::a/b.png"]),
    "tar.gz": (["x.tar.gz"], ["x.tar.gz::z.png", "x.tar.gz::a/b.png"]),
    "tar": (["x.tar"], ["x.tar::z.png", "x.tar::a/b.png"]),
    "member": (["x.zip::a/b.png", "x.tar.gz::z.png"], ["x.zip::a/b.png", "x.tar.gz::z.png"]),
    "pattern of archives": (["x.t*"], [f"x.tar{end}::{n}" for end in ("", ".gz") for n in INSIDE]),
    "list": (["names.txt"], LISTED),
    "@list": (["@names"], LISTED),
    "null list": (["@names0", "--null"], LISTED),
    "stdin": (["-"], LISTED),
    "null stdin": (["-", "-0"], LISTED),
    "csv": (["table.csv", "--column", "photo"], ["in/1.png", "more/4.png"]),
    "jsonl": (["table.jsonl", "--column", "photo"], ["in/1.png", "more/4.png"]),
    "url": (["file://HERE/in/1.png"], ["file://HERE/in/1.png"]),
    "url of a folder": (["file://HERE/more/"], ["file://HERE/more/4.png"]),
    "url of a pattern": (["file://HERE/i*/*.png"], ["file://HERE/in/1.png"]),
    "url of an archive": (["file://HERE/x.tar.gz"], [f"file://HERE/x.tar.gz::{n}" for n in INSIDE]),
    "all": (
        ["more/4.png", "x.tar.gz", "in", "file://HERE/more/4.png"],
        "more/4.png x.tar.gz::z.png x.tar.gz::a/b.png in/1.png in/deep/2.png in/link/4.png "
        "file://HERE/more/4.png".split(),
    ),
}


def png(seed: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(toys.photo(seed, seed / 3)).save(file, "png")
    return file.getvalue()


def tarred(path: Path, names: list[str], mode: str) -> None:
    with tarfile.open(path, mode) as archive:
        for seed, name in enumerate(names):
            info = tarfile.TarInfo(name)
            info.size = len(data := png(seed))
            archive.addfile(info, io.BytesIO(data))


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    toys.bundle(graph=toys.graph_with_map()).save(folder / "map")
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """The current folder, with all that ``SOURCES`` name."""
    for name in ("in/1.png", "in/deep/2.png", "more/4.png", "round/5.png", "in/words.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(int(path.stem)) if path.suffix == ".png" else b"words")
    (tmp_path / "link").symlink_to("more")
    (tmp_path / "in" / "link").symlink_to("../more")
    (tmp_path / "in" / "same").symlink_to("deep")  # each real folder comes once
    (tmp_path / "round" / "self").symlink_to(".")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for seed, name in enumerate(INSIDE):
            archive.writestr(name, png(seed))
        archive.writestr("words.md", "words")
    tarred(tmp_path / "x.tar", INSIDE, "w")
    tarred(tmp_path / "x.tar.gz", INSIDE, "w:gz")
    for name in ("names", "names.txt"):
        (tmp_path / name).write_bytes(b"\n".join(NAMES))
    (tmp_path / "names0").write_bytes(b"\0".join(NAMES))
    monkeypatch.chdir(tmp_path)
    for ending in (".csv", ".jsonl"):
        results.write(f"table{ending}", ROWS, ["other", "photo"])
    fsspec = pytest.importorskip("fsspec")
    driver = fsspec.filesystem("memory")
    driver.store.clear()
    driver.pseudo_dirs[:] = [""]
    for name in ("album/6.png", "album/b/7.png"):
        driver.pipe_file(f"/{name}", png(6))
    driver.pipe_file("/x.tgz", (tmp_path / "x.tar.gz").read_bytes())
    yield tmp_path
    driver.store.clear()


@pytest.fixture
def listed(monkeypatch):
    """Puts names on standard input."""

    def put(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


@pytest.fixture
def run(models):
    """Runs one of the four commands with the toy model; its paths come out of ``answered``."""

    def run(command: str, *words: str) -> Run:
        more = {
            "predict": ["--model", str(models / "map"), "--json"],
            "sizes": ["--model", str(models / "map"), "--json", "--sizes"],
            "features": ["--json"],
            "map": ["--model", str(models / "map"), "--out", "maps"],
            "scan": ["--model", str(models / "map"), "--out", "out.csv", "--workers", "1"],
        }[command]
        return call("predict" if command == "sizes" else command, *more, *words)

    return run


def answered(command: str, run: Run) -> list[str]:
    if command == "scan":
        return [row["path"] for row in results.read("out.csv")]
    if command == "map":
        return [line.split("\t")[2] for line in run.out.splitlines()]
    return [json.loads(line)["path"] for line in run.out.splitlines()]


COMMANDS = ("predict", "sizes", "features", "map", "scan")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("source", SOURCES)
def test_every_command_finds_the_same_photographs(here, run, listed, command, source):
    words, expected = (
        [word.replace("HERE", str(here)) for word in part] for part in SOURCES[source]
    )
    if STDIN in words:
        listed((b"\0" if "-0" in words else b"\n").join(NAMES))
    done = run(command, *words)
    assert done.status == 0, done.err
    if command == "scan":
        expected = list(dict.fromkeys(expected))  # a photo that is named twice has one row
    assert answered(command, done) == expected


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_passes_over_what_is_excluded_and_folders_of_programs(here, run, command):
    for folder in (".thumbnails", "@eaDir", "$RECYCLE.BIN"):
        (here / "in" / folder).mkdir()
        (here / "in" / folder / "1.png").write_bytes(b"no photo")
    done = run(command, "in", "x.zip", "--exclude", "link", "--exclude", "z.*")
    assert (done.status, answered(command, done)) == (
        0,
        ["in/1.png", "in/deep/2.png", "x.zip::a/b.png"],
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_pictures_that_nobody_reads_are_counted_in_one_line(here, run, command):
    for name in ("x.jxl", "deep/y.JXL", "z.psd"):
        (here / "in" / name).touch()
    done = run(command, "in")
    line = "skipped: 2 .jxl (JPEG XL is not supported), "
    line += "1 .psd (Photoshop is not supported), 1 other file\n"
    assert done.status == 0 and done.err.count(line) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_photos_on_a_web_server(here, run, command):
    pytest.importorskip("aiohttp")

    with serving(here) as url:
        done = run(command, f"{url}/more/4.png", f"{url}/in/", f"{url}/gone.png")
        assert done.status == 1
        if command != "scan":  # there it stands in its row
            assert len(done.problems) == 1 and done.problems[0].startswith(f"{url}/gone.png: ")
        names = "more/4.png in/1.png in/deep/2.png in/link/4.png in/same/2.png".split()
        assert answered(command, done)[:5] == [f"{url}/{name}" for name in names]


@pytest.mark.parametrize("command", ["predict", "sizes", "features", "map"])
def test_a_member_is_answered_as_the_file_itself(here, run, command):
    Path("z.png").write_bytes(png(0))
    done = run(command, "z.png", "x.zip::z.png", "x.tar.gz::z.png", "x.tar::z.png")
    lines = [
        line.replace("x.tar.gz::", "").replace("x.tar::", "") for line in done.out.splitlines()
    ]
    lines = [line.replace("x.zip::", "") for line in lines]
    if command == "map":
        lines = [line.rpartition("\t")[0] for line in lines]
    assert len(lines) == 4 and len(set(lines)) == 1


@pytest.mark.parametrize("command", ["predict", "sizes", "features", "map"])
def test_errors_are_told_in_their_place_in_the_words_of_a_scan(here, run, command):
    Path("bad.zip").write_bytes(b"words")
    Path("cut.png").write_bytes(png(1)[:200])
    words = ["gone.png", "in/1.png", "bad.zip", "*.gif", "x.zip::gone.png", "cut.png", "gone.tar"]
    words += ["@gone", "in/words.md", "more"]
    done = run(command, *words)
    assert done.status == 1
    assert answered(command, done) == ["in/1.png", "more/4.png"]
    run("scan", *words)
    told = [f"{row['path']}: {row['error']}" for row in results.read("out.csv") if row["error"]]
    assert done.problems == told
    assert told[0] == "gone.png: no such file"
    assert told[2] == "*.gif: no such file, and nothing matches it"


def test_errors_stand_between_the_answers_with_workers_too(here, run):
    Path("cut.png").write_bytes(png(1)[:200])
    words = ["in/1.png", "gone.png", "x.tar.gz", "*.gif", "cut.png", "more"] * 5
    for sizes in ("predict", "sizes"):
        one, two = (run(sizes, "--workers", count, *words) for count in ("1", "2"))
        assert (one.out, one.problems) == (two.out, two.problems) and one.status == 1
        assert one.out.count("\n") == 20 and len(one.problems) == 15


# Nothing there


@pytest.mark.parametrize("command", ["predict", "features", "map"])
@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["empty"], 2),
        (["empty", "*.gif"], 2),
        (["no/**/*.png"], 2),
        (["-"], 2),
        (["none.txt"], 2),
        (["none.zip"], 2),
        (["memory://none/*.png"], 2),
        (["gone.png"], 1),
        (["empty", "gone.png"], 1),
        (["@gone"], 1),
        (["bad.zip"], 1),
        (["gone.zip"], 1),
        (["x.zip::gone.png"], 1),
        (["memory://gone.png"], 1),
    ],
)
def test_wrong_use_is_where_nothing_but_empty_places_was_named(
    here, run, listed, command, words, status
):
    listed(b"")
    Path("empty").mkdir()
    Path("none.txt").touch()
    Path("bad.zip").write_bytes(b"words")
    zipfile.ZipFile("none.zip", "w").close()
    done = run(command, *words)
    assert (done.status, done.out) == (status, "")
    if status == 2:
        assert done.err.count("\n") == 1
        assert done.err.startswith("blurdct: no photographs found (")
        assert all(word.replace("-", "standard input") in done.err for word in words)
    else:
        assert "no photographs found" not in done.err


@pytest.mark.parametrize("command", ["predict", "features", "map"])
def test_empty_places_are_remarked_upon_in_turn(here, run, listed, command):
    listed(b"\n\n")
    for name in ("empty", "void"):
        Path(name).mkdir()
    Path("none.txt").touch()
    zipfile.ZipFile("none.zip", "w").close()
    done = run(command, "empty", "-", "in/1.png", "none.zip", "void", "none.txt", "more")
    assert done.status == 0
    assert done.problems == [
        "blurdct: empty: no photographs in this folder",
        "blurdct: standard input: no paths in it",
        "blurdct: none.zip: no photographs in this archive",
        "blurdct: void: no photographs in this folder",
        "blurdct: none.txt: no paths in it",
    ]


def test_a_scan_tells_of_empty_places_too(here, run):
    Path("empty").mkdir()
    done = run("scan", "empty", "more")
    assert done.status == 0 and done.err.count("\n") == 2
    assert done.err.startswith("blurdct: empty: no photographs in this folder\nblurdct: out.csv: ")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_list_whose_paths_are_elsewhere_says_from_where_they_are_seen(here, run, command):
    Path("far").mkdir()
    Path("far/near.png").write_bytes(png(1))
    for name, head in (("t.csv", "file\n"), ("l.txt", "")):
        Path("far", name).write_text(f"{head}near.png\ngone.png\n")
        words = ["--column", "file"] if head else []
        far = f"blurdct: far/{name}: no file of it is here, seen from the current folder, {here}; "
        done = run(command, f"far/{name}", *words)
        Path("out.csv").unlink(missing_ok=True)
        assert f"{far}they are there seen from far: cd there first\n" in done.err
        Path("near.png").write_bytes(png(1))
        assert "current folder" not in run(command, f"far/{name}", *words).err
        for left in ("near.png", "out.csv"):
            Path(left).unlink(missing_ok=True)


def test_a_scan_says_which_columns_hold_the_reasons_of_what_has_no_verdict(here, run):
    where = {"gone.png": "column error for the unreadable", "flat.png": "column reason for the unk"}
    Image.new("L", (64, 64), 128).save("flat.png")
    told = run("scan", *where).err
    assert "; why: " in told and all(words in told for words in where.values())
    Path("out.csv").unlink()
    assert "why" not in run("scan", "in").err


def test_a_pattern_that_matches_nothing_is_wrong_use_of_scan_and_leaves_no_file(here, run):
    done = run("scan", "*.gif")
    why = "*.gif: no such file, and nothing matches it"
    assert (done.status, done.err) == (2, f"blurdct: no photographs found ({why})\n")
    assert not list(Path().glob("out*"))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["table.csv"], "table.csv: a table; which column holds the paths? (--column NAME)"),
        (["in", "--column", "photo"], "--column is about a table"),
        (["in", "--null"], "--null is about a list"),
        (["nosuch://x"], "nosuch://x: cannot be reached"),
    ],
)
def test_wrong_use_is_told_alike(here, run, command, words, message):
    done = run(command, *words)
    assert (done.status, done.out) == (2, "")
    assert message in done.err and done.err.count("\n") == 1


# Memory and processes


@pytest.mark.parametrize("command", ["predict", "sizes", "features", "map"])
def test_a_compressed_tar_is_never_in_memory_as_a_whole(here, run, command, monkeypatch):
    tarred(here / "many.tar.gz", [f"{number}.png" for number in range(40)], "w:gz")
    alive, most = 0, 0

    class Bytes(bytes):
        def __new__(cls, data):
            nonlocal alive, most
            alive += 1
            most = max(most, alive)
            return super().__new__(cls, data)

        def __del__(self):
            nonlocal alive
            alive -= 1

    members = archives.members

    def counted(*arguments):
        for member in members(*arguments):
            yield member._replace(data=Bytes(member.data))

    monkeypatch.setattr(archives, "members", counted)
    words = ["--workers", "1"] if command in ("predict", "sizes") else []
    done = run(command, "in/1.png", "many.tar.gz", *words)
    assert done.out.count("\n") == 41
    assert 1 <= most <= 4 and alive <= 1


# Maps


def test_a_map_has_the_base_name_of_a_member_or_a_url(here, run):
    done = run("map", "x.zip", "memory://album/b/7.png", "x.tar.gz::a/b.png")
    assert done.files[:3] == ["z_map.png", "b_map.png", "7_map.png"]
    assert done.files[3].startswith("b_") and done.files[3] != "b_map.png"
    again = run("map", "x.tar.gz::a/b.png", "memory://album/b/7.png", "x.zip", f"{here}/x.zip")
    assert sorted(again.files) == sorted([*done.files, "z_map.png", "b_map.png"])
    assert len(list(Path("maps").iterdir())) == 4


def test_a_photo_behind_a_url_is_the_same_from_any_folder(here, run, monkeypatch):
    run("map", "memory://album/6.png")
    os.rename("maps", "more/maps")
    monkeypatch.chdir("more")
    assert run("map", "memory://album/6.png").files == ["6_map.png"]


def test_maps_in_an_archive_are_left_out(here, run):
    run("map", "in/1.png")
    with zipfile.ZipFile("x.zip", "a") as archive:
        archive.write("maps/1_map.png")
    done = run("map", "x.zip")
    assert "left out: 1" in done.err and len(done.files) == 2


def test_a_photo_that_looks_like_a_map_by_its_name_is_opened_once(here, run, monkeypatch):
    seen = []
    open_photo = items.open_photo
    monkeypatch.setattr(items, "open_photo", lambda item: seen.append(item) or open_photo(item))
    os.rename("more/4.png", "more/old_map.png")
    assert run("map", "more").files == ["old_map_map.png"]
    assert len(seen) == 1


# Start


def test_a_file_alone_needs_no_library_of_archives_tables_or_urls(here, models):
    code = "import sys\nfrom blurdct.cli import main\ntry:\n    main(sys.argv[1:])\nfinally:\n"
    code += "    print(*sys.modules)"
    words = ("predict", "--model", models / "map", "in/1.png")
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    line, modules = done.stdout.splitlines()
    assert line.endswith("in/1.png")
    lazy = {"tarfile", "zipfile", "sqlite3", "fsspec", "pyarrow", "multiprocessing.pool"}
    lazy |= {"concurrent.futures.process", "blurdct.scan.run", "blurdct.inference.multiscale"}
    assert not lazy & set(modules.split())


def test_detector_and_command_agree_on_a_member(here, run, models):
    (row,) = (json.loads(line) for line in run("predict", "x.zip::a/b.png").out.splitlines())
    told = Detector.load(models / "map").predict(png(1), find("x.zip::a/b.png").path)
    assert row == told.as_dict()


def test_csv_of_members_has_their_paths(here, run):
    done = call("features", "--csv", "x.zip")
    assert [row["path"] for row in csv.DictReader(io.StringIO(done.out))] == [
        "x.zip::z.png",
        "x.zip::a/b.png",
    ]
