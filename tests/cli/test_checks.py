"""What is refused before anything is done: to replace what is there."""

import pytest

from blurdct.cli.checks import check_new
from blurdct.errors import ConfigError
from tests.helpers.own_models import call


def test_nothing_that_is_there_is_replaced_without_force(tmp_path):
    file, folder, empty, link = (tmp_path / name for name in ("file", "folder", "empty", "link"))
    file.touch()
    empty.mkdir()
    folder.mkdir()
    (folder / "report.html").touch()
    link.symlink_to("nowhere")
    for taken in (file, folder, link):
        with pytest.raises(ConfigError, match=f"^{taken}: exists; --force replaces it$"):
            check_new(taken, force=False)
        check_new(taken, force=True)
    for free in (empty, tmp_path / "new", tmp_path / "no" / "new"):
        check_new(free, force=False)


def test_in_a_folder_only_the_file_that_would_be_replaced_counts(tmp_path):
    (tmp_path / "notes.txt").touch()
    check_new(tmp_path, force=False, sheet="report.html")
    (tmp_path / "report.html").touch()
    with pytest.raises(ConfigError, match="--force replaces it"):
        check_new(tmp_path, force=False, sheet="report.html")


@pytest.mark.parametrize(
    "words",
    [
        "report r.csv --out {out}/page.html",
        "evaluate tree --photos {photos} --out {out}",
        "train tree --photos {photos} --out {out}",
        "calibrate --photos {photos} --out {out}",
    ],
)
def test_every_command_says_so_alike(tmp_path, words):
    for name in ("page.html", "report.html", "bundle.json"):
        (tmp_path / name).touch()
    run = call(words, out=tmp_path, photos=tmp_path)
    assert (run.status, run.out) == (2, "")
    assert run.err.startswith(f"blurdct: {tmp_path}")
    assert run.err.endswith(": exists; --force replaces it\n")
