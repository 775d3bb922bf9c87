import json

import pytest

from blurdct.errors import BlurdctError
from blurdct.utils.stage import Stage, digest


@pytest.fixture
def source(tmp_path):
    """A file that a stage reads."""
    path = tmp_path / "source.csv"
    path.write_text("path\na.jpg\n")
    return path


@pytest.fixture
def partial(tmp_path):
    """A folder with what a stage has written so far."""
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "0.npy").write_text("part")
    return folder


def step(source, **settings) -> Stage:
    return Stage(source.parent / "3_parts.json", settings or {"size": 512}, [source])


def done(source, *outputs) -> None:
    """Run a stage from beginning to end."""
    one = step(source)
    assert one.begin()
    one.finish(*outputs)


# When there is something to do


def test_a_finished_stage_is_not_done_again(source, partial, capsys):
    done(source, partial / "0.npy")
    assert not step(source).begin(partial)
    assert "3_parts: nothing has changed" in capsys.readouterr().out
    assert (partial / "0.npy").exists()


def test_force_does_it_again_from_nothing(source, partial):
    done(source, partial / "0.npy")
    assert step(source).begin(partial, force=True)
    assert not partial.exists()


def test_a_changed_input_does_it_again_from_nothing(source, partial):
    done(source, partial / "0.npy")
    source.write_text("path\nb.jpg\n")
    assert step(source).begin(partial)
    assert not partial.exists()


def test_changed_settings_do_it_again_from_nothing(source, partial):
    done(source, partial / "0.npy")
    assert step(source, size=256).begin(partial)
    assert not partial.exists()


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_text("p")])
def test_a_missing_or_shorter_output_is_made_again_and_the_others_kept(source, partial, harm):
    other = partial / "1.npy"
    other.write_text("part")
    done(source, partial / "0.npy", other)
    harm(partial / "0.npy")
    assert step(source).begin(partial)
    assert other.exists()


def test_an_interrupted_stage_goes_on_where_it_was(source, partial):
    assert step(source).begin()
    assert step(source).begin(partial)
    assert (partial / "0.npy").exists()


@pytest.mark.parametrize("change", ["settings", "input", "force"])
def test_what_an_interrupted_stage_left_goes_when_it_would_not_fit(source, partial, change):
    assert step(source).begin()
    if change == "input":
        source.write_text("path\nb.jpg\n")
    size = 256 if change == "settings" else 512
    assert step(source, size=size).begin(partial, force=change == "force")
    assert not partial.exists()


def test_a_stage_that_was_begun_with_other_settings_and_interrupted_starts_afresh(source, partial):
    done(source, partial / "0.npy")
    assert step(source, size=256).begin()
    partial.mkdir(exist_ok=True)
    assert step(source).begin(partial)
    assert not partial.exists()


def test_an_input_that_changes_while_the_stage_runs_does_it_again(source, partial):
    one = step(source)
    one.begin()
    source.write_text("path\nb.jpg\n")
    one.finish(partial / "0.npy")
    assert step(source).begin()


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"settings": 1}', "\xff"])
def test_a_damaged_record_is_no_record(source, partial, damage):
    done(source, partial / "0.npy")
    (source.parent / "3_parts.json").write_text(damage, encoding="latin-1")
    assert step(source).begin()


def test_settings_that_json_writes_otherwise_are_still_the_same(source, partial):
    settings = {"names": ("a", "b"), "path": source, 1: 0.1}
    one = step(source, settings=settings)
    one.begin()
    one.finish(partial / "0.npy")
    assert not step(source, settings=settings).begin()


def test_the_record_lists_what_was_read_and_written(source, partial):
    done(source, partial / "0.npy")
    record = json.loads((source.parent / "3_parts.json").read_text())
    assert record["settings"] == {"size": 512}
    assert record["inputs"] == {"source.csv": digest(source)}
    assert record["outputs"] == {"parts/0.npy": 4}


def test_a_missing_input_asks_for_the_stage_before(tmp_path):
    with pytest.raises(BlurdctError, match=r"nothing\.csv.*run the stage before this one first"):
        step(tmp_path / "nothing.csv").begin()


def test_a_digest_is_sha256(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert digest(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")
