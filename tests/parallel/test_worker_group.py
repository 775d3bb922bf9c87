import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from blurdct.errors import BlurdctError, ConfigError
from blurdct.parallel.worker_group import side_by_side

ROOT = Path(__file__).parents[2]
VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

# A caller whose processes never end, and which says theirs and then waits.
CALLER = f"""
import sys, pathlib
sys.path.insert(0, {str(ROOT)!r})
from tests.parallel import test_worker_group
from blurdct.parallel.worker_group import side_by_side
if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    for _ in side_by_side(test_worker_group.stay, [(folder, 1), (folder, 2)], 0.05):
        pass
"""


def write(folder: Path, number: int) -> None:
    """Wait for the other one, so that both must be there at once; say who and in what setting."""
    Path(folder, f"{number}.here").touch()
    while len(list(folder.glob("*.here"))) < 2:
        time.sleep(0.01)
    settings = [os.environ.get(name, "") for name in VARIABLES]
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    Path(folder, f"{number}.txt").write_text(" ".join([str(os.getpid()), str(ignored), *settings]))


def stay(folder: Path, number: int) -> None:
    Path(folder, f"{number}.part").write_text(str(os.getpid()))
    Path(folder, f"{number}.part").rename(Path(folder, f"{number}.pid"))
    time.sleep(600)


def fail(kind: str, folder: Path) -> None:
    if kind == "stay":
        stay(folder, 0)
    while not Path(folder, "0.pid").exists():
        time.sleep(0.01)
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    raise {"ours": ConfigError("no such thing"), "other": KeyError("x")}[kind]


def alive(process: int) -> bool:
    """Whether it runs; one that ended and that nobody has asked after does not."""
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return state != "Z"


def until(condition) -> None:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < 60
        time.sleep(0.02)


def processes(folder: Path) -> list[int]:
    return [int(path.read_text()) for path in folder.glob("*.pid")]


def test_all_are_called_at_once_each_in_a_process_of_one_thread(tmp_path, monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert set(side_by_side(write, [(tmp_path, 1), (tmp_path, 2)], 0.05)) == {None}
    one, two = (Path(tmp_path, f"{number}.txt").read_text().split() for number in (1, 2))
    assert len({one[0], two[0], str(os.getpid())}) == 3
    # Ctrl-C is for the caller, and what the user set stays
    assert one[1:] == two[1:] == ["True", "1", "3", "1"]
    assert "MKL_NUM_THREADS" not in os.environ


@pytest.mark.parametrize(
    ("kind", "message"),
    [("ours", "^no such thing$"), ("other", "^KeyError: 'x'$"), ("die", "worker process died")],
)
def test_one_that_fails_is_one_line_and_ends_the_others(tmp_path, kind, message):
    if kind == "die" and sys.platform == "win32":
        pytest.skip("no such signal there")
    with pytest.raises(BlurdctError, match=message):
        list(side_by_side(fail, [("stay", tmp_path), (kind, tmp_path)], 0.05))
    (other,) = processes(tmp_path)
    assert not alive(other)


def test_one_that_fails_while_the_caller_is_busy_is_not_overlooked(tmp_path):
    (tmp_path / "0.pid").write_text("1")
    looks = side_by_side(fail, [("ours", tmp_path)], 0.01)
    next(looks)
    until(lambda: not multiprocessing.active_children())  # so long is the caller busy
    with pytest.raises(BlurdctError, match="no such thing"):
        list(looks)


def test_closing_ends_them_all(tmp_path):
    looks = side_by_side(stay, [(tmp_path, 1), (tmp_path, 2)], 0.05)
    until(lambda: next(looks) or len(processes(tmp_path)) == 2)
    assert all(map(alive, processes(tmp_path)))
    looks.close()
    assert not any(map(alive, processes(tmp_path)))


def test_nothing_to_call_is_over_at_once():
    assert list(side_by_side(stay, [], 0.05)) == [None]


@pytest.mark.skipif(sys.platform == "win32", reason="other signals there")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_they_do_not_outlive_the_caller(tmp_path, number):
    script = tmp_path / "caller.py"
    script.write_text(CALLER)
    command = [sys.executable, script, tmp_path]
    with subprocess.Popen(
        command,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # whoever runs the tests in the background ignores it, and hands that on
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as caller:
        until(lambda: len(processes(tmp_path)) == 2)
        assert all(map(alive, processes(tmp_path)))
        if number == "SIGINT":  # a terminal sends it to all of them
            os.killpg(caller.pid, signal.SIGINT)
        else:
            caller.send_signal(getattr(signal, number))
        assert caller.wait(30) != 0
    until(lambda: not any(map(alive, processes(tmp_path))))
