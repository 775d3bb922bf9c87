"""What breaks services: none of it is answered by a 500, and the next good request is answered."""

import asyncio
import contextlib
import json
import os
import random
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from blurdct.service.engine import GRACE, Engine
from blurdct.service.settings import Settings
from blurdct.service.sockets import listen
from blurdct.service.thrift.handler import Handler
from blurdct.service.thrift.idl import SERVICE
from blurdct.service.thrift.server import Server
from tests.helpers.services import jpeg

ROOT = Path(__file__).parents[2]
MIB = 1 << 20
LIMITS = {
    "MODEL": "dct-xgb",
    "MODELS": "dct-xgb",
    "MAX_BYTES": str(2 * MIB),
    "MAX_BUFFERED": str(4 * MIB),
    "MAX_FILES": "4",
    "SECONDS": "6",
    "UPLOAD_SECONDS": "3",
}
FORM = {"content-type": "multipart/form-data; boundary=X"}
PART = b'--X\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'


class Service:
    """The command, in processes of its own.

    Attributes:
        port: Where it listens.
        process: The one that watches over the others.
    """

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        limits = {f"BLURDCT_{name}": value for name, value in LIMITS.items()}
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "blurdct", "serve", "--http", ":0", "--workers", "2"],
                env={**os.environ, **limits, "PYTHONPATH": paths, "TMPDIR": str(folder)},
                stdout=log,
                stderr=subprocess.PIPE,
                text=True,
            )
        self.port = int(re.search(r":(\d+)\n", self.process.stderr.readline())[1])
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)

    def post(self, data: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.client.post("/v1/predict", content=data, headers=headers)

    def connect(self, data: bytes = b"") -> socket.socket:
        """A connection on which this was sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(data)
        return connection

    def is_well(self) -> bool:
        """Whether each of some good requests, on connections of their own, is answered."""
        verdicts = [
            httpx.post(f"{self.client.base_url}/v1/predict", content=jpeg(), timeout=20)
            for _ in range(6)
        ]
        assert [one.status_code for one in verdicts] == [200] * 6
        return len({one.json()["results"][0]["score"] for one in verdicts}) == 1

    def workers(self) -> dict[int, float]:
        """Of each worker process: the most memory it ever had, MB."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        found = {}
        for pid in children.split():
            with contextlib.suppress(OSError):
                if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text():
                    status = Path(f"/proc/{pid}/status").read_text()
                    found[int(pid)] = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
        return found


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Service]:
    made = Service(tmp_path_factory.mktemp("service"))
    try:
        yield made
        assert made.is_well()
        made.process.terminate()
        assert made.process.wait(20) == 0
        lines = [json.loads(line) for line in made.log.read_text().splitlines()]
        assert lines and not [line for line in lines if line.get("status") == 500]
        assert not [line for line in lines if "trace" in line]
    finally:
        made.process.kill()
        made.process.stderr.close()
        made.client.close()


def head(length: int) -> bytes:
    return f"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


def test_slow_senders_hold_nobody_up_and_are_told_off(service):
    slow = [service.connect(head(1000)) for _ in range(60)]
    begun = time.monotonic()
    assert service.is_well()
    while time.monotonic() < begun + 3.5:  # a byte now and then, for longer than an upload may take
        for connection in slow:
            with contextlib.suppress(OSError):
                connection.send(b"x")
        time.sleep(0.25)
    for connection in slow:
        with connection:
            assert connection.recv(1000).startswith(b"HTTP/1.1 408")


def test_uploads_that_are_broken_off_leave_nothing_behind(service):
    rng = random.Random(0)
    for _ in range(40):  # ten times as many bytes as may be held at the same time
        connection = service.connect(head(2 * MIB) + bytes(rng.randrange(2 * MIB)))
        if rng.random() < 0.5:  # without a farewell
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.close()
    time.sleep(0.2)
    big = service.post(jpeg() + bytes(2 * MIB - 100_000))  # there is room for all that is allowed
    assert big.status_code == 200 and service.is_well()


def test_each_process_gets_its_part_of_the_connections(service):
    def sockets(worker: int) -> set[str]:
        found = set()
        for number in os.listdir(f"/proc/{worker}/fd"):
            with contextlib.suppress(OSError):  # closed meanwhile
                found.add(os.readlink(f"/proc/{worker}/fd/{number}"))
        return {name for name in found if name.startswith("socket:")}

    before = {worker: sockets(worker) for worker in service.workers()}
    connections = [service.connect() for _ in range(200)]
    ends = time.monotonic() + 10
    while sum(parts := [len(sockets(one) - old) for one, old in before.items()]) < 200:
        assert time.monotonic() < ends
        time.sleep(0.05)
    for connection in connections:
        connection.close()
    assert len(parts) == 2 and min(parts) >= 8


@pytest.fixture
def room() -> Iterator[int]:
    """How many connections this process may open; 10,000 where the system lets it."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = before[1] if before[1] != resource.RLIM_INFINITY else 20_000
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
    yield min(10_000, most - 1000)
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_ten_thousand_connections_that_are_opened_and_left_hold_nobody_up(service, room):
    said = [b"", b"GET / HT", head(100)]
    left = [service.connect(said[number % 3]) for number in range(room)]
    assert service.is_well()
    for connection in left:
        connection.close()
    assert service.is_well()


def test_a_worker_that_is_killed_takes_few_requests_along_and_is_replaced(service):
    before = set(service.workers())
    assert len(before) == 2

    def ask(number: int) -> int:
        if number == 20:
            os.kill(min(before), signal.SIGKILL)
        try:
            answer = httpx.post(f"{service.client.base_url}/v1/predict", content=jpeg(), timeout=20)
        except httpx.TransportError:
            return 0
        return answer.status_code

    with ThreadPoolExecutor(4) as crowd:
        statuses = list(crowd.map(ask, range(60)))
    assert set(statuses) <= {0, 200} and statuses.count(0) <= 8
    ends = time.monotonic() + 20
    while len(service.workers()) < 2 and time.monotonic() < ends:
        time.sleep(0.05)
    assert len(set(service.workers()) - before) == 1 and service.is_well()


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nHost: ", b"GET / HTTP/1.1\r\n"])
def test_a_head_without_an_end_is_cut_off(service, start):
    more = b"a: b\r\n" * 10_000 if start.endswith(b"\n") else b"a" * 60_000
    before = max(service.workers().values())
    with service.connect(start) as connection, pytest.raises(OSError, match="reset|pipe"):
        for _ in range(2000):
            connection.sendall(more)
    assert service.is_well() and max(service.workers().values()) < before + 50


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data"),
        (b"--X", "multipart/form-data; boundary="),
        (PART + jpeg(), "multipart/form-data; boundary=" + 100 * "X"),
        (PART + jpeg(), "multipart/form-data; boundary=X; boundary=Y"),
        (PART + jpeg(), 'multipart/form-data; boundary="\\'),
        (PART + jpeg() + b"\r\n--X", FORM["content-type"]),
        (PART + jpeg() + b"\r\n--Y--\r\n", FORM["content-type"]),
        (PART[:-2] + jpeg() + b"\r\n--X--\r\n", FORM["content-type"]),
        (b"--X\r\n" * 1000 + b"--X--", FORM["content-type"]),
        (b"--X\r\n" + b"A: b\r\n" * 50_000 + b"\r\n\r\n--X--", FORM["content-type"]),
        (b"--X\r\n" + b"A" * MIB + b": b\r\n\r\n\r\n--X--", FORM["content-type"]),
        (b"--X\r\nContent-Disposition\r\n\r\na\r\n--X--", FORM["content-type"]),
        (PART + b"\r\n--X--" + bytes(MIB), FORM["content-type"]),
        ((PART + b"x\r\n") * 5 + b"--X--", FORM["content-type"]),
        (PART.replace(b'"a"', b'"\xff\xfe\x00"') + b"x\r\n--X--", FORM["content-type"]),
    ],
)
def test_a_malformed_form_is_the_fault_of_who_sent_it(service, body, kind):
    answer = service.post(body, {"content-type": kind})
    assert answer.status_code in (400, 422) and answer.json()["detail"]


def test_a_form_with_random_damage_is_judged_or_refused(service):
    rng = random.Random(1)
    whole = PART + jpeg() + b"\r\n" + PART + jpeg(1) + b"\r\n--X--\r\n"
    statuses = [service.post(damaged(whole, rng), FORM).status_code for _ in range(150)]
    assert set(statuses) <= {200, 400, 422} and len(set(statuses)) > 1
    assert service.is_well()


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Some bytes changed, taken out, repeated, or cut off."""
    found = bytearray(data)
    for _ in range(rng.choice([1, 1, 3, 10])):
        # half of the damage where the structure is
        at = rng.randrange(min(200, len(found)) if rng.random() < 0.5 else len(found))
        how = rng.randrange(4)
        if how == 0:
            found[at] = rng.randrange(256)
        elif how == 1:
            del found[at : at + rng.randrange(1, 40)]
        elif how == 2:
            found[at:at] = found[at : at + rng.randrange(1, 40)]
        elif at:
            del found[at:]
    return bytes(found)


def png(width: int, height: int, bits: int, colours: int, *more: tuple[bytes, bytes]) -> bytes:
    """A black picture, whole."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack("!I", zlib.crc32(name + data))
        return struct.pack("!I", len(data)) + name + data + check

    pack = zlib.compressobj(1)
    channels = {0: 1, 2: 3, 6: 4}[colours]
    row = bytes(1 + (width * bits * channels + 7) // 8)
    pixels = b"".join([*(pack.compress(row) for _ in range(height)), pack.flush()])
    shape = struct.pack("!IIBBBBB", width, height, bits, colours, 0, 0, 0)
    chunks = [(b"IHDR", shape), *more, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


def sized_jpeg(width: int, height: int) -> bytes:
    """A photo whose header claims this size."""
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack("!HH", height, width)
    return bytes(data)


def test_bombs_are_refused_before_they_are_unpacked(service):
    text = b"a\0\0" + zlib.compress(bytes(100 * MIB), 1)
    profile = b"a\0\0" + zlib.compress(bytes(100 * MIB), 1)
    assert service.is_well()
    bombs = {
        "PNG of 30000x30000": png(30_000, 30_000, 1, 0),
        "JPEG of 65500x65500": sized_jpeg(65_500, 65_500),
        "BMP of 60000x60000": b"BM" + struct.pack("<IIIIiiHHIIiiII", 99, 0, 54, 40, 60_000, 60_000,
                                                   1, 24, 0, 99, 1, 1, 0, 0),
        "GIF of 65535x65535": b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + b","
                              + struct.pack("<HHHHBB", 0, 0, 65_535, 65_535, 0, 2) + b"\0;",
    }  # fmt: skip
    for name, bomb in bombs.items():
        assert len(bomb) < MIB, name
        answer = service.post(bomb)
        assert answer.status_code == 422, name
        assert " limit " in answer.json()["detail"], name
    hidden = {
        "text": png(64, 64, 8, 2, (b"zTXt", text)),
        "profile": png(64, 64, 8, 2, (b"iCCP", profile)),
        "JPEG of 65500x1500 with data for a corner": sized_jpeg(65_500, 1500),
    }
    for name, bomb in hidden.items():
        assert service.post(bomb).status_code in (200, 422), name
    assert service.is_well()
    assert max(service.workers().values()) < 1000  # MB; unpacked, the first has 900 million pixels


def test_a_photo_that_is_never_done_costs_its_decoder_and_no_worker(service):
    pytest.importorskip("pypdfium2")
    before = set(service.workers())
    assert service.post(endless_pdf()).status_code in (504, 422)  # whose time is up first
    time.sleep(GRACE + 2)  # by then a worker that is stuck has ended
    assert set(service.workers()) == before
    assert service.is_well()


def endless_pdf() -> bytes:
    """A page that takes years to draw: forms within forms, each drawn thirty times."""
    page = b"/MediaBox[0 0 300 300]/Resources<</XObject<</A 5 0 R>>>>/Contents 4 0 R"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R" + page + b">>",
        b"<</Length 5>>stream\n/A Do\nendstream",
    ]
    for inner in (6, 7, 8, 9, 10, 11, 12, 13):
        drawn = 30 * (b"0 0 9 9 re f " if inner == 13 else b"/A Do ")
        inside = b"/Resources<</XObject<</A %d 0 R>>>>" % inner if inner < 13 else b""
        form = b"<</Type/XObject/Subtype/Form/BBox[0 0 300 300]%s/Length %d>>stream\n%s\nendstream"
        objects.append(form % (inside, len(drawn), drawn))
    found = b"%PDF-1.4\n"
    places = []
    for number, one in enumerate(objects, 1):
        places.append(b"%010d 00000 n \n" % len(found))
        found += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    count = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, b"".join(places))
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (count, len(found))
    return found + table + end


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("mode", GenerationMode)
def test_random_requests_are_answered_as_the_document_says(service, mode):
    document = schemathesis.openapi.from_url(f"{service.client.base_url}/openapi.json")
    asked = set()
    for operation in document.get_all_operations():
        current_context = operation.ok().as_strategy(generation_mode=mode)

        @settings(max_examples=40, suppress_health_check=list(HealthCheck))
        @given(current_context)
        def ask(case):
            answer = case.call(timeout=20)
            case.validate_response(answer, checks=CHECKS)
            asked.add((case.path, answer.status_code))

        with contextlib.suppress(Unsatisfiable):  # nothing of this request could be wrong
            ask()
    print(asked)
    assert {path for path, _ in asked} >= {"/v1/predict", "/v1/map"}
    assert service.is_well()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A Thrift server in a thread."""
    limits = Settings(
        models=("dct-xgb",), max_bytes=MIB, max_buffered=4 * MIB, seconds=8.0, upload_seconds=9.0
    )
    engine = Engine(limits)
    server = Server(Handler(engine).answer, limits)
    loop = asyncio.new_event_loop()
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=loop.run_until_complete, args=(server.run(listener),))
        thread.start()
        yield listener.getsockname()[1]
        loop.call_soon_threadsafe(server.stopping.set)
        thread.join(20)
        assert not thread.is_alive()
    engine.close()
    loop.close()


def reco(photo: bytes, length: int | None = None) -> bytes:
    """A call, as it goes over the wire; the photo's length may be a lie."""
    name = struct.pack("!HBBI", 0x8001, 0, 1, 4) + b"reco" + struct.pack("!i", 7)
    size = len(photo) if length is None else length
    return name + struct.pack("!BhI", 11, 1, size & 0xFFFFFFFF) + photo + b"\0"


def said(port: int, data: bytes) -> bytes:
    """What comes back until the service closes the connection, once all has been sent."""
    answer = b""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    with connection, contextlib.suppress(OSError):  # it closes when it has heard enough
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while got := connection.recv(1 << 16):
            answer += got
    return answer


def test_random_bytes_for_reco_break_no_thrift_service(port):
    rng = random.Random(2)
    good = reco(jpeg())
    expected = said(port, good)
    assert b'"status": 1' in expected
    seen = set()
    for number in range(300):
        how = number % 5
        if how == 0:
            data = rng.randbytes(rng.randrange(2000))
        elif how == 1:
            data = good[:4] + rng.randbytes(rng.randrange(200))
        elif how == 2:
            data = reco(rng.randbytes(rng.randrange(3000)))
        elif how == 3:
            data = reco(jpeg(), rng.choice([-1, 0, 1, 2 * MIB, 2**31 - 1, rng.getrandbits(32)]))
        else:
            data = damaged(good, rng)
        answer = said(port, data)
        assert b"internal error" not in answer
        seen |= {status for status in (b'"status": 0', b'"status": 1') if status in answer}
        if number % 50 == 0:
            assert said(port, good) == expected
    assert said(port, good) == expected and len(seen) == 2


def test_the_exception_for_what_nobody_thought_of_is_seen_by_this_fuzzer(port, monkeypatch):
    monkeypatch.setattr(Handler, "reco", lambda *_: 1 / 0)
    assert b"internal error" in said(port, reco(jpeg()))
    assert "reco" in SERVICE.thrift_services
