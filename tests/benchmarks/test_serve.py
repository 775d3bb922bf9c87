"""What ``benchmarks/serve.py`` sends and counts."""

import runpy
import shutil
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import cv2
import pytest

from tests.benchmarks.conftest import BENCHMARKS


@pytest.fixture
def serve() -> SimpleNamespace:
    """The functions of the benchmark."""
    return SimpleNamespace(**runpy.run_path(str(BENCHMARKS / "serve.py")))


def test_the_photographs_are_near_the_wanted_size_and_photographs(serve, tmp_path):
    paths = serve.write_jpegs(tmp_path)
    sizes = [path.stat().st_size for path in paths]
    assert len(paths) >= 5 and all(175_000 <= size <= 225_000 for size in sizes)
    assert all(cv2.imread(str(path)) is not None for path in paths)


@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
def test_each_request_is_a_photo_and_each_failure_is_counted(serve, tmp_path):
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
        run = serve.posted(server.server_port, paths, 2, 1)
        server.shutdown()
    assert set(seen) == {("/v1/predict", path.read_bytes()) for path in paths}
    assert 0 <= sum(seen.values()) - run["requests"] <= 2  # those that the end cut off
    assert run["requests"] / 3 == pytest.approx(run["failed"], abs=3)
    assert 0 < run["p50"] <= run["p99"] and run["seconds"] == pytest.approx(1, abs=0.5)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
def test_the_service_stands_beside_its_detector_and_page_and_figures_agree(bench):
    short = ("--rounds", 1, "--seconds", 0.3, "--connections", 1, "--workers", 1, "--requests", 5)
    answer = bench("serve", *short, apart=True)
    speeds, memory = (table["rows"] for table in answer.figures["tables"])
    assert [row[0] for row in speeds] == ["one Detector", "1 Detectors", "1"]
    assert speeds[0][2] == 1 and speeds[0][4] is None
    assert 0 < speeds[2][4] <= speeds[2][5]
    counts = [row[0] for row in memory]
    assert counts[0] == 0 and counts[-1] >= 5 and counts == sorted(counts)
    assert all(abs(sum(row[1]) - row[2]) < 1e-3 for row in memory)
