"""Whatever was done, wherever it broke off: undone, every byte, time and name is back."""

import base64
import errno
import hashlib
import json
import os
import random
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from blurdct.curate.actions import carry, tag
from blurdct.curate.journal import ENDING, Journal
from blurdct.curate.undo import folders_of, folders_within, undo_journal
from blurdct.errors import BlurdctError, ConfigError

NAMES = ["a.jpg", "b.jpg", "A.JPG", "a_1.jpg", "-r.jpg", "new\nline.jpg", "raw.cr2", "raw.jpg"]
SIDES = ["a.xmp", "a.jpg.xmp", "raw.xmp", "raw.cr2.xmp", "a.mov", "a.jpg.suppl.json", "raw.wav"]
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"> </rdf:RDF></x:xmpmeta>'
)
PATCHED = [(os, name) for name in "link unlink rename replace mkdir symlink rmdir".split()]
PATCHED += [(shutil, "copyfile"), (shutil, "copystat")]


class Killed(BaseException):
    """The process is gone: no cleaning up."""


def snapshot(folder: Path) -> dict[str, object]:
    """Everything below a folder but journals: bytes, times and targets of links."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = os.fspath(path.relative_to(folder))
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_dir():
            found[name] = "folder"
        elif not name.endswith(ENDING):
            found[name] = path.read_bytes(), path.stat().st_mtime_ns
    return found


def tree(folder: Path, seed: int) -> tuple[list[dict], Path]:
    """Photographs with clashing names and sidecars, and a folder that holds some already."""
    chance = random.Random(seed)
    photos, target = folder / "photos", folder / "out"
    rows = []
    for place in ("", "one", "one/two", "three"):
        (photos / place).mkdir(parents=True, exist_ok=True)
        (target / place).mkdir(parents=True, exist_ok=True)
        for name in [*NAMES, *SIDES]:
            file = photos / place / name
            if chance.random() < 0.6:
                file.write_bytes(XMP if name.endswith("xmp") else chance.randbytes(50))
                os.utime(file, ns=(10**18, 10**18 + chance.randrange(10**12)))
                if not name.endswith("xmp"):
                    info = file.stat()
                    rows.append(
                        {"path": str(file), "bytes": info.st_size, "modified": info.st_mtime}
                    )
            if chance.random() < 0.3:
                (target / place / name).write_bytes(chance.randbytes(20))
    (photos / "empty.jpg").write_bytes(b"")
    rows.append({"path": str(photos / "empty.jpg"), "bytes": 0, "modified": None})
    if chance.random() < 0.5:
        shutil.rmtree(target / "one")
    chance.shuffle(rows)
    return rows, target


def act(rows: list[dict], action: str, target: Path) -> None:
    target.mkdir(exist_ok=True)
    with Journal(target, action) as journal:
        if action == "tag":
            list(tag(rows, "blurred", 1, journal))
        else:
            list(carry(rows, action, target, str(target.parent / "photos"), journal))


def break_off(patch: pytest.MonkeyPatch, after: int, across: str, target: Path) -> None:
    """Kill after so many changes of files: between two, or in the middle of a copy."""
    left = [after]

    def wrapped(real, name):
        def call(*args, **kwargs):
            left[0] -= 1
            if left[0] < 0:
                if left[0] == -1 and name == "copyfile":
                    Path(args[1]).write_bytes(Path(args[0]).read_bytes()[:10])
                raise Killed
            inside = [Path(str(arg)).is_relative_to(target) for arg in args[:2]]
            if name == "link" and across == "no links":
                raise OSError(errno.EPERM, "no links")
            if name in ("link", "rename") and across == "devices" and inside[0] != inside[1]:
                raise OSError(errno.EXDEV, "another device")
            return real(*args, **kwargs)

        return call

    patch.setattr(os, "fsync", lambda handle: None)  # takes its time
    for module, name in PATCHED:
        patch.setattr(module, name, wrapped(getattr(module, name), name))


@settings(max_examples=80)
@given(
    seed=st.integers(0, 10**6),
    action=st.sampled_from(["move", "move", "copy", "link", "tag"]),
    across=st.sampled_from(["", "no links", "devices"]),
    first=st.integers(0, 80) | st.none(),
    second=st.integers(0, 80) | st.none(),
)
def test_undoing_restores_every_byte_wherever_it_was_killed(
    tmp_path_factory, seed, action, across, first, second
):
    folder = tmp_path_factory.mktemp("tree")
    rows, target = tree(folder, seed)
    before = snapshot(folder)
    for kill, step in ((first, act), (second, None)):
        with pytest.MonkeyPatch.context() as patch:
            break_off(patch, 10**9 if kill is None else kill, across, target)
            try:
                if step:
                    step(rows, action, target)
                else:
                    for path in target.glob(f"*{ENDING}"):
                        list(undo_journal(path))
            except Killed:
                pass
    journal = next(iter(target.glob(f"*{ENDING}")), None)
    if journal:
        assert [step.problem for step in undo_journal(journal) if step.problem] == []
        assert list(undo_journal(journal)) == []
    assert snapshot(folder) == before
    shutil.rmtree(folder)


def moved(folder: Path, action: str = "move") -> tuple[Path, Path, Path]:
    """A photo that was moved: where it was, where it is, and the journal."""
    photo, target = folder / "photos" / "a.jpg", folder / "out"
    photo.parent.mkdir()
    photo.write_bytes(b"photo")
    act([{"path": str(photo), "bytes": 5}], action, target)
    return photo, target / "a.jpg", next(target.glob("*.jsonl"))


def test_a_file_that_took_the_old_name_stays_and_so_does_the_photo(tmp_path):
    photo, now, journal = moved(tmp_path)
    photo.write_bytes(b"new one")
    (step,) = undo_journal(journal)
    assert "another file" in step.problem and str(photo) in step.problem
    assert (photo.read_bytes(), now.read_bytes()) == (b"new one", b"photo")
    photo.unlink()
    (step,) = undo_journal(journal)
    assert not step.problem and photo.read_bytes() == b"photo" and not now.exists()


def test_a_photo_that_is_gone_is_named(tmp_path):
    photo, now, journal = moved(tmp_path)
    now.unlink()
    (step,) = undo_journal(journal)
    assert step.path == str(now) and "gone" in step.problem and str(photo) in step.problem


def test_a_folder_that_was_removed_comes_back(tmp_path):
    photo, _, journal = moved(tmp_path)
    photo.parent.rmdir()
    list(undo_journal(journal))
    assert photo.read_bytes() == b"photo"


def test_two_ways_to_the_only_copy_do_not_lose_it(tmp_path):
    photo, now, journal = moved(tmp_path)
    photo.parent.rmdir()
    photo.parent.symlink_to(now.parent)
    (step,) = undo_journal(journal)
    assert step.problem and now.read_bytes() == b"photo"


@pytest.mark.parametrize("change", ["edited", "original gone"])
def test_a_copy_that_is_the_only_one_of_its_kind_stays(tmp_path, change):
    photo, now, journal = moved(tmp_path, "copy")
    (now.write_bytes(b"edit!") if change == "edited" else photo.unlink())
    (step,) = undo_journal(journal)
    assert "stays" in step.problem and now.exists()


def test_what_took_the_place_of_a_link_stays(tmp_path):
    _, now, journal = moved(tmp_path, "link")
    now.unlink()
    now.write_bytes(b"mine")
    (step,) = undo_journal(journal)
    assert "no link" in step.problem and now.read_bytes() == b"mine"


def test_a_sidecar_that_was_edited_after_tagging_stays(tmp_path):
    photo, _, journal = moved(tmp_path, "tag")
    sidecar = photo.with_name("a.jpg.xmp")
    sidecar.write_bytes(sidecar.read_bytes() + b" ")
    (step,) = undo_journal(journal)
    assert "changed" in step.problem and sidecar.exists()


@pytest.mark.parametrize(
    "text", ["", "path,score\n", "{}\n", '{"is": "blurdct journal", "format": 99}\n', "[1]\n"]
)
def test_what_is_no_journal_is_refused_in_one_line(tmp_path, text):
    file = tmp_path / "x.jsonl"
    file.write_text(text)
    with pytest.raises(ConfigError, match="x.jsonl") as caught:
        list(undo_journal(file))
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="missing: no such file"):
        list(undo_journal(tmp_path / "missing"))


def test_a_broken_line_is_named_and_the_others_are_undone(tmp_path):
    photo, _, journal = moved(tmp_path)
    with open(journal, "a") as file:
        file.write('{"do": "move"}\n{"do": "fly", "to": "x"}\n{broken\n{"do": "mo')
    steps = list(undo_journal(journal))
    problems = [step.problem for step in steps]
    assert re.fullmatch(r"line \d+ cannot be read", problems[0])
    assert steps[0].path == str(journal)  # which is said in front, once
    assert problems[1:3] == [
        f"not understood: {{{said}}}" for said in ('"do": "fly", "to": "x"', '"do": "move"')
    ]
    assert problems[3:] == [""] and photo.exists()


def test_nothing_is_done_that_the_journal_cannot_announce(tmp_path, monkeypatch):
    photo = tmp_path / "photos" / "a.jpg"
    photo.parent.mkdir()
    photo.write_bytes(b"photo")
    (tmp_path / "out").mkdir()

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with Journal(tmp_path / "out", "move") as journal:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(BlurdctError, match="No space left"):
            list(carry([{"path": str(photo)}], "move", tmp_path / "out", None, journal))
    assert photo.exists()


def forged(folder: Path, *entries: dict) -> Path:
    """A journal that names the folders a and b, and lines of anybody's."""
    for name in ("a", "b", "home"):
        (folder / name).mkdir(exist_ok=True)
    path = folder / "forged.journal.jsonl"
    head = {"is": "blurdct journal", "format": 2, "token": "0123abcd"}
    named = [{"do": "within", "to": str(folder / name)} for name in ("a", "b")]
    path.write_text("".join(json.dumps(line) + "\n" for line in (head, *named, *entries)))
    return path


def test_a_forged_journal_changes_nothing_outside_of_the_folders_that_it_names(tmp_path):
    a, b, home = (tmp_path / name for name in ("a", "b", "home"))
    bait = base64.b64encode(XMP).decode()
    journal = forged(
        tmp_path,
        {"do": "move", "from": str(home / "keys"), "to": str(b / "keys")},
        {"do": "move", "from": f"{a}/../home/keys", "to": str(b / "keys")},
        {"do": "move", "from": str(a / "door" / "keys"), "to": str(b / "keys")},
        {"do": "move", "from": str(a / "stolen"), "to": str(home / "secret")},
        {"do": "copy", "from": str(a / "twin"), "to": str(home / "twin")},
        {"do": "link", "from": str(a / "twin"), "to": str(home / "link")},
        {"do": "folder", "to": str(home / "empty")},
        {"do": "tag", "to": str(home / "new.xmp"), "was": bait, "time": 0, "now": ""},
    )
    (home / "empty").mkdir()
    (home / "secret").write_text("secret")
    (home / "twin").write_text("twin")
    (a / "twin").write_text("twin")
    (home / "link").symlink_to(a / "twin")
    (b / "keys").write_text("theirs")
    (a / "door").symlink_to(home)
    before = snapshot(tmp_path)
    steps = list(undo_journal(journal))
    assert len(steps) == 8 and all("outside of the folders" in step.problem for step in steps)
    assert snapshot(tmp_path) == before


def test_a_forged_journal_writes_nothing_but_xmp_into_sidecars(tmp_path):
    a = tmp_path / "a"
    text = base64.b64encode(b"ssh-rsa AAAA").decode()
    now = hashlib.sha256(b"old").hexdigest()
    journal = forged(
        tmp_path,
        *({"do": "tag", "to": str(a / name), "was": text, "time": 0, "now": now}
          for name in ("keys", "p.xmp", "link.xmp")),
        {"do": "move", "from": "relative", "to": str(a / "x")},
        {"do": "move", "from": f"{a}/..", "to": str(a / "x")},
    )  # fmt: skip
    for name in ("keys", "p.xmp"):
        (a / name).write_bytes(b"old")
    (a / "link.xmp").symlink_to("keys")
    before = snapshot(tmp_path)
    assert len([step for step in undo_journal(journal) if step.problem]) == 5
    assert snapshot(tmp_path) == before


def test_folders_that_were_moved_may_be_named_when_undoing(tmp_path):
    photo, now, journal = moved(tmp_path)
    photo.parent.rename(tmp_path / "elsewhere")
    photo.parent.symlink_to(tmp_path / "elsewhere")
    (step,) = undo_journal(journal)
    assert "outside of the folders" in step.problem and now.exists()
    (step,) = undo_journal(journal, [tmp_path / "elsewhere"])
    assert not step.problem and photo.read_bytes() == b"photo"


def test_photographs_below_linked_folders_come_back(tmp_path):
    real = tmp_path / "disk"
    real.mkdir()
    (real / "a.jpg").write_bytes(b"photo")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "link").symlink_to(real)
    act([{"path": str(tmp_path / "photos" / "link" / "a.jpg")}], "move", tmp_path / "out")
    (journal,) = (tmp_path / "out").glob("*.jsonl")
    assert str(real) in folders_of(journal)
    assert [step.problem for step in undo_journal(journal)] == [""]
    assert (real / "a.jpg").read_bytes() == b"photo"


def of_format_1(journal: Path) -> None:
    """Make a journal what the first versions wrote: it names no folders."""
    head, *lines = (json.loads(line) for line in journal.read_text().splitlines())
    kept = [line for line in lines if line.get("do") != "within"]
    journal.write_text("".join(json.dumps(one) + "\n" for one in [{**head, "format": 1}, *kept]))


def test_a_journal_of_format_1_is_undone_within_the_folders_that_are_said(tmp_path):
    rows, target = tree(tmp_path, 3)
    before = snapshot(tmp_path)
    with Journal(tmp_path, "move") as journal:
        list(carry(rows, "move", target, None, journal))
    of_format_1(journal.path)
    assert folders_of(journal.path) == []
    assert folders_within(journal.path) == sorted(map(str, (target, tmp_path / "photos")))
    assert all("outside" in step.problem for step in undo_journal(journal.path))
    steps = list(undo_journal(journal.path, folders_within(journal.path)))
    assert steps and not any(step.problem for step in steps)
    assert snapshot(tmp_path) == before
