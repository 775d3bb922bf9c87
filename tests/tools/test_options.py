"""What the numbered stages share."""

from pathlib import Path

import pytest

from blurdct.errors import ConfigError
from blurdct.utils import stage

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture
def shared(monkeypatch):
    """The module that all stages import."""
    monkeypatch.syspath_prepend(TOOLS)
    import _options

    return _options


def test_what_the_user_brought_wrong_is_one_line_and_status_1(shared):
    def main():
        raise ConfigError("photos: no such folder")

    with pytest.raises(SystemExit) as caught:
        shared.run(main)
    assert caught.value.code == "error: photos: no such folder"


def test_an_interruption_exits_as_shells_expect(shared):
    def main():
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as caught:
        shared.run(main)
    assert caught.value.code == 130


def test_every_stage_has_the_same_arguments(shared):
    args = shared.options("A stage.").parse_args(["--out", "x", "--workers", "2", "--force"])
    assert (str(args.out), args.workers, args.force) == ("x", 2, True)
    assert shared.photos_folder(args).as_posix() == "data/sample"


def test_later_stages_find_the_photographs_of_the_first(shared, tmp_path):
    args = shared.options("A stage.").parse_args(["--out", str(tmp_path)])
    step = stage.Stage(tmp_path / stage.FIRST_RECORD, {"photos": "/my/photos"})
    assert step.begin()
    assert shared.photos_folder(args).as_posix() == "/my/photos"
    args = shared.options("A stage.").parse_args(["--out", str(tmp_path), "--photos", "other"])
    assert shared.photos_folder(args).as_posix() == "other"
