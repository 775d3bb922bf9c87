import csv
import io
import os
import pickle
import sys
import tarfile
import threading
import tracemalloc
import zipfile
from glob import glob
from pathlib import Path

import pytest

from blurdct import results
from blurdct.errors import ConfigError, ImageError
from blurdct.images.files import find_photos
from blurdct.images.reader import read_luma
from blurdct.inference.detector import Detector
from blurdct.scan import archives
from blurdct.scan.items import Item, find, open_photo
from blurdct.scan.sources import photographs
from blurdct.utils import text_files
from tests.helpers import toys
from tests.helpers.image_files import encode
from tests.helpers.web import serving

pytestmark = pytest.mark.filterwarnings("error")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """The current folder, with photographs in it that are bytes of their names."""
    for name in "in/b.jpg in/a/c.png in/a/d.txt other/e.tif in/.f.jpg -dash.jpg".split():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def paths(*sources, **options) -> list[str]:
    return [item.path for item in photographs(sources, **options)]


def errors(*sources, **options) -> list[str]:
    return [item.error for item in photographs(sources, **options) if item.error]


def listed(monkeypatch, data: bytes):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def zipped(path, names) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)


def tarred(path, names, mode="w") -> None:
    with tarfile.open(path, mode) as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(name)
            archive.addfile(info, io.BytesIO(name.encode()))


# Files, folders, patterns


def test_files_folders_and_patterns_come_in_the_order_named(here):
    assert paths("other/e.tif", "in", "-dash.jpg", "in/*.jpg", "in/a/d.txt") == [
        "other/e.tif",
        "in/a/c.png",
        "in/b.jpg",
        "-dash.jpg",
        "in/b.jpg",
        "in/a/d.txt",
    ]


@pytest.mark.parametrize(
    "source", ["in", "in/", "./in", ".", "in/*", "*", "in/**/*.png", "i?/b.jpg", "in/../in", "in/a"]
)
def test_folders_and_patterns_give_what_the_standard_library_finds_there(here, source):
    found = [Path(path) for path in sorted(glob(source, recursive=True))]
    photos = [
        photo
        for path in found
        for photo in (find_photos(path) if path.is_dir() else [path])
        if path.is_file() or "**" not in source
    ]
    assert paths(source) == list(map(str, photos))


def test_the_sample_comes_in_the_order_of_its_sorted_paths(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert paths("data/sample") == [str(path) for path in find_photos("data/sample")]


def test_size_and_time_are_those_of_the_file(here):
    (item,) = photographs(["in/b.jpg"])
    status = os.stat("in/b.jpg")
    assert (item.bytes, item.modified, item.error) == (status.st_size, status.st_mtime, "")
    assert open_photo(item) == "in/b.jpg"


def test_a_named_file_is_a_photo_whether_or_not_it_is_there(here):
    assert next(photographs(["gone.jpg", "in/a/d.txt"])) == Item("gone.jpg")
    assert paths("null\0byte.jpg") == ["null\0byte.jpg"]


def test_what_matches_nothing_or_cannot_be_listed_is_an_error_in_its_place(here, monkeypatch):
    scandir = os.scandir

    def refused(folder):
        if folder == "in/a":
            raise PermissionError(13, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refused)
    found = list(photographs(["*.gif", "in", "no/**/*.jpg"]))
    assert [(item.path, item.error) for item in found] == [
        ("*.gif", "*.gif: no such file, and nothing matches it"),
        ("in/a", "in/a: cannot be searched (Permission denied)"),
        ("in/b.jpg", ""),
        ("no/**/*.jpg", "no/**/*.jpg: no such file, and nothing matches it"),
    ]
    with pytest.raises(ImageError, match="in/a: cannot be searched"):
        open_photo(found[1])


def test_an_existing_file_with_special_characters_is_no_pattern(here):
    for name in ("x[1].jpg", "@x.jpg"):
        Path(name).touch()
        assert paths(name) == [name]


def test_nothing_is_looked_at_before_its_turn(here, monkeypatch):
    stream = photographs(["in/b.jpg", "in"])
    assert next(stream).path == "in/b.jpg"
    Path("in/a/new.jpg").touch()
    assert [item.path for item in stream] == ["in/a/c.png", "in/a/new.jpg", "in/b.jpg"]


def test_items_travel_to_other_processes(here):
    tarred("x.tar.gz", ["a.jpg"], "w:gz")
    for item in photographs(["in", "x.tar.gz"]):
        assert pickle.loads(pickle.dumps(item)) == item


# Archives


def test_archives_give_their_photos_under_their_own_names(here):
    names = ["z.jpg", "a/b.png", "a/words.txt", "__MACOSX/._z.jpg", "a::b.jpg"]
    photos = ["z.jpg", "a/b.png", "a::b.jpg"]
    zipped("x.zip", names)
    tarred("x.tar", names)
    tarred("x.tgz", names, "w:gz")
    for archive in ("x.zip", "x.tar", "x.tgz"):
        found = list(photographs([archive]))
        assert [item.path for item in found] == [f"{archive}::{name}" for name in photos]
        assert [open_photo(item) for item in found] == [name.encode() for name in photos]
        assert [item.bytes for item in found] == [len(name) for name in photos]
        assert {item.container for item in found} == {archive}


def test_archives_in_folders_are_left_alone_unless_a_pattern_matches_them(here):
    zipped("in/x.zip", ["z.jpg"])
    assert "in/x.zip::z.jpg" not in paths("in")
    assert paths("in/*.zip") == paths("in/**/*.zip") == ["in/x.zip::z.jpg"]


def test_a_damaged_archive_is_an_error_and_the_rest_goes_on(here):
    Path("bad.zip").write_bytes(b"words")
    assert paths("bad.zip", "in/b.jpg", "gone.tar") == ["bad.zip", "in/b.jpg", "gone.tar"]
    first, last = errors("bad.zip", "in/b.jpg", "gone.tar")
    assert first.startswith("bad.zip: cannot be unpacked (")
    assert last == "gone.tar: no such file"


def test_the_path_in_a_row_leads_back_to_the_photo(here):
    zipped("x.zip", ["a/b.png", "z.jpg"])
    tarred("x.tar", ["a/b.png", "z.jpg"])
    tarred("x.tgz", ["a/b.png", "z.jpg"], "w:gz")
    for item in photographs(["x.zip", "x.tar", "x.tgz", "in"]):
        assert find(item.path) == item
    assert find("x.zip::gone.jpg").error == "x.zip::gone.jpg: no such file in the archive"
    assert find("gone.zip::a.jpg").error == "gone.zip: no such file"
    assert find("gone.zip::a.jpg").path == "gone.zip::a.jpg"


def test_a_member_is_judged_like_the_file_itself(here):
    data = encode(toys.photo(0))
    Path("photo.png").write_bytes(data)
    with zipfile.ZipFile("x.zip", "w") as archive:
        archive.write("photo.png")
    detector = Detector(toys.bundle())
    file, member = photographs(["photo.png", "x.zip"])
    first, second = (detector.predict(open_photo(item), item.path) for item in (file, member))
    assert first.probability == second.probability
    assert second.path == "x.zip::photo.png"


# Lists


@pytest.mark.parametrize("source", ["-", "@names", "names.txt", "@names.txt"])
@pytest.mark.parametrize("null", [False, True])
def test_a_list_names_files_folders_and_archives(here, source, null, monkeypatch):
    zipped("x.zip", ["z.jpg", "y.jpg"])
    end = b"\0" if null else b"\n"
    data = end.join([b"in", b"gone.jpg", b"", b"x.zip", b"x.zip::y.jpg", b"caf\xe9.jpg"])
    listed(monkeypatch, data)
    for name in ("names", "names.txt"):
        Path(name).write_bytes(data)
    assert paths(source, null=null) == [
        "in/a/c.png",
        "in/b.jpg",
        "gone.jpg",
        "x.zip::z.jpg",
        "x.zip::y.jpg",
        "x.zip::y.jpg",
        os.fsdecode(b"caf\xe9.jpg"),
    ]


def test_names_with_line_ends_come_through_a_null_separated_list(here):
    Path("a\nb.jpg").touch()
    Path("names.txt").write_bytes(b"a\nb.jpg\0in/b.jpg\0")
    assert paths("names.txt", null=True) == ["a\nb.jpg", "in/b.jpg"]


def test_windows_line_ends_are_no_part_of_a_name(here):
    Path("names.txt").write_bytes(b"in/b.jpg\r\nother/e.tif\r\n")
    assert paths("names.txt") == ["in/b.jpg", "other/e.tif"]


ENCODED = ["utf-8-sig", "utf-16", "utf-32"]


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("source", ["-", "names.txt"])
def test_a_list_with_a_byte_order_mark_is_read(here, monkeypatch, encoding, source):
    data = "in/b.jpg\r\ncafé.jpg\n😀.jpg\n".encode(encoding)
    Path("names.txt").write_bytes(data)
    listed(monkeypatch, data)
    assert paths(source) == ["in/b.jpg", "café.jpg", "😀.jpg"]


def test_big_endian_and_null_separated_lists_with_a_mark_are_read(here):
    Path("names.txt").write_bytes(b"\xfe\xff" + "in/b.jpg\0é\n.jpg".encode("utf-16-be"))
    assert paths("names.txt", null=True) == ["in/b.jpg", "é\n.jpg"]


def test_only_a_whole_mark_at_the_beginning_of_a_list_is_one(here):
    Path("names.txt").write_bytes(b"\xef\xbb")
    assert paths("names.txt") == [os.fsdecode(b"\xef\xbb")]
    Path("names.txt").write_bytes(b"a.jpg\n\xef\xbb\xbfb.jpg")
    assert paths("names.txt") == ["a.jpg", "\ufeffb.jpg"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("in/b.jpg\n".encode("utf-16-le"), "cannot be read as UTF-8 (null bytes in it; "),
        (b"in/b.jpg\0x.jpg\0", "cannot be read as UTF-8 (null bytes in it; "),
        (b"\xff\xfea\0b", "cannot be read as UTF-16-LE (truncated data)"),
        (b"\xff\xfea\0\x00\xd8a\0", "cannot be read as UTF-16-LE (illegal UTF-16 surrogate)"),
    ],
)
@pytest.mark.parametrize("source", ["-", "names.txt"])
def test_a_list_that_cannot_be_decoded_is_one_line_with_its_encoding(
    here, monkeypatch, data, words, source
):
    Path("names.txt").write_bytes(data)
    listed(monkeypatch, data)
    (error,) = errors(source)
    assert error.startswith(f"{'standard input' if source == '-' else source}: {words}")
    assert "\n" not in error


def test_a_long_list_is_read_as_it_is_needed(here, monkeypatch):
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            lines = b"some/photo.jpg\n" * 10
            buffer[: len(lines)] = lines
            return len(lines)

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Endless())))
    stream = photographs(["-"])
    assert {next(stream).path for _ in range(10_000)} == {"some/photo.jpg"}


@pytest.mark.parametrize(
    ("source", "null", "why"),
    [
        ("zero.txt", False, "a device, not a list"),
        ("zero.txt", True, "a device, not a list"),
        ("@/dev/urandom", False, "a device, not a list"),
        ("long.txt", False, "no list of paths"),
        ("nulls.txt", True, "no list of paths"),
    ],
)
def test_what_would_never_end_is_no_list(here, source, null, why):
    Path("zero.txt").symlink_to("/dev/zero")
    Path("long.txt").write_bytes(b"a" * 100_000_000)
    with open("nulls.txt", "wb") as holes:
        holes.truncate(3_000_000_000)
    tracemalloc.start()
    *_, last = photographs([source], null=null)
    assert last.error == f"{source.removeprefix('@')}: cannot be read ({why})"
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("source", ["list.txt", "@list.txt"])
def test_a_pipe_is_a_list(here, source):
    os.mkfifo("list.txt")
    writing = threading.Thread(target=Path("list.txt").write_text, args=["b.jpg\n"])
    writing.start()
    assert [item.path for item in photographs([source])] == ["b.jpg"]
    writing.join()


def test_an_empty_device_is_an_empty_list(here):
    told = []
    assert list(photographs(["@/dev/null"], empty=told.append)) == []
    assert told == ["/dev/null: no paths in it"]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("kind", ["a device", "a pipe"])
def test_a_table_is_a_regular_file(here, ending, kind):
    table = Path(f"t.{ending}")
    table.symlink_to("/dev/zero") if kind == "a device" else os.mkfifo(table)
    (item,) = photographs([str(table)], "path")
    assert item.error == f"{table}: cannot be read (not a regular file)"


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_line_of_a_table_that_memory_should_not_hold_is_refused(here, ending, monkeypatch):
    monkeypatch.setattr(text_files, "LONGEST_LINE", 1000)
    Path(f"t.{ending}").write_text("path\n" + "x" * 1001 if ending == "csv" else "x" * 1001)
    (item,) = photographs([f"t.{ending}"], "path")
    assert item.error == f"t.{ending}: cannot be read (a line of over 1,000 characters)"


def test_a_list_that_is_not_there_is_an_error(here):
    assert errors("@gone", "gone.txt") == ["gone: no such file", "gone.txt: no such file"]


# Tables

ROWS = [{"path": "in/b.jpg", "other": "x"}, {"path": "in/a", "other": ""}]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_column_of_a_table_names_files_and_folders(here, ending):
    results.write(f"table{ending}", ROWS, ["other", "path"])
    assert paths(f"table{ending}", column="path") == ["in/b.jpg", "in/a/c.png"]
    assert paths(f"table{ending}", "in/b.jpg", column="other") == [
        "x",
        f"table{ending}",
        "in/b.jpg",
    ]
    why = f"table{ending}: row 2 has no path in 'other'"
    assert errors(f"table{ending}", column="other") == [why]
    why = f"table{ending}: no column 'photo' in it"
    assert errors(f"table{ending}", column="photo") == [why]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_names_that_are_not_utf8_come_out_of_a_table_of_results(here, ending):
    name = os.fsdecode(b"caf\xe9.jpg")
    results.write(f"table{ending}", [{"path": name}, {"path": "in/b.jpg"}])
    assert paths(f"table{ending}", column="path") == [name, "in/b.jpg"]


def test_a_spreadsheets_table_is_read(here):
    Path("table.CSV").write_bytes('\ufeffpath;x,"photo, its path"\r\n1,in/b.jpg\r\n'.encode())
    assert paths("table.CSV", column="photo, its path") == ["in/b.jpg"]
    assert paths("table.CSV", column="path;x") == ["1"]


@pytest.mark.parametrize("encoding", ["utf-8", *ENCODED])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_of_any_delimiter_and_marked_encoding_is_read(here, encoding, delimiter):
    rows = [["n,o;t\te", "path"], ["1", "in/b.jpg"], ["", "é;1,2.jpg"]]
    with open("table.csv", "w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    assert paths("table.csv", column="path") == ["in/b.jpg", "é;1,2.jpg"]


def test_a_spreadsheet_s_line_about_its_delimiter_is_no_header(here):
    Path("table.csv").write_text("sep=|\r\nx|path\r\n1|in/b.jpg\r\n")
    assert paths("table.csv", column="path") == ["in/b.jpg"]


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_a_table_that_cannot_be_decoded_is_one_line_with_its_encoding(here, ending):
    Path(f"table{ending}").write_bytes("path\nin/b.jpg\n".encode("utf-16-le"))
    (error,) = errors(f"table{ending}", column="path")
    assert error.startswith(f"table{ending}: cannot be read as UTF-8 (null bytes in it; UTF-16 is")
    Path(f"table{ending}").write_bytes(b"\xff\xfep")
    (error,) = errors(f"table{ending}", column="path")
    assert error == f"table{ending}: cannot be read as UTF-16-LE (truncated data)"


@pytest.mark.parametrize("name", [r"\ud800.jpg", r"in/\udfff", r"\ud83d"])
def test_what_no_file_can_be_called_is_one_line_in_its_place(here, name):
    Path("table.jsonl").write_text(f'{{"path": "{name}"}}\n{{"path": "in/b.jpg"}}\n')
    first, second = photographs(["table.jsonl"], column="path")
    assert first.error == f"table.jsonl: row 1: no file can be called '{name}'"
    assert (first.path, second.path) == ("table.jsonl", "in/b.jpg")


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_damaged_table_is_an_error_and_the_rest_goes_on(here, ending):
    data = b'"never closed' + b"\0\xff" * 99_999
    Path(f"table{ending}").write_bytes(data)
    found = list(photographs([f"table{ending}", "in/b.jpg"], column="path"))
    assert [bool(item.error) for item in found] == [True, False]
    assert found[0].error.startswith(f"table{ending}: ")
    assert len(found[0].error.splitlines()) == 1
    assert errors(f"gone{ending}", column="path") == [f"gone{ending}: no such file"]


# Wrong use


@pytest.mark.parametrize(
    ("sources", "options", "message"),
    [
        (["x.csv"], {}, "x.csv: a table; which column holds the paths"),
        (["in"], {"column": "path"}, "--column is about a table"),
        (["in"], {"null": True}, "--null is about a list"),
        (["nosuch://x"], {}, "nosuch://x: cannot be reached"),
    ],
)
def test_wrong_use_is_told_at_once(here, sources, options, message):
    with pytest.raises(ConfigError, match=message):
        photographs(sources, **options)


def test_a_missing_library_is_told_at_once(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"x.parquet: Parquet needs .*pip install .*\[scan"):
        photographs(["x.parquet"], column="path")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ConfigError, match=r"s3://x: URLs need .*pip install .*\[remote\]"):
        photographs(["s3://x"])
    Path("names.txt").write_text("s3://x/a.jpg\ns3://x\nin/b.jpg\ns3://x/a.zip")
    first, second, third, fourth = photographs(["names.txt"])
    with pytest.raises(ImageError, match="s3://x/a.jpg: URLs need fsspec"):
        open_photo(first)
    assert second.error.startswith("s3://x: URLs need fsspec")
    assert third.path == "in/b.jpg"
    assert fourth.error.startswith("s3://x/a.zip: URLs need fsspec")


def test_without_standard_input_there_is_no_list(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ConfigError, match="no standard input"):
        photographs(["-"])


# URLs


@pytest.fixture
def memory():
    """A store behind URLs; photographs there are bytes of their paths."""
    fsspec = pytest.importorskip("fsspec")
    driver = fsspec.filesystem("memory")
    driver.store.clear()
    driver.pseudo_dirs[:] = [""]
    for name in "in/b.jpg in/a/c.png in/a/d.txt in/z/.f.jpg other/e".split():
        driver.pipe_file(f"/{name}", name.encode())
    yield driver
    driver.store.clear()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("memory://in", "memory://in/a/c.png memory://in/b.jpg"),
        ("memory://in/", "memory://in/a/c.png memory://in/b.jpg"),
        ("memory://", "memory:///in/a/c.png memory:///in/b.jpg"),
        ("memory://in/*.jpg", "memory://in/b.jpg"),
        ("memory://*/*.jpg", "memory:///in/b.jpg"),
        ("memory://in/**/*.png", "memory://in/a/c.png"),
        ("memory://in/*", "memory://in/a/c.png memory://in/b.jpg"),
        ("memory://other/e", "memory://other/e"),
        ("memory://gone.jpg", "memory://gone.jpg"),
    ],
)
def test_urls_of_files_folders_and_patterns(memory, source, found):
    assert paths(source) == found.split()
    assert errors(source) == []


def test_a_photo_behind_a_url_is_opened_as_bytes(memory):
    for item in photographs(["memory://in", "memory://in/b.jpg", "memory://in/*.jpg"]):
        assert open_photo(item) == item.path.removeprefix("memory://").encode()
    with pytest.raises(ImageError, match="^memory://gone.jpg: no such file$"):
        open_photo(Item("memory://gone.jpg"))


def test_size_and_time_are_known_where_a_remote_folder_was_listed(memory):
    (item,) = photographs(["memory://in/*.jpg"])
    assert item.bytes == len("in/b.jpg")
    assert item.modified == pytest.approx(memory.created("/in/b.jpg").timestamp())
    (item,) = photographs(["memory://in/b.jpg"])  # asking would cost a request
    assert (item.bytes, item.modified) == (None, None)


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tgz"])
def test_archives_behind_urls(memory, tmp_path, name):
    if name.endswith("zip"):
        zipped(tmp_path / name, ["a/z.jpg", "y.png"])
    else:
        tarred(tmp_path / name, ["a/z.jpg", "y.png"], "w:gz" if name == "x.tgz" else "w")
    memory.pipe_file(f"/{name}", (tmp_path / name).read_bytes())
    found = list(photographs([f"memory://{name}"]))
    assert [item.path for item in found] == [f"memory://{name}::{x}" for x in ("a/z.jpg", "y.png")]
    assert [open_photo(item) for item in found] == [b"a/z.jpg", b"y.png"]
    assert find(found[1].path) == found[1]


def test_a_remote_file_over_the_limit_is_refused(memory, monkeypatch):
    monkeypatch.setattr(archives, "LIMIT", 7)
    with pytest.raises(ImageError, match="memory://in/b.jpg: too large, over 7 bytes"):
        open_photo(Item("memory://in/b.jpg"))


@pytest.mark.parametrize("call", ["ls", "isdir"])
def test_a_store_that_fails_is_an_error_and_the_rest_goes_on(memory, here, monkeypatch, call):
    def refused(*_, **__):
        raise RuntimeError("token expired\nand so on")

    monkeypatch.setattr(memory, call, refused)
    found = list(photographs(["memory://in", "in/b.jpg"]))
    assert found[0].error == "memory://in: cannot be searched (token expired)"
    assert found[1].path == "in/b.jpg"


def test_a_list_may_name_urls(memory, here):
    Path("names.txt").write_text("memory://in\nin/b.jpg\nmemory://in/b.jpg\n")
    assert paths("names.txt") == [
        "memory://in/a/c.png",
        "memory://in/b.jpg",
        "in/b.jpg",
        "memory://in/b.jpg",
    ]


def test_photos_on_a_web_server(here):
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    data = encode(toys.photo(0))
    Path("in/a/real.png").write_bytes(data)

    with serving(here) as url:
        assert paths(f"{url}/in/") == [
            f"{url}/in/a/c.png",
            f"{url}/in/a/real.png",
            f"{url}/in/b.jpg",
        ]
        assert paths(f"{url}/in/a/*.png") == [f"{url}/in/a/c.png", f"{url}/in/a/real.png"]
        (item,) = photographs([f"{url}/in/a/real.png"])
        assert open_photo(item) == data
        assert read_luma(open_photo(item)).shape == (toys.SIDE, toys.SIDE)
        with pytest.raises(ImageError, match=f"{url}/gone.jpg: "):
            open_photo(Item(f"{url}/gone.jpg"))
