"""What ``benchmarks/serve.py`` sends and counts."""

import shutil
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest

TOOLS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(TOOLS)
    import serve as bench_serve

    return bench_serve


def test_the_photographs_are_near_the_wanted_size_and_photographs(bench, tmp_path):
    paths = bench.write_jpegs(tmp_path)
    sizes = [path.stat().st_size for path in paths]
    assert len(paths) >= 5 and all(175_000 <= size <= 225_000 for size in sizes)
    assert all(cv2.imread(str(path)) is not None for path in paths)


@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
def test_each_request_is_a_photo_and_each_failure_is_counted(bench, tmp_path):
    paths = [tmp_path / f"{number}.jpg" for number in range(3)]
    for path in paths:
        path.write_bytes(path.stem.encode() * 100)
    seen = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            seen[self.path, body] += 1
            self.send_response(422 if body.startswith(b"2") else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        run = bench.posted(server.server_port, paths, 2, 1)
        server.shutdown()
    assert set(seen) == {("/v1/predict", path.read_bytes()) for path in paths}
    assert 0 <= sum(seen.values()) - run["requests"] <= 2  # those that the end cut off
    assert run["requests"] / 3 == pytest.approx(run["failed"], abs=3)
    assert 0 < run["p50"] <= run["p99"] and run["seconds"] == pytest.approx(1, abs=0.5)
