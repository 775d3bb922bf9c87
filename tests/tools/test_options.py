"""What the numbered stages share."""

from importlib import import_module
from pathlib import Path

import pytest

from blurdct.errors import ConfigError
from blurdct.utils.stage import FIRST_RECORD, Stage

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def options(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    return import_module("_options")


def test_what_the_user_brought_wrong_is_one_line_and_status_1(options):
    def main():
        raise ConfigError("photos: no such folder")

    with pytest.raises(SystemExit) as caught:
        options.run(main)
    assert caught.value.code == "error: photos: no such folder"


def test_an_interruption_exits_as_shells_expect(options):
    def main():
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as caught:
        options.run(main)
    assert caught.value.code == 130


def test_every_stage_has_the_same_arguments(options):
    parser = options.options("A stage.")
    args = parser.parse_args(["--out", "x", "--workers", "2", "--force"])
    assert (str(args.out), args.workers, args.force) == ("x", 2, True)
    assert options.photos_folder(args).as_posix() == "data/sample"


def test_later_stages_find_the_photographs_of_the_first(options, tmp_path):
    args = options.options("A stage.").parse_args(["--out", str(tmp_path)])
    assert Stage(tmp_path / FIRST_RECORD, {"photos": "/my/photos"}).begin()
    assert options.photos_folder(args).as_posix() == "/my/photos"
    args = options.options("A stage.").parse_args(["--out", str(tmp_path), "--photos", "other"])
    assert options.photos_folder(args).as_posix() == "other"
