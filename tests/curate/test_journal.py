"""The journal: on disk before anything is done, read from its end."""

import json

import pytest

from blurdct.curate.journal import ENDING, Journal, backwards, finish
from blurdct.errors import ConfigError


def test_lines_come_back_the_latest_first_without_what_came_to_nothing(tmp_path):
    with Journal(tmp_path, "move") as journal:
        for number in range(5):
            journal.add({"do": "move", "to": str(number)})
            if number in (1, 4):
                journal.add({"do": "none"})
    token, _, entries = backwards(journal.path)
    assert token == journal.token
    assert [entry["to"] for entry in entries] == ["3", "2", "0"]


def test_names_that_are_no_text_survive(tmp_path):
    name = b"\xff\n-\xf0\x9f".decode(errors="surrogateescape")
    with Journal(tmp_path, "move") as journal:
        journal.add({"do": "move", "to": name})
    assert [entry["to"] for entry in backwards(journal.path)[2]] == [name]


def test_each_line_is_in_the_file_when_add_returns(tmp_path):
    with Journal(tmp_path, "move") as journal:
        journal.add({"do": "move", "to": "a"})
        assert [entry["to"] for entry in backwards(journal.path)[2]] == ["a"]


def test_a_last_line_that_was_cut_short_announced_nothing(tmp_path):
    with Journal(tmp_path, "move") as journal:
        journal.add({"do": "move", "to": "a"})
        journal.add({"do": "move", "to": "b"})
    data = journal.path.read_bytes()
    for cut in range(1, len(b'{"do": "move", "to": "b"}\n')):
        journal.path.write_bytes(data[:-cut])
        entries = list(backwards(journal.path)[2])
        assert entries[-1]["to"] == "a" and all(isinstance(entry, dict) for entry in entries)
        finish(journal.path)
        assert next(backwards(journal.path)[2])["do"] == "undone"


def test_two_journals_of_one_second_have_two_names_and_empty_ones_go(tmp_path):
    with Journal(tmp_path, "move") as one, Journal(tmp_path, "move") as other:
        one.add({"do": "move", "to": "a"})
    assert one.path != other.path and one.path.exists() and not other.path.exists()
    assert str(one.path).endswith(ENDING)


def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        Journal(tmp_path / "missing", "move")


def test_the_folders_of_a_journal_are_named_once_and_are_no_deed(tmp_path):
    with Journal(tmp_path, "move") as journal:
        for folder in ("a", "a/b", "c", "a", "ab"):
            journal.keep_within(str(tmp_path / folder))
        journal.add({"do": "move", "to": "x"})
    _, folders, entries = backwards(journal.path)
    assert folders == {str(tmp_path / name) for name in ("a", "c", "ab")}
    assert [entry["do"] for entry in entries] == ["move"]
    with Journal(tmp_path, "move") as nothing:
        nothing.keep_within(str(tmp_path))
    assert not nothing.path.exists()


@pytest.mark.parametrize("token", ["/../x", "", "ABCDEF01", "abcdef0", None, 12345678])
def test_a_token_that_is_not_hexadecimal_is_refused(tmp_path, token):
    head = {"is": "blurdct journal", "format": 2, "token": token}
    (tmp_path / "x").write_text(json.dumps(head) + "\n")
    with pytest.raises(ConfigError, match="token"):
        backwards(tmp_path / "x")


def test_json_that_is_nested_too_deep_is_one_line(tmp_path):
    with Journal(tmp_path, "move") as journal:
        journal.add({"do": "move", "to": "a"})
    with open(journal.path, "a") as file:
        file.write("[" * 10**6 + '"within"\n{"is": "no deed"}\n')
    first, second, third = backwards(journal.path)[2]
    assert "line 4" in first and "line 3" in second and third["to"] == "a"
    journal.path.write_text('{"a":' * 10**6)
    with pytest.raises(ConfigError, match="no journal"):
        backwards(journal.path)


def test_a_device_is_no_journal():
    with pytest.raises(ConfigError, match="no journal"):
        backwards("/dev/zero")


def test_a_journal_of_a_format_to_come_says_which_version_undoes_it(tmp_path):
    head = {"is": "blurdct journal", "format": 3, "version": "9.1", "token": "0123abcd"}
    (tmp_path / "x").write_text(json.dumps(head) + "\n")
    with pytest.raises(ConfigError, match=r"format 3.*undo it by blurdct 9\.1"):
        backwards(tmp_path / "x")
