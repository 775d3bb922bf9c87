import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from blurdct.errors import BlurdctError, ConfigError
from blurdct.scan.checkpoint import BATCH, Checkpoint

ROOT = Path(__file__).parents[2]
FACTS = {"model": "toy", "size": 128, "digest": "abc"}
ODD = ["-n.jpg", "a\nb.jpg", "ä.jpg", os.fsdecode(b"\xff\xfe.jpg"), "\ud83d.jpg", "a.zip::b/c.jpg"]


def row(path, size=1, modified=0.5, **more):
    return {"path": path, "bytes": size, "modified": modified, "error": "", **more}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.csv.part"


@pytest.fixture
def checkpoint(path):
    checkpoint = Checkpoint(path)
    checkpoint.begin(FACTS)
    checkpoint.next_run()
    yield checkpoint
    checkpoint.close()


def paths(checkpoint):
    return [row["path"] for row in checkpoint.rows()]


def resumed(path):
    checkpoint = Checkpoint(path)
    checkpoint.next_run()
    return checkpoint


def test_rows_come_back_as_they_were_put_in_the_order_of_their_numbers(checkpoint):
    rows = [row(name, score=0.1 + number, width=None) for number, name in enumerate(ODD)]
    for number in (3, 0, 5, 1, 4, 2):
        checkpoint.put(number, rows[number])
    assert list(checkpoint.rows()) == rows
    assert checkpoint.count() == (len(ODD), 0)


def test_a_new_file_has_no_facts_and_a_later_run_finds_those_of_the_first(path, checkpoint):
    assert checkpoint.facts == FACTS
    checkpoint.close()
    assert Checkpoint(path).facts == FACTS
    with_nothing = Checkpoint(path.with_name("other.part"))
    assert with_nothing.facts == {} and with_nothing.count() == (0, 0)


def test_only_what_is_kept_or_put_belongs_to_a_run(path, checkpoint):
    for number, name in enumerate(ODD):
        checkpoint.put(number, row(name))
    checkpoint.commit()
    checkpoint.close()
    later = resumed(path)
    assert paths(later) == [] and later.count() == (0, len(ODD))
    assert later.keep(7, ODD[5], 1, 0.5) and later.keep(2, ODD[0], 1, 0.5)
    later.put(4, row("new"))
    assert paths(later) == [ODD[0], "new", ODD[5]]
    assert later.count() == (3, len(ODD) - 2) and later.kept == 2


@pytest.mark.parametrize(
    ("size", "modified", "same"),
    [(1, 0.5, True), (None, None, True), (1, None, True), (2, 0.5, False), (1, 0.25, False)],
)
def test_a_photo_of_other_bytes_or_time_is_not_kept(path, checkpoint, size, modified, same):
    checkpoint.put(0, row("a"))
    checkpoint.commit()
    checkpoint.close()
    later = resumed(path)
    assert later.keep(0, "a", size, modified) is same
    later.put(0, row("a", 3))
    assert [found["bytes"] for found in later.rows()] == [3]


def test_of_a_photo_that_is_listed_twice_the_first_place_counts(checkpoint):
    checkpoint.put(3, row("a"))
    checkpoint.put(1, row("b"))
    checkpoint.put(2, row("b"))
    checkpoint.put(0, row("a"))
    assert checkpoint.keep(4, "b", 1, 0.5)
    assert paths(checkpoint) == ["a", "b"] and checkpoint.kept == 0


def test_what_was_not_committed_is_gone_and_what_was_is_there_after_a_kill(path, tmp_path):
    code = (
        "import os, sys; from tests.scan import test_checkpoint as t\n"
        "checkpoint = t.Checkpoint(sys.argv[1]); checkpoint.begin(t.FACTS); checkpoint.next_run()\n"
        "for number in range(t.BATCH + 10): checkpoint.put(number, t.row(str(number)))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, path], env={**os.environ, "PYTHONPATH": str(ROOT)})
    now, past = resumed(path).count()
    assert now == 0 and past % BATCH == 0 and past  # whole batches


def test_two_cannot_have_it_at_once(path, checkpoint):
    with pytest.raises(ConfigError, match="out.csv.part: another scan is writing it"):
        Checkpoint(path)
    checkpoint.close()
    Checkpoint(path).close()


def test_something_else_is_left_alone(path):
    path.write_text("half of a download, and longer than a header of SQLite would be" * 20)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="damaged, or not the work of a scan"):
        Checkpoint(path)
    assert path.read_bytes() == before
    path.unlink()
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE photos (path)")
    foreign.close()
    with pytest.raises(ConfigError, match="not the work of a scan"):
        Checkpoint(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere.*cannot be made there"):
        Checkpoint(tmp_path / "nowhere" / "out.part")


def test_rows_known_before_are_there_whole_or_not_at_all(path, checkpoint):
    checkpoint.put(0, row("old"))
    checkpoint.commit()

    def broken():
        yield row("a")
        raise ConfigError("row 2 is none of results")

    with pytest.raises(ConfigError, match="row 2"):
        checkpoint.begin({"model": "other"}, broken())
    assert checkpoint.facts == FACTS and paths(checkpoint) == ["old"]
    checkpoint.begin({"model": "other"}, [row("a"), row("b")])
    checkpoint.next_run()
    assert checkpoint.facts == {"model": "other"} and checkpoint.count() == (0, 2)


def test_a_full_disk_is_an_error_that_names_the_file_and_the_rows_so_far_are_safe(path, checkpoint):
    checkpoint.put(0, row("a"))
    checkpoint.commit()
    pages = checkpoint._db.execute("PRAGMA page_count").fetchone()[0]
    checkpoint._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(BlurdctError, match="out.csv.part: .*full"):
        for number in range(1, 3 * BATCH):
            checkpoint.put(number, row(f"{number}" * 30))
    checkpoint.close()
    later = resumed(path)
    assert later.keep(0, "a", 1, 0.5) and paths(later) == ["a"]


def test_nothing_is_left_when_it_is_removed(path, checkpoint):
    checkpoint.put(0, row("a"))
    checkpoint.remove()
    assert list(path.parent.iterdir()) == []


def test_of_two_with_one_path_the_first_is_the_row_whichever_is_done_first(path, checkpoint):
    checkpoint.put(0, row("a.zip::b", 1))
    checkpoint.put(1, row("a.zip::b", 2))
    checkpoint.put(3, row("a.zip::c", 4))
    checkpoint.put(2, row("a.zip::c", 3))
    assert [found["bytes"] for found in checkpoint.rows()] == [1, 3]
    checkpoint.commit()
    checkpoint.close()
    later = resumed(path)
    later.put(1, row("a.zip::b", 6))
    later.put(0, row("a.zip::b", 5))
    assert [found["bytes"] for found in later.rows()] == [5]


def test_rows_that_are_held_stand_behind_all_others_in_their_order(path, checkpoint):
    for number, name in enumerate([*"dcb", "\ud83d.jpg", "a"]):
        checkpoint.put(number, row(name))
    checkpoint.commit()
    checkpoint.close()
    later = resumed(path)
    later.put(0, row("b", 7))
    assert later.hold(lambda name: name in ("a", "b", "d", "\ud83d.jpg")) == 3
    assert paths(later) == ["b", "d", "\ud83d.jpg", "a"] and later.count() == (4, 1)
    assert later.hold(lambda name: False) == 0


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "7", b"\xff"])
@pytest.mark.parametrize("table", ["facts", "rows"])
def test_what_no_scan_wrote_into_it_is_one_line(path, checkpoint, table, text):
    checkpoint.put(0, row("a"))
    checkpoint.commit()
    checkpoint.close()
    with sqlite3.connect(path) as forged:
        column = "row" if table == "rows" else "value"
        where = "" if table == "rows" else "WHERE name = 'facts'"
        forged.execute(f"UPDATE {table} SET {column} = ? {where}", [text])
    forged.close()
    with pytest.raises(ConfigError, match=r"out.csv.part: damaged, or not the work of a scan"):
        again = Checkpoint(path)
        list(again.rows()) if table == "rows" else again.facts
