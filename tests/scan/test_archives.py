import gzip
import io
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import tracemalloc
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from blurdct.errors import ImageError
from blurdct.scan import archives
from blurdct.scan.archives import is_archive, members, read, split
from blurdct.scan.containers import tars

pytestmark = pytest.mark.filterwarnings("error")

TARS = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}
FILES = {
    "b.jpg": b"second letter, first file" * 50,
    "a/ünï.jpg": bytes(range(256)) * 20,
    "a/" + "long" * 60 + ".jpg": b"x",
    "notes.txt": b"words",
    "line\nbreak.jpg": b"",
}
NAMES = [name for name in FILES if name.endswith(".jpg")]


def tar(path: Path, files=FILES, mode=None) -> Path:
    ending = ".tar" + path.name.partition(".tar")[2] if ".tar" in path.name else path.suffix
    with tarfile.open(path, mode or TARS[ending]) as archive:
        folder = tarfile.TarInfo("a")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_000_000_000
            archive.addfile(info, io.BytesIO(data))
    return path


def packed(path: Path, files=FILES, how=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        archive.writestr("a/", b"")
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2001, 9, 9, 1, 46, 40)), data, how)
    return path


def photos(name: str) -> bool:
    return name.endswith(".jpg")


def contents(path: Path) -> dict[str, bytes]:
    """Name -> bytes of every photo; each read for itself where that can be."""
    return {
        member.name: read(str(path), member.name, member.place)
        if member.data is None
        else member.data
        for member in list(members(str(path), photos))
    }


def expected() -> dict[str, bytes]:
    return {name: FILES[name] for name in NAMES}


@pytest.mark.parametrize("ending", TARS)
def test_tar_archives_give_their_files_in_their_order(tmp_path, ending):
    path = tar(tmp_path / f"photos{ending}")
    assert list(contents(path).items()) == list(expected().items())
    assert {member.modified for member in members(str(path), photos)} == {1_000_000_000}


def test_a_tar_compressed_by_zstd_is_read_with_pyarrow_and_asks_for_it(tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    plain = tar(tmp_path / "photos.tar").read_bytes()
    path = tmp_path / "photos.tar.zst"
    with pyarrow.CompressedOutputStream(str(path), "zstd") as file:
        file.write(plain)
    assert contents(path) == expected()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImageError, match=r"photos.tar.zst: zstd needs .*pip install .*\[scan"):
        list(members(str(path), photos))


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_zip_archives_give_their_files_in_their_order(tmp_path, how):
    path = packed(tmp_path / "photos.zip", how=how)
    assert list(contents(path).items()) == list(expected().items())
    assert {member.modified for member in members(str(path), photos)} == {1_000_000_000}


def test_a_zip_behind_other_bytes_is_read(tmp_path):
    path = packed(tmp_path / "photos.zip")
    path.write_bytes(b"#!/bin/sh\n" * 99 + path.read_bytes())
    assert contents(path) == expected()


def test_only_members_of_compressed_tars_come_with_their_bytes(tmp_path):
    for path, with_bytes in (
        (tar(tmp_path / "a.tar"), False),
        (packed(tmp_path / "b.zip"), False),
        (tar(tmp_path / "c.tar.gz"), True),
        (tar(tmp_path / "misnamed.tar", mode="w:gz"), True),
    ):
        found = list(members(str(path), photos))
        assert [member.data is not None for member in found] == [with_bytes] * len(NAMES)
        assert [member.bytes for member in found] == [len(FILES[name]) for name in NAMES]


def test_members_that_nobody_wants_are_not_unpacked(tmp_path):
    for path in (tar(tmp_path / "a.tar.gz"), packed(tmp_path / "b.zip")):
        assert [one.name for one in members(str(path), "b.jpg".__eq__)] == ["b.jpg"]


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".zip"])
def test_memory_stays_flat_however_many_members_an_archive_has(tmp_path, ending):
    noise = np.random.default_rng(0)

    def peak(count: int) -> int:
        path = tmp_path / f"{count}{ending}"
        files = {f"{number}.jpg": noise.bytes(500) for number in range(count)}
        (packed if ending == ".zip" else tar)(path, files)
        tracemalloc.start()
        try:
            assert sum(1 for _ in members(str(path), photos)) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(1500) < 1.5 * peak(150) + 20_000


def test_a_zip_whose_numbers_need_eight_bytes_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    path = packed(tmp_path / "photos.zip", how=zipfile.ZIP_STORED)
    assert b"PK\6\6" in path.read_bytes()
    assert contents(path) == expected()


@pytest.mark.parametrize("name", ["caf\xe9.jpg", "写真.jpg", "a/b\\c.jpg"])
def test_names_in_a_zip_are_those_of_the_standard_library(tmp_path, name):
    path = packed(tmp_path / "photos.zip", {name: b"x"})
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    assert list(contents(path)) == names[1:]


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tar.xz"])
def test_a_link_in_a_tar_is_the_file_that_it_leads_to(tmp_path, ending):
    path = tmp_path / f"photos{ending}"
    links = {
        "hard.jpg": (tarfile.LNKTYPE, "a/real.jpg"),
        "a/soft.jpg": (tarfile.SYMTYPE, "real.jpg"),
        "up.jpg": (tarfile.SYMTYPE, "./a/../a/real.jpg"),
        "raw.jpg": (tarfile.LNKTYPE, "a/no photo by its name"),
        "notes.txt": (tarfile.LNKTYPE, "a/real.jpg"),
        "outside.jpg": (tarfile.SYMTYPE, "/etc/passwd"),
        "gone.jpg": (tarfile.LNKTYPE, "gone"),
        "round.jpg": (tarfile.SYMTYPE, "round.jpg"),
    }
    with tarfile.open(path, TARS[ending]) as archive:
        for name, (kind, target) in links.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
        for name, data in (("a/real.jpg", b"photo"), ("a/no photo by its name", b"other")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    found = {member.name: member for member in members(str(path), photos)}
    real = dict.fromkeys(("hard.jpg", "a/soft.jpg", "up.jpg"), b"photo") | {"raw.jpg": b"other"}
    assert list(found) == ["a/real.jpg", *real, "outside.jpg", "gone.jpg", "round.jpg"]
    for name, data in real.items():
        member = found[name]
        assert member.bytes == 5
        assert (member.data or read(str(path), name, member.place)) == data
    for name in ("outside.jpg", "gone.jpg", "round.jpg"):
        with pytest.raises(ImageError, match=f"::{name}: cannot be unpacked .a link to no file in"):
            read(str(path), name, found[name].place)


def test_more_links_than_memory_may_hold_are_errors_one_by_one(tmp_path, monkeypatch):
    monkeypatch.setattr(tars, "LINKS", 2)
    path = tmp_path / "photos.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("1.jpg", "2.jpg", "3.jpg"):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.LNKTYPE, "real.jpg"
            archive.addfile(info)
        archive.addfile(tarfile.TarInfo("real.jpg"))
    found = list(members(str(path), photos))
    assert [one.name for one in found] == ["3.jpg", "real.jpg", "1.jpg", "2.jpg"]
    with pytest.raises(ImageError, match="::3.jpg: cannot be unpacked .one of over 100,000 links"):
        read(str(path), "3.jpg", found[0].place)


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".zip"])
def test_members_of_one_name_are_each_themselves(tmp_path, ending):
    path = tmp_path / f"photos{ending}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the standard library remarks on it
        twice(path)
    found = [
        member.data or read(str(path), member.name, member.place)
        for member in members(str(path), photos)
    ]
    assert found == [b"first", b"second, longer"]


def twice(path: Path) -> None:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for data in (b"first", b"second, longer"):
                archive.writestr("a.jpg", data)
        return
    with tarfile.open(path, TARS["." + path.name.partition(".")[2]]) as archive:
        for data in (b"first", b"second, longer"):
            info = tarfile.TarInfo("a.jpg")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


# What goes wrong


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tar.xz", ".zip"])
def test_an_archive_that_is_cut_short_gives_what_is_there_and_then_an_error(tmp_path, ending):
    rng = np.random.default_rng(0)
    files = {f"{number}.jpg": rng.bytes(100_000) for number in range(8)}
    path = tmp_path / f"photos{ending}"
    (packed if ending == ".zip" else tar)(path, files)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = []
    with pytest.raises(
        ImageError, match=r"^.*photos[.a-z0-9]*: cannot be unpacked \((.+ )?cut short\)$"
    ):
        for member in members(str(path), photos):
            found.append(member)
    if ending == ".zip":  # its table of contents stands at the end
        assert found == []
    elif ending == ".tar":
        *whole, last = found
        assert len(whole) in (3, 4)
        for member in whole:
            assert read(str(path), member.name, member.place) == files[member.name]
        with pytest.raises(ImageError, match=r"photos.tar::\d.jpg: cut short, [\d,]+ of 100,000 "):
            read(str(path), last.name, last.place)
    else:
        assert 2 <= len(found) <= 4
        assert all(member.data == files[member.name] for member in found)


def test_a_damaged_header_inside_a_tar_is_not_taken_for_the_end(tmp_path):
    path = tar(tmp_path / "photos.tar", {f"{n}.jpg": b"x" * 512 for n in range(4)})
    data = bytearray(path.read_bytes())
    at = data.index(b"2.jpg")
    data[at : at + 100] = b"?" * 100
    path.write_bytes(data)
    found = []
    with pytest.raises(ImageError, match="a damaged header"):
        for member in members(str(path), photos):
            found.append(member.name)
    assert found == ["0.jpg", "1.jpg"]


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".zip"])
@pytest.mark.parametrize("data", [b"", b"no archive at all" * 100, b"\x1f\x8b\x08" + bytes(99)])
def test_what_is_no_archive_is_refused(tmp_path, ending, data):
    path = tmp_path / f"photos{ending}"
    path.write_bytes(data)
    with pytest.raises(ImageError, match=f"^{path}: cannot be unpacked"):
        list(members(str(path), photos))


def test_a_missing_archive_is_named(tmp_path):
    for ending in (".zip", ".tar"):
        with pytest.raises(ImageError, match=f"{ending}: no such file$"):
            list(members(str(tmp_path / f"gone{ending}"), photos))


def test_a_wrong_checksum_in_a_zip_is_an_error_of_that_member_alone(tmp_path):
    path = packed(tmp_path / "photos.zip", {"a.jpg": b"a" * 99, "b.jpg": b"b" * 99}, 0)
    path.write_bytes(path.read_bytes().replace(b"a" * 99, b"a" * 98 + b"!"))
    first, second = members(str(path), photos)
    with pytest.raises(ImageError, match="photos.zip::a.jpg: cannot be unpacked .its checksum is"):
        read(str(path), first.name, first.place)
    assert read(str(path), second.name, second.place) == b"b" * 99


def test_an_encrypted_member_is_refused(tmp_path):
    path = packed(tmp_path / "photos.zip", {"a.jpg": b"a" * 99})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\1\2") + 8] |= 1  # general purpose bit 0
    path.write_bytes(data)
    (member,) = members(str(path), photos)
    with pytest.raises(ImageError, match=r"::a.jpg: cannot be unpacked \(encrypted\)"):
        read(str(path), member.name, member.place)


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".zip"])
def test_a_member_over_the_limit_is_refused_unread(tmp_path, ending, monkeypatch):
    monkeypatch.setattr(archives, "LIMIT", 1000)
    files = {"bomb.jpg": bytes(1001), "fits.jpg": bytes(1000)}
    path = tmp_path / f"photos{ending}"
    (packed if ending == ".zip" else tar)(path, files)
    bomb, fits = members(str(path), photos)
    assert bomb.data is None
    with pytest.raises(ImageError, match="::bomb.jpg: too large, over 1,000 bytes"):
        read(str(path), bomb.name, bomb.place)
    assert (fits.data or read(str(path), fits.name, fits.place)) == bytes(1000)


def test_a_member_that_is_larger_than_it_says_is_refused(tmp_path):
    path = packed(tmp_path / "photos.zip", {"bomb.jpg": bytes(10_000_000)})
    (member,) = members(str(path), photos)
    size, *others = member.place
    tracemalloc.start()
    with pytest.raises(ImageError, match="photos.zip::bomb.jpg: cannot be unpacked"):
        read(str(path), member.name, (1000, *others))
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()
    assert size == 10_000_000


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_unpacks_to_more_than_it_says_takes_no_memory(tmp_path, how):
    path = packed(tmp_path / "photos.zip", {"bomb.jpg": bytes(60_000_000)}, how)
    (member,) = members(str(path), photos)
    tracemalloc.start()
    with pytest.raises(ImageError, match="::bomb.jpg: cannot be unpacked .more than the 1,000 "):
        read(str(path), member.name, (1000, *member.place[1:]))
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()


def test_a_way_of_packing_that_nobody_knows_is_named(tmp_path):
    path = packed(tmp_path / "photos.zip", {"a.jpg": b"x"})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\1\2") + 10] = 9  # Deflate64
    path.write_bytes(data)
    (member,) = members(str(path), photos)
    with pytest.raises(ImageError, match=r"a.jpg: cannot be unpacked \(packed by method 9, which"):
        read(str(path), member.name, member.place)


@pytest.mark.parametrize("at", [24, 28, 30, 42])
def test_numbers_in_a_table_of_contents_that_lie_are_one_line(tmp_path, at):
    path = packed(tmp_path / "photos.zip", {"a.jpg": b"a" * 99, "b.jpg": b"b"})
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\1\2") + at
    data[place : place + 2] = b"\xff\xff"
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"photos.zip(::b.jpg)?: (cannot be unpacked|cut short)"):
        for member in members(str(path), photos):
            read(str(path), member.name, member.place)


def test_a_window_of_gigabytes_is_refused(tmp_path):
    path = tmp_path / "photos.tar.xz"
    plain = tar(tmp_path / "photos.tar").read_bytes()
    window = bytearray(lzma.compress(plain, lzma.FORMAT_XZ))
    window[16] = 39  # 3 GiB, in the header of the block
    size = 4 * (window[12] + 1)
    window[12 + size - 4 : 12 + size] = zlib.crc32(window[12 : 12 + size - 4]).to_bytes(4, "little")
    path.write_bytes(window)
    with pytest.raises(ImageError, match="cannot be unpacked .it would take too much memory"):
        list(members(str(path), photos))


def test_an_xz_file_of_several_parts_is_read(tmp_path):
    plain = tar(tmp_path / "photos.tar").read_bytes()
    parts = [lzma.compress(plain[:5000]), bytes(8), lzma.compress(plain[5000:]), bytes(4)]
    path = tmp_path / "photos.tar.xz"
    path.write_bytes(b"".join(parts))
    assert contents(path) == expected()


def headed(kind: bytes, size: int, data: bytes = b"", name: str = "long") -> bytes:
    """A header of a tar, as large as it says, and what follows."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)


LONG = [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE]


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("ending", [".tar", ".tar.gz"])
@pytest.mark.parametrize("size", [2**20 + 1, 60_000_000])
def test_a_tar_header_that_claims_too_much_is_refused_unread(tmp_path, kind, ending, size):
    before = headed(tarfile.REGTYPE, 1, b"x", "a.jpg")
    whole = before + headed(kind, size, bytes(size)) + headed(tarfile.REGTYPE, 1, b"x", "b.jpg")
    path = tmp_path / f"photos{ending}"
    path.write_bytes(gzip.compress(whole, 1) if ending == ".tar.gz" else whole)
    found = members(str(path), photos)
    assert next(found).name == "a.jpg"
    del whole
    tracemalloc.start()
    with pytest.raises(ImageError, match=r"cannot be unpacked \(its headers are over 1,048,576 by"):
        next(found)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("kind", LONG)
def test_tar_headers_upon_headers_are_refused(tmp_path, kind):
    record = b"600000 a=" + b"b" * (600_000 - 10) + b"\n"
    path = tmp_path / "photos.tar"
    path.write_bytes(headed(kind, len(record), record) * 9 + bytes(1024))
    with pytest.raises(ImageError, match="its headers are over"):
        list(members(str(path), photos))


def test_tar_headers_about_all_members_do_not_pile_up(tmp_path):
    def record(name: bytes) -> bytes:
        return b"600000 " + name + b"=" + b"b" * (600_000 - 10) + b"\n"

    photo = headed(tarfile.REGTYPE, 1, b"x", "a.jpg")
    heads = [headed(tarfile.XGLTYPE, 600_000, record(name)) for name in (b"a", b"b", b"c")]
    path = tmp_path / "photos.tar"
    path.write_bytes(b"".join(head + photo for head in heads) + bytes(1024))
    with pytest.raises(ImageError, match="its headers are over"):
        list(members(str(path), photos))


def test_a_size_below_nothing_is_refused(tmp_path):
    path = tmp_path / "photos.tar"
    path.write_bytes(headed(tarfile.GNUTYPE_LONGNAME, -512) + bytes(10_000))
    with pytest.raises(ImageError, match="cannot be unpacked"):
        list(members(str(path), photos))


def test_a_long_name_below_the_limit_is_read(tmp_path):
    name = "n" * 5000 + ".jpg"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(tmp_path / "photos.tar", "w", format=form) as archive:
            archive.addfile(tarfile.TarInfo(name))
        assert [one.name for one in members(str(tmp_path / "photos.tar"), photos)] == [name]


@pytest.mark.skipif(not shutil.which("tar"), reason="needs GNU tar")
@pytest.mark.parametrize("version", ["oldgnu", "0.0", "0.1", "1.0"])
@pytest.mark.parametrize("ending", [".tar", ".tar.gz"])
def test_a_sparse_member_of_a_tar_is_refused_and_the_others_are_read(tmp_path, version, ending):
    (tmp_path / "b.jpg").write_bytes(b"x" * 700)
    with open(tmp_path / "a.jpg", "wb") as file:
        for place in range(40):  # more than one block of a map holds
            file.seek(place * 100_000)
            file.write(b"x" * 4096)
        file.truncate(50_000_000)
    form = (
        ["--format=gnu"] if version == "oldgnu" else ["--format=pax", f"--sparse-version={version}"]
    )
    path = tmp_path / f"photos{ending}"
    words = ["tar", "-C", tmp_path, "-caf", path, "--sparse", *form, "a.jpg", "b.jpg"]
    subprocess.run(words, check=True)
    with tarfile.open(path) as archive:
        if not archive.next().issparse():
            pytest.skip("this file system knows no holes")
    sparse, plain = members(str(path), photos)
    assert sparse.data is None and sparse.name == "a.jpg"
    with pytest.raises(
        ImageError, match=r"::a.jpg: cannot be unpacked \(a sparse file, which is not supported\)"
    ):
        read(str(path), sparse.name, sparse.place)
    assert (plain.data or read(str(path), plain.name, plain.place)) == b"x" * 700


def test_the_endless_map_of_a_sparse_member_is_refused(tmp_path):
    head = bytearray(headed(tarfile.GNUTYPE_SPARSE, 1, b"", "a.jpg"))
    head[482] = 1  # more of the map follows
    head[148:156] = b"%06o\0 " % (sum(head[:148]) + 8 * 32 + sum(head[156:512]))
    path = tmp_path / "photos.tar"
    path.write_bytes(bytes(head) + (bytes(504) + b"\1" + bytes(7)) * 5000)
    with pytest.raises(ImageError, match="its headers are over"):
        list(members(str(path), photos))


# Names


@pytest.mark.parametrize(
    ("name", "answer"),
    [("a.zip", True), ("A.TAR.GZ", True), ("b.tgz", True), ("a.gz", False), ("tar", False)],
)
def test_archives_are_known_by_their_endings(name, answer):
    assert is_archive(name) == answer


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a.zip::b/c.jpg", ("a.zip", "b/c.jpg")),
        ("x::y/a.tar::b::c.jpg", ("x::y/a.tar", "b::c.jpg")),
        ("s3://bucket/a.tgz::b.jpg", ("s3://bucket/a.tgz", "b.jpg")),
        ("a.jpg::b.jpg", None),
        ("a.jpg", None),
    ],
)
def test_a_row_s_path_says_which_archive_a_photo_lies_in(path, parts):
    assert split(path) == parts


def test_names_that_are_not_utf8_come_through(tmp_path):
    name = os.fsdecode(b"caf\xe9.jpg")
    path = tar(tmp_path / "photos.tar", {name: b"x"})
    assert contents(path) == {name: b"x"}
