"""``blurdct serve``: processes that answer, are replaced, and finish what they have begun."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from uvicorn import Config, Server

from blurdct.cli.options import address
from blurdct.errors import ConfigError
from blurdct.service.http import server as http_server
from blurdct.service.settings import Settings
from blurdct.service.sockets import listen
from blurdct.utils.installing import install_hint
from tests.helpers.commands import call
from tests.helpers.services import jpeg

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
ENVIRONMENT.pop("XDG_CACHE_HOME", None)
FEW = ("--model", "dct-xgb")  # loads faster than all


class Service:
    """A service in processes of its own.

    Attributes:
        process: The one that watches over the others.
        port: Where it listens.
    """

    def __init__(self, folder: Path, *words: str) -> None:
        (folder / "tmp").mkdir()
        self.log = folder / "log"
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(folder / "tmp"),
        }
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "blurdct", "serve", "--http", ":0", *words],
                env=environment,
                stdout=log,
                stderr=subprocess.PIPE,
                text=True,
            )
        line = self.process.stderr.readline()
        self.port = int(re.fullmatch(r"blurdct: listening on http://127\.0\.0\.1:(\d+)\n", line)[1])

    def workers(self) -> set[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        named = {int(pid): Path(f"/proc/{pid}/cmdline").read_text() for pid in children.split()}
        return {pid for pid, line in named.items() if "spawn_main" in line}

    def counts(self) -> Path:
        """The folder in which its processes count together."""
        variables = Path(f"/proc/{min(self.workers())}/environ").read_bytes().split(b"\0")
        (found,) = (one for one in variables if one.startswith(b"PROMETHEUS_MULTIPROC_DIR="))
        return Path(os.fsdecode(found.partition(b"=")[2]))

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)

    def judge(self) -> int:
        url = f"http://127.0.0.1:{self.port}/v1/predict"
        return httpx.post(url, content=jpeg(), timeout=10).status_code

    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def running_service(folder: Path, *words: str):
    service = Service(folder, *FEW, *words)
    try:
        yield service
    finally:
        service.process.terminate()
        try:
            service.process.wait(10)
        finally:
            service.process.kill()
            service.process.stderr.close()


def open_request(port: int, sent: int) -> tuple[socket.socket, bytes]:
    """A request whose photo was sent in part; and the rest of it."""
    data = jpeg()
    head = f"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n"
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(head.encode() + data[:sent])
    return connection, data[sent:]


def test_a_service_lives_through_deaths_and_aborts_and_ends_when_its_work_is_done(tmp_path):
    with running_service(tmp_path, "--workers", "2", "--max-bytes", "100000") as service:
        assert service.judge() == 200
        before = service.workers()
        assert len(before) == 2

        killed = min(before)  # a process that dies is replaced
        os.kill(killed, signal.SIGKILL)
        ends = time.monotonic() + 10
        while len(service.workers() - {killed}) < 2 or service.get("/readyz").status_code != 200:
            assert time.monotonic() < ends
            time.sleep(0.05)
        assert service.judge() == 200

        for sent in (0, 1, 500):  # who leaves in the middle leaves no trace
            open_request(service.port, sent)[0].close()
        with socket.create_connection(("127.0.0.1", service.port)) as odd:
            odd.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
            assert odd.recv(100).startswith(b"HTTP/1.1 400")
        assert service.judge() == 200

        def counted() -> float:  # by all processes, the killed one too
            text = service.get("/metrics").text
            ok = re.search(r'requests_total\{path="/v1/predict",status="200"\} (\S+)', text)
            return float(ok[1])

        ends = time.monotonic() + 10
        while counted() < 3:  # the other process counts when its answer is out
            assert time.monotonic() < ends
            time.sleep(0.05)
        assert counted() == 3
        counts = service.counts()
        assert {path.stem[-2:] for path in counts.iterdir()} == {"_0", "_1"}  # nothing piles up

        connection, rest = open_request(service.port, 300)
        time.sleep(0.3)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        with pytest.raises(httpx.TransportError):  # nobody else comes in
            service.get("/healthz")
        connection.sendall(rest)
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200")
        connection.close()
        assert service.process.wait(10) == 0
        told = service.lines()
        assert not any("trace" in line for line in told)
        assert [line["status"] for line in told if line.get("status")].count(499) == 3
        assert not any(line.get("status") == 500 for line in told)
        for folder in ("tmp", "home"):  # nothing was left on disk, by any library
            assert not list((tmp_path / folder).rglob("*"))
        assert not counts.exists()


def test_a_service_whose_counts_are_removed_runs_on_without_them(tmp_path):
    with running_service(tmp_path, "--workers", "2") as service:
        assert service.judge() == 200
        shutil.rmtree(service.counts())
        assert [service.judge() for _ in range(4)] == [200] * 4
        assert service.get("/metrics").status_code == 200
        killed = service.workers()
        for number in killed:  # those that come after them find no folder at all
            os.kill(number, signal.SIGKILL)
        ends = time.monotonic() + 20
        while service.workers() & killed or len(service.workers()) < 2:
            assert time.monotonic() < ends
            time.sleep(0.05)
        assert [service.judge() for _ in range(4)] == [200] * 4
        assert "blurdct_requests_total" in service.get("/metrics").text
        assert not any("trace" in line for line in service.lines())


def test_whoever_came_before_the_stop_is_answered(tmp_path):
    with running_service(tmp_path, "--workers", "2") as service:
        workers = service.workers()
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        place = ("127.0.0.1", service.port)
        waiting = [socket.create_connection(place, timeout=10) for _ in range(400)]
        for connection in waiting:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        service.process.terminate()
        time.sleep(0.3)
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
        answers = [connection.recv(100)[:12] for connection in waiting]
        assert answers == [b"HTTP/1.1 200"] * 400
        for connection in waiting:
            connection.close()
        assert service.process.wait(10) == 0


def test_ctrl_c_ends_a_service_without_a_traceback(tmp_path):
    with running_service(tmp_path, "--workers", "1") as service:
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(10) == 0
        assert service.process.stderr.read() == ""
        assert not any("trace" in line for line in service.lines())


@contextmanager
def bare(app):
    """A server of one thread with our connections."""
    with listen("127.0.0.1", 0) as listening:
        config = Config(app, http=http_server.Connection, lifespan="off", log_config=None)
        server = Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(5)


async def early(scope, receive, send):
    """Answers without waiting for a body."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nx",
    ],
)
def test_a_connection_without_a_request_is_closed_whatever_drips_in(monkeypatch, said):
    monkeypatch.setattr(http_server, "HEAD_SECONDS", 0.3)
    with bare(early) as port, socket.create_connection(("127.0.0.1", port), timeout=3) as ours:
        ours.sendall(said)
        started, answered = time.monotonic(), b""
        try:
            while got := ours.recv(1000):
                answered += got
        except ConnectionResetError:
            pass
        assert 0.1 < time.monotonic() - started < 2
        assert (b"done" in answered) == (b"\r\n\r\n" in said)


def test_a_connection_may_be_used_again_and_a_slow_answer_is_waited_for(monkeypatch):
    monkeypatch.setattr(http_server, "HEAD_SECONDS", 0.3)

    async def slow(scope, receive, send):
        import asyncio

        await asyncio.sleep(0.5)
        await early(scope, receive, send)

    with bare(slow) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert [client.get("/").text for _ in range(3)] == ["done"] * 3


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (":8000", ("127.0.0.1", 8000)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:0", ("::1", 0)),
        ("photos.example:9099", ("photos.example", 9099)),
    ],
)
def test_an_address_without_a_host_is_this_computer_alone(text, place):
    assert address(text, "--http") == place


@pytest.mark.parametrize("text", ["8000", "a", "a:b", ":70000", "::1:80", "http://a:80", "", ":"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ConfigError, match="--http: expected HOST:PORT"):
        address(text, "--http")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--http", "8000"), "HOST:PORT"),
        (("--http", ":0", "--thrift", ":0"), "one or the other"),
        (("--http", "256.0.0.1:80"), "cannot listen on"),
        (("--token-file", "nowhere"), "--token-file nowhere: no such file"),
        (("--http", "[::2]:80"), "cannot listen on [::2]:80 ("),
        (("--token-file", os.devnull), "token"),
        (("--seconds", "nan"), "--seconds: expected a time over 0, got nan"),
        (("--allow-origin", "https://a.example/"), "--allow-origin: expected http(s)://"),
        (("--thrift", ":0", "--token-file", __file__), "token"),
        (
            ("--threshold", "80"),
            "--threshold: expected P(blurred) from 0 to 1, got 80; did you mean",
        ),
        (
            ("--threshold", "0.8", "--max-fpr", "0.01"),
            "--threshold and --max-fpr: one or the other",
        ),
        (("--http", ":0", "--model", "tree", "--max-fpr", "0.001"), "tree has no threshold for"),
        (("--thrift", ":0", "--model", "tree", "--max-fpr", "0.001"), "tree has no threshold for"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(words, why):
    run = call("serve", *words)
    assert run.status == 2 and why in run.err and run.err.count("\n") == 1


def test_a_wrong_variable_is_one_line_and_an_option_wins_over_it(monkeypatch):
    monkeypatch.setenv("BLURDCT_QUEUE", "many")
    run = call("serve", "--http", "256.0.0.1:80")
    assert (run.status, run.err) == (
        2,
        "blurdct: BLURDCT_QUEUE: expected a whole number, got 'many'\n",
    )
    assert "cannot listen on" in call("serve", "--http", "256.0.0.1:80", "--queue", "3").err


def test_the_help_tells_the_defaults_as_they_are():
    shown = " ".join(call("serve", "--help").out.split())
    for name in ("queue", "seconds", "max_bytes", "max_pixels", "max_files"):
        assert f"; {getattr(Settings(), name):.0f}." in shown


@pytest.mark.parametrize(
    ("host", "token", "warned"), [("0.0.0.0", "", True), ("0.0.0.0", "x" * 8, False)]
)
def test_a_service_that_all_may_ask_says_so(host, token, warned):
    with subprocess.Popen(
        [sys.executable, "-m", "blurdct", "serve", "--http", f"{host}:0", "--workers", "1", *FEW],
        env={**ENVIRONMENT, "BLURDCT_TOKEN": token},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        first = process.stderr.readline()
        process.terminate()
        assert ("whoever reaches this address may ask" in first) == warned
        assert ("listening on" in first) != warned


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = call("serve", "--http", f":{port}")
    assert run.status == 2 and f"cannot listen on 127.0.0.1:{port}" in run.err


def test_without_the_extra_one_line_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "blurdct.service.http.server")
    run = call("serve", "--http", ":0")
    assert run.status == 2 and install_hint("serve") in run.err
    assert run.err.count("\n") == 1


def ended(*words: str, path: Path = ROOT) -> subprocess.CompletedProcess:
    """A service that could not start."""
    return subprocess.run(
        [sys.executable, "-m", "blurdct", "serve", "--http", ":0", *words],
        env={**ENVIRONMENT, "PYTHONPATH": os.pathsep.join([str(path), str(ROOT)])},
        capture_output=True,
        text=True,
        timeout=20,
    )


def test_a_library_that_only_workers_need_is_named_too(tmp_path):
    (tmp_path / "fastapi.py").write_text("raise ModuleNotFoundError('none', name='fastapi')")
    done = ended(*FEW, path=tmp_path)
    assert done.returncode == 2 and "serve needs fastapi: " in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_nobody_thought_of_is_told_with_its_trace(tmp_path):
    (tmp_path / "fastapi.py").write_text("raise RuntimeError('out of order')")
    done = ended("--workers", "1", *FEW, path=tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "a process of the service ended (out of order); the log says more" in done.stderr
    (line,) = map(json.loads, done.stdout.splitlines())
    assert "out of order" in line["trace"]


def test_a_model_that_is_not_there_is_one_line():
    done = ended("--workers", "2", "--model", "nowhere")
    assert done.returncode == 2 and "no model 'nowhere'" in done.stderr
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stdout
