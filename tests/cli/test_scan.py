import io
import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from blurdct import results
from blurdct.cli.app import main
from blurdct.cli.commands import scan as scan_command
from blurdct.scan.checkpoint import Checkpoint
from tests.helpers import toys

ROOT = Path(__file__).parents[2]
# In every process: photographs take longer, and LOG says which were opened.
SLOW = """
import os, sys, time
try:
    from blurdct.scan import checkpoint, worker
except ImportError:  # another Python that the tests run
    pass
else:
    checkpoint.PAUSE = 0.05
    real = worker.open_photo
    def slow(item):
        with open(os.environ["LOG"], "a") as log:
            log.write(item.path + "\\n")
        time.sleep(0.003)
        return real(item)
    worker.open_photo = slow
"""
MANY, BROKEN = 200, 20  # photographs, and every which of them is broken


@pytest.fixture
def model(tmp_path):
    toys.bundle().save(tmp_path / "toy")
    return str(tmp_path / "toy")


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path("in")
    folder.mkdir()
    for number in range(3):
        Image.fromarray(toys.photo(number, number)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def many(tmp_path, monkeypatch):
    """Tiny JPEGs, the broken ones among them cut short; what runs is slow and keeps a log."""
    monkeypatch.chdir(tmp_path)
    for number in range(MANY):
        path = tmp_path / "many" / f"{number % 7}" / f"{number:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(toys.photo(number % 5)).save(path)
        if number % BROKEN == 0:
            path.write_bytes(path.read_bytes()[: 200 + number])
    (tmp_path / "sitecustomize.py").write_text(SLOW)
    (tmp_path / "log").touch()
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    path = os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)
    return tmp_path / "log"


def run(*words):
    with pytest.raises(SystemExit) as end:
        main(["scan", *map(str, words)])
    return end.value.code


def begin(*words):
    command = [sys.executable, "-m", "blurdct", "scan", *words]
    pipe = subprocess.PIPE
    listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # what runs behind ignores it
    return subprocess.Popen(
        command, stderr=pipe, text=True, start_new_session=True, preexec_fn=listen
    )


def opened(log):
    return log.read_text().splitlines()


def wait_for(log, count):
    deadline = time.monotonic() + 30
    while len(opened(log)) < count and time.monotonic() < deadline:
        time.sleep(0.005)


def test_a_folder_becomes_a_file_and_one_line_counts_it(photos, model, capsys):
    assert run("in", "--out", "out.csv", "--model", model, "--workers", 1) == 0
    assert [row["path"] for row in results.read("out.csv")] == [f"in/{k}.png" for k in range(3)]
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith("blurdct: out.csv: 3 photographs: ") and " a second" in err


def test_the_status_says_that_photos_could_not_be_read(photos, model, capsys):
    (photos / "bad.jpg").write_bytes(b"no picture")
    assert run("in", "--out", "out.jsonl", "--model", model, "--workers", 1) == 1
    assert "1 unreadable" in capsys.readouterr().err
    (photos / "bad.jpg").unlink()
    assert run("in", "--out", "out.jsonl", "--model", model, "--resume", "--workers", 1) == 0
    told = capsys.readouterr().err
    assert "3 were done before" in told and "dropped" not in told


def test_a_disk_that_is_not_mounted_is_told_and_no_success(photos, model, capsys):
    words = ("in", "--out", "out.csv", "--model", model, "--workers", 1)
    assert run(*words) == 0
    before = list(results.read("out.csv"))
    photos.rename("elsewhere")
    photos.mkdir()
    assert run(*words, "--resume") == 1
    assert list(results.read("out.csv")) == before
    err = capsys.readouterr().err
    assert "is empty: 3 below in; --force begins anew without them\n" in err
    assert run(*words, "--force") == 2
    assert "no photographs found" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["in", "--out", "out.txt"], "out.txt: expected a file ending in"),
        (["in", "--out", "there.csv"], "there.csv: exists; --resume"),
        (["in", "--out", "out.csv", "--resume", "--force"], "one or the other"),
        (["in", "--out", "out.csv", "--model", "nothing"], "no model 'nothing'"),
        (["in"], "--out"),
    ],
)
def test_wrong_use_is_one_line(photos, words, message, capsys):
    Path("there.csv").write_text("path\n")
    assert run(*words) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1
    assert not list(Path().glob("*.part"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("out.csv", "--gpus", "1"), "--gpus is for --engine ray"),
        (("out.csv", "--address", "auto"), "--address is for --engine ray"),
        (("out", "--engine", "ray", "--escape"), "--escape is for CSV, which --engine ray"),
        (("out.csv", "--engine", "ray"), "out.csv: --engine ray writes a folder of Parquet parts"),
        (("no/out", "--engine", "ray"), "no/out: no such folder as"),
        (("out", "--engine", "ray", "--workers", "1", "--gpus", "1"), "--workers and --gpus: one"),
        (("out", "--engine", "ray", "--gpus", "1", "--model", "cnn"), "cnn takes rgb256, which no"),
        (("out", "--engine", "ray", "--address", "nowhere"), "expected auto or HOST:PORT"),
        (("out", "--engine", "ray", "--resume", "--force"), "--resume and --force: one or"),
        (("nope://x", "--engine", "ray"), "nope://x: "),
    ],
)
def test_wrong_use_of_an_engine_is_one_line(photos, words, message, capsys):
    pytest.importorskip("ray", reason="Ray is not installed")
    assert run("in", "--out", *words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert {path.name for path in Path().iterdir()} == {"in"}


def test_a_second_scan_of_one_file_is_refused(photos, model, capsys):
    checkpoint = Checkpoint("out.csv.part")
    assert run("in", "--out", "out.csv", "--model", model, "--force") == 2
    assert "out.csv.part: another scan is writing it" in capsys.readouterr().err
    checkpoint.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills as POSIX does")
def test_a_scan_that_is_killed_again_and_again_accounts_for_every_file_once(many, model):
    rng = random.Random(5)
    words = ["many", "--out", "out.parquet", "--model", model, "--workers", "2"]
    for words_more in ([], ["--resume"], ["--resume"]):
        scan = begin(*words, *words_more)
        wait_for(many, len(opened(many)) + rng.randint(40, 60))
        scan.kill()
        assert scan.wait() == -signal.SIGKILL
        scan.stderr.close()
        while (count := len(opened(many))) and not time.sleep(0.1) and count < len(opened(many)):
            pass  # its processes end with it
    assert not Path("out.parquet").exists()
    scan = begin(*words, "--resume")
    told = scan.communicate()[1]
    assert scan.returncode == 1  # there are broken ones
    assert "were done before" in told and "dropped" not in told
    rows = list(results.read("out.parquet"))
    there = sorted(Path("many").rglob("*.jpg"))
    assert [row["path"] for row in rows] == list(map(str, there))
    bad = {row["path"] for row in rows if row["error"]}
    assert bad == {str(path) for path in there if int(path.stem) % BROKEN == 0}
    assert set(opened(many)) == set(map(str, there))
    assert sorted(path.name for path in Path().glob("out*")) == ["out.parquet"]


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="stops as POSIX does")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_scan_that_is_stopped_says_how_to_go_on(many, model, number, status):
    scan = begin("many", "--out", "out.csv", "--model", model, "--workers", "1")
    wait_for(many, 30)
    os.killpg(scan.pid, number)  # as a terminal does: its workers get it, too
    told = scan.communicate()[1]
    assert scan.returncode == status, told
    assert told.count("\n") == 1 and "photos are done; --resume goes on with the rest" in told
    done = int(told.split("stopped; ")[1].split()[0])
    assert 20 <= done < MANY
    checkpoint = Checkpoint("out.csv.part")
    assert checkpoint.count() == (done, 0)
    checkpoint.close()


def test_a_bar_counts_on_a_terminal_with_rate_and_time_left(photos, model, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(scan_command, "STEP", 0.0)
    bar = scan_command._Bar()
    with bar.shown(["in"], None, False):
        for done in range(1, 4):
            time.sleep(0.15)  # it is drawn ten times a second
            bar(done)
    text = sys.stderr.getvalue()
    assert "Scanning" in text and "2/3" in text and " a second" in text


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
def test_a_full_disk_ends_in_one_line_and_the_scan_goes_on_when_there_is_room(many, model, capsys):
    import resource

    words = ["many", "--out", "out.csv", "--model", model, "--workers", "2"]
    limit = 60_000  # bytes of a file; one with all rows takes more
    ended = subprocess.run(
        [sys.executable, "-m", "blurdct", "scan", *words],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert ended.returncode == 1 and ended.stderr.count("\n") == 1
    assert "out.csv.part: cannot be written" in ended.stderr
    assert "--resume goes on" in ended.stderr
    assert run(*words, "--resume") == 1  # there are broken ones
    assert "were done before" in capsys.readouterr().err
    assert len(list(results.read("out.csv"))) == MANY
