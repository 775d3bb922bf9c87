"""The journal: on disk before anything is done, read from its end."""

import pytest

from blurdct.curate.journal import ENDING, Journal, backwards, finish
from blurdct.errors import ConfigError


def test_lines_come_back_the_latest_first_without_what_came_to_nothing(tmp_path):
    with Journal(tmp_path, "move") as journal:
        for number in range(5):
            journal.add({"do": "move", "to": str(number)})
            if number in (1, 4):
                journal.add({"do": "none"})
    head, entries = backwards(journal.path)
    assert head["token"] == journal.token
    assert [entry["to"] for entry in entries] == ["3", "2", "0"]


def test_names_that_are_no_text_survive(tmp_path):
    name = b"\xff\n-\xf0\x9f".decode(errors="surrogateescape")
    with Journal(tmp_path, "move") as journal:
        journal.add({"do": "move", "to": name})
    assert [entry["to"] for entry in backwards(journal.path)[1]] == [name]


def test_each_line_is_in_the_file_when_add_returns(tmp_path):
    with Journal(tmp_path, "move") as journal:
        journal.add({"do": "move", "to": "a"})
        assert [entry["to"] for entry in backwards(journal.path)[1]] == ["a"]


def test_a_last_line_that_was_cut_short_announced_nothing(tmp_path):
    with Journal(tmp_path, "move") as journal:
        journal.add({"do": "move", "to": "a"})
        journal.add({"do": "move", "to": "b"})
    data = journal.path.read_bytes()
    for cut in range(1, len(b'{"do": "move", "to": "b"}\n')):
        journal.path.write_bytes(data[:-cut])
        entries = list(backwards(journal.path)[1])
        assert entries[-1]["to"] == "a" and all(isinstance(entry, dict) for entry in entries)
        finish(journal.path)
        assert next(backwards(journal.path)[1])["do"] == "undone"


def test_two_journals_of_one_second_have_two_names_and_empty_ones_go(tmp_path):
    with Journal(tmp_path, "move") as one, Journal(tmp_path, "move") as other:
        one.add({"do": "move", "to": "a"})
    assert one.path != other.path and one.path.exists() and not other.path.exists()
    assert str(one.path).endswith(ENDING)


def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        Journal(tmp_path / "missing", "move")
