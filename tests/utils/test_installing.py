"""The command that a hint names, for every way in which the package may have come."""

import json
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from blurdct.utils import installing
from blurdct.utils.installing import install_hint

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="another shell there")


class Installed:
    """A distribution as an installer left it."""

    requires = metadata.requires("blurdct")

    def __init__(self, **came_from) -> None:
        self.came_from = came_from

    def read_text(self, name):
        return json.dumps(self.came_from) if self.came_from and name == "direct_url.json" else None


@pytest.fixture
def what(monkeypatch, tmp_path):
    """What pip is told to install, by origin; the package lies in a folder of packages."""
    monkeypatch.setattr(installing, "ROOT", tmp_path / "site-packages")
    monkeypatch.setattr(installing, "install_command", lambda: "pip install")

    def told(extra="scan", **came_from):
        monkeypatch.setattr(metadata, "distribution", lambda name: Installed(**came_from))
        return shlex.split(install_hint(extra))[2:]

    return told


def test_from_a_checkout_it_names_the_checkout(what, tmp_path, monkeypatch):
    checkout = tmp_path / "my code"
    checkout.mkdir()
    (checkout / "pyproject.toml").touch()
    monkeypatch.setattr(installing, "ROOT", checkout)
    url = checkout.as_uri()
    assert what(url=url, dir_info={"editable": True}) == ["-e", f"{checkout}[scan]"]
    assert what(url=url, dir_info={}) == [f"{checkout}[scan]"]
    assert what() == [f"{checkout}[scan]"]  # python -m blurdct, never installed


def test_from_a_folder_it_names_the_folder(what, tmp_path):
    folder = tmp_path / "über code"
    folder.mkdir()
    assert what(url=folder.as_uri(), dir_info={}) == [f"{folder}[scan]"]


def test_from_a_wheel_it_names_the_wheel(what, tmp_path):
    wheel = tmp_path / "blurdct-1-py3-none-any.whl"
    wheel.touch()
    assert what(url=wheel.as_uri(), archive_info={}) == [f"{wheel}[scan]"]
    url = "https://example.org/blurdct-1-py3-none-any.whl"
    assert what(url=url, archive_info={}) == [f"blurdct[scan] @ {url}"]


def test_from_git_it_names_the_very_commit(what):
    git = {"vcs": "git", "commit_id": "abc123", "requested_revision": "main"}
    url = "https://example.org/blurdct.git"
    assert what(url=url, vcs_info=git) == [f"blurdct[scan] @ git+{url}@abc123"]
    assert what(url=url, vcs_info=git, subdirectory="py") == [
        f"blurdct[scan] @ git+{url}@abc123#subdirectory=py"
    ]


@pytest.mark.parametrize("came_from", [{}, {"url": "file:///gone/src", "dir_info": {}}])
def test_where_the_source_is_gone_or_an_index_it_names_the_libraries(what, came_from):
    names = {"scan": {"imagehash", "pyarrow"}, "remote": {"fsspec[http]"}, "train": {"torch"}}
    for extra, wanted in names.items():
        told = what(extra, **came_from)
        assert wanted <= {line.partition(">=")[0] for line in told}
        assert not any("blurdct" in line for line in told)


def test_what_an_installer_wrote_may_be_broken(monkeypatch, tmp_path):
    monkeypatch.setattr(installing, "ROOT", tmp_path)
    for text in ("", "{", "[]", '"x"'):
        distribution = type("Odd", (Installed,), {"read_text": lambda self, name, text=text: text})
        monkeypatch.setattr(metadata, "distribution", lambda name, made=distribution: made())
        assert "pyarrow" in install_hint("scan")

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    monkeypatch.setattr(metadata, "requires", missing)
    assert install_hint("scan").endswith("'blurdct[scan]'")


def test_the_pip_is_the_one_of_this_python(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert install_hint("scan").startswith(f"{sys.executable} -m pip install ")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert install_hint("scan").startswith("pip install ")
    monkeypatch.setitem(sys.modules, "pip", None)
    assert install_hint("scan").startswith(f"pip --python {sys.executable} install ")


def test_a_library_that_is_there_but_does_not_load_is_not_to_be_installed():
    error = ImportError("libheif.so.1: cannot open shared object file\nmore")
    assert install_hint("formats", error) == (
        "a library that is installed, but cannot be loaded "
        "(libheif.so.1: cannot open shared object file)"
    )
    assert "install" in install_hint("formats", ModuleNotFoundError("No module named 'rawpy'"))


def test_no_other_line_of_the_package_tells_how_to_install_it():
    found = {
        path.name
        for path in (ROOT / "blurdct").rglob("*.py")
        if "pip install" in path.read_text(encoding="utf-8") or "blurdct[" in path.read_text()
    }
    assert found == {"installing.py"}


@pytest.mark.slow
def test_pip_takes_what_the_hint_says():
    words = shlex.split(install_hint("scan"))
    run = subprocess.run(
        [sys.executable, "-m", "pip", *words[words.index("install") :], "--dry-run", "--no-deps"],
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert run.returncode == 0, run.stderr
