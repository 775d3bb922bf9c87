"""``blur.thrift`` answered: clients of another library, old clients, and whoever means harm."""

import contextlib
import json
import math
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("thriftpy2")

import thriftpy2
from thriftpy2.rpc import make_client
from thriftpy2.thrift import TApplicationException

from blurdct import __version__
from blurdct.config import ReadConfig
from blurdct.errors import BlurdctError, ConfigError
from blurdct.features.photo import Photo
from blurdct.inference.bundle import load
from blurdct.inference.detector import Detector
from blurdct.service import models
from blurdct.service.engine import Busy, Engine, TooLong
from blurdct.service.settings import Settings
from blurdct.service.sockets import listen
from blurdct.service.thrift.handler import Handler
from blurdct.service.thrift.idl import IDL, SERVICE
from blurdct.service.thrift.server import serve
from blurdct.service.verdicts import FIELDS
from tests.helpers import toys
from tests.helpers.services import measuring
from tests.helpers.thrift_services import IDL_FILE, LIMIT, OLD_IDL, SETTINGS, apache, running

ROOT = Path(__file__).resolve().parents[2]
CALL, REPLY = 1, 2  # kinds of messages
FLAT = cv2.imencode(".png", np.full((64, 64), 128, np.uint8))[1].tobytes()


def jpeg(seed: int = 0, sigma: float = 0.0) -> bytes:
    return cv2.imencode(".jpg", toys.photo(seed, sigma)[:, :, ::-1])[1].tobytes()


@contextlib.contextmanager
def apache_client(service, port: int):
    """A client of Apache's runtime: binary protocol, buffered transport."""
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.transport import TSocket, TTransport

    transport = TTransport.TBufferedTransport(TSocket.TSocket("127.0.0.1", port))
    transport.open()
    try:
        yield service.Client(TBinaryProtocol(transport))
    finally:
        transport.close()


@contextlib.contextmanager
def client(port: int):
    """A client of thriftpy2."""
    made = make_client(SERVICE, "127.0.0.1", port, timeout=10_000)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def handler() -> Handler:
    return Handler(Engine(SETTINGS))


@pytest.fixture(scope="module")
def port(handler) -> Iterator[int]:
    """Of a server that other tests use, too."""
    with running(handler.answer) as there:
        yield there.port


class Failing:
    """An engine that raises."""

    settings = SETTINGS

    def __init__(self, error: Exception) -> None:
        self.error = error

    def predict(self, *_: object) -> dict:
        raise self.error

    probability = predict


def message(method: str, fields: bytes, kind: int = CALL, number: int = 7) -> bytes:
    """A call as bytes, by the specification; the fields without their end."""
    name = method.encode()
    head = struct.pack("!HBBi", 0x8001, 0, kind, len(name)) + name
    return head + struct.pack("!i", number) + fields + b"\0"


def string(number: int, data: bytes, length: int | None = None) -> bytes:
    """A field that is a string."""
    return struct.pack("!bhi", 11, number, len(data) if length is None else length) + data


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 5)


def read_all(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (some := connection.recv(count - len(data))):
        data += some
    return data


def closed(connection: socket.socket) -> bool:
    """Whether the other side closes within the connection's time limit."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def is_well(port: int) -> bool:
    """Whether the next good request is answered."""
    with client(port) as asked:
        return json.loads(asked.reco(jpeg()))["status"] == 1


def check_old_answer(text: str, p: float) -> None:
    """The JSON as old clients read it: keys, their order, types, values."""
    assert text == json.dumps(
        {"status": 1, "msg": "success", "data": {"pred": int(p > 0.5), "score": p}}
    )
    assert 0 <= p <= 1 and isinstance(p, float)


@pytest.mark.parametrize("sigma", [0.0, 3.0])
def test_old_clients_of_apache_get_the_json_that_they_know(port, sigma):
    p = Detector.load().predict(jpeg(1, sigma)).probability
    with apache_client(apache("old").blur_detection, port) as asked:
        check_old_answer(asked.reco(jpeg(1, sigma)), p)


def test_old_clients_of_thriftpy2_get_the_json_that_they_know(port, tmp_path):
    (tmp_path / "old.thrift").write_text(OLD_IDL)
    old = thriftpy2.load(str(tmp_path / "old.thrift"), module_name="old_py2_thrift")
    p = Detector.load().predict(jpeg(1)).probability
    asked = make_client(old.blur_detection, "127.0.0.1", port, timeout=10_000)
    check_old_answer(asked.reco(jpeg(1)), p)
    asked.close()


def test_an_old_call_is_answered_byte_for_byte_as_the_specification_has_it(port):
    with connect(port) as connection:
        connection.sendall(message("reco", string(1, b"no picture")))
        text = b'{"status": 0, "msg": "not an image, or of an unknown format", "data": ""}'
        expected = message("reco", string(0, text), REPLY)
        assert read_all(connection, len(expected)) == expected


def test_pred_is_one_above_a_half_alone():
    class Fixed:
        def probability(self, *_: object) -> float:
            return self.p

    engine = Fixed()
    for p, pred in ((0.0, 0), (0.5, 0), (math.nextafter(0.5, 1), 1), (1.0, 1)):
        engine.p = p
        assert json.loads(Handler(engine).reco(b"x"))["data"] == {"pred": pred, "score": p}


def test_clients_of_apache_get_typed_verdicts(port):
    blur = apache("blur")
    verdict = Detector.load("fast").predict(jpeg(2))
    with apache_client(blur.BlurDetector, port) as asked:
        assert asked.ping() == f"blurdct {__version__}"
        found = asked.predict(jpeg(2), "dct-xgb")
        for name in (*FIELDS[1:7], "sure", "note"):
            assert getattr(found, name) == getattr(verdict, name), name
        assert (found.width, found.height, found.sharp_fraction) == (64, 64, None)
        mapped = asked.predict(jpeg(2), None)
        assert mapped.model == "dct-fusion" and 0 <= mapped.sharp_fraction <= 1
        known = [(model.name, model.sees, model.has_map) for model in asked.models()]
        assert known == [("dct-fusion", "640 pixels", True), ("dct-xgb", "512 pixels", False)]
        for model in asked.models():
            assert 0 < model.sure_sharp < model.threshold == 0.5 < model.sure_blurred < 1
            assert 0.5 < model.accuracy < model.roc_auc < 1 < model.ms_per_photo
        with pytest.raises(blur.ttypes.BadPicture, match="truncated or damaged"):
            asked.predict(jpeg(2)[:300], "")
        with pytest.raises(blur.ttypes.WrongUse, match="dct-fusion, dct-xgb"):
            asked.predict(jpeg(2), "nonsense")


def test_evidence_and_blur_are_told_to_clients_that_know_them_and_pass_others_by(tmp_path):
    settings = measuring(tmp_path / "toy")
    verdict = Detector.load(tmp_path / "toy").predict(jpeg(1, 3))
    older = re.sub(r"(?m)^ +1[2-5]: optional \w+ (evidence|blur|kind).*$", "", IDL_FILE.read_text())
    (tmp_path / "older.thrift").write_text(older)
    idl = thriftpy2.load(str(tmp_path / "older.thrift"), module_name="older_py2_thrift")
    with running(Handler(Engine(settings)).answer) as there:
        with client(there.port) as asked:
            found = asked.predict(jpeg(1, 3), "")
            assert (found.evidence, found.blur) == (verdict.evidence, verdict.blur)
            assert found.blur > 1
            kinds = (verdict.kind, verdict.kind_probability)
            assert (found.kind, found.kind_probability) == kinds and verdict.kind
            unknown = asked.predict(FLAT, "")
            assert (unknown.evidence, unknown.blur, unknown.kind) == (0.0, None, None)
        asked = make_client(idl.BlurDetector, "127.0.0.1", there.port, timeout=10_000)
        found = asked.predict(jpeg(1, 3), "")
        asked.close()
    assert not hasattr(found, "blur") and not hasattr(found, "kind")
    assert found.probability == verdict.probability
    assert (found.label, found.model, found.width) == (verdict.label, "toy", 64)


def test_a_picture_of_one_colour_says_why_it_has_no_verdict(port):
    with client(port) as asked:
        check_unknown(asked.predict(FLAT, ""))
        check_unknown(asked.predict(FLAT, "dct-xgb"))
    with apache_client(apache("blur").BlurDetector, port) as asked:
        check_unknown(asked.predict(FLAT, ""))


def check_unknown(found) -> None:
    assert found.label == "unknown" and found.reason and found.sure is False
    assert found.probability is found.score is found.sharp_fraction is found.blur is None
    assert found.threshold == 0.5


@pytest.mark.parametrize("grey", [0, 128])
def test_old_clients_get_a_p_for_what_is_unknown_too(port, grey):
    plain = np.full((64, 64), grey, np.uint8)
    p = Detector.load().probability(Photo(plain, ReadConfig(load("best").size)))
    with client(port) as asked:
        check_old_answer(asked.reco(cv2.imencode(".png", plain)[1].tobytes()), p)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty file"),
        (b"no picture", "not an image"),
        (jpeg()[:200], "truncated or damaged"),
        (cv2.imencode(".png", np.zeros((8, 8), np.uint8))[1].tobytes(), "too small"),
        (bytes(LIMIT + 1), "200,001 bytes are over the limit of 200,000"),
        (bytes(20 * LIMIT), "over the limit"),
    ],
)
def test_a_bad_picture_is_status_0_and_the_connection_stays(port, data, words):
    with client(port) as asked:
        answer = json.loads(asked.reco(data))
        assert (answer["status"], answer["data"]) == (0, "") and words in answer["msg"]
        assert "photo:" not in answer["msg"]
        with pytest.raises(IDL.BadPicture, match=words):
            asked.predict(data, "")
        assert json.loads(asked.reco(jpeg()))["status"] == 1


def test_a_picture_of_just_the_limit_may_come_with_a_model(port):
    padded = jpeg() + bytes(LIMIT - len(jpeg()))
    with client(port) as asked:
        assert asked.predict(padded, "dct-fusion").model == "dct-fusion"


@pytest.mark.parametrize(
    ("error", "kind"), [(Busy("full; try again"), "Busy"), (TooLong("not in time"), "TooLong")]
)
def test_a_service_that_cannot_answer_now_says_so(error, kind):
    with running(Handler(Failing(error)).answer) as there, client(there.port) as asked:
        assert json.loads(asked.reco(jpeg())) == {"status": 0, "msg": str(error), "data": ""}
        with pytest.raises(getattr(IDL, kind), match=str(error)):
            asked.predict(jpeg(), "")


def test_a_fault_of_ours_is_said_and_the_connection_stays():
    handler = Handler(Failing(ZeroDivisionError("secret")))
    with running(handler.answer) as there, client(there.port) as asked:
        for _ in range(2):
            with pytest.raises(TApplicationException, match="^internal error$"):
                asked.predict(jpeg(), "")
        assert asked.ping() == f"blurdct {__version__}"


def test_an_unknown_method_and_new_arguments_do_no_harm(port):
    with connect(port) as connection:
        connection.sendall(message("nonsense", string(1, b"x")))
        assert b"no such method" in connection.recv(500)
        extra = struct.pack("!bhi", 8, 5, 1) + struct.pack("!bhd", 4, 6, 0.5)
        connection.sendall(message("reco", extra + string(9, b"y") + string(1, jpeg())))
        assert b'"status": 1' in connection.recv(500)
        connection.sendall(message("reco", struct.pack("!bhq", 10, 1, 5)))  # of the wrong type
        assert b"empty file" in connection.recv(500)
        connection.sendall(message("predict", string(1, jpeg()) + string(2, b"\xff\xfe")))
        assert b"model: expected UTF-8" in connection.recv(500)


def test_a_claim_of_two_gigabytes_reserves_no_memory(handler):
    with running(handler.answer) as there, connect(there.port) as connection:
        tracemalloc.start()
        connection.sendall(message("reco", string(1, b"", 2**31 - 1))[:-1] + bytes(1 << 20))
        assert is_well(there.port)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 << 20
        assert closed(connection)  # no more came


def test_bytes_of_all_connections_are_limited_and_given_back(handler):
    settings = Settings(**{**vars(SETTINGS), "max_buffered": LIMIT, "seconds": 5.0})
    with running(handler.answer, settings) as there, client(there.port) as asked:
        with connect(there.port) as connection:
            connection.sendall(message("reco", string(1, bytes(LIMIT - 100), LIMIT))[:-1])
            while there.server._intake.held < LIMIT - 100:
                time.sleep(0.01)
            assert "too many" in json.loads(asked.reco(jpeg()))["msg"]
        while there.server._intake.held:
            time.sleep(0.01)
        assert json.loads(asked.reco(jpeg()))["status"] == 1


BOMBS = {
    "a list of two billion elements without bytes": struct.pack("!bhbi", 15, 3, 0, 2**31 - 1),
    "nested lists": struct.pack("!bh", 15, 3) + struct.pack("!bi", 15, 2**31 - 1) * 50,
    "nested structs": struct.pack("!bh", 12, 1) * 300,
    "a map": struct.pack("!bhbbi", 13, 3, 1, 1, 2**31 - 1),
    "a string of negative length": string(1, b"", -1),
    "more arguments than anybody has": struct.pack("!bhb", 3, 3, 0) * 1000,
}


@pytest.mark.parametrize("fields", BOMBS.values(), ids=BOMBS)
def test_a_bomb_costs_its_sender_the_connection_at_once(port, fields):
    with connect(port) as connection:
        connection.sendall(message("reco", fields))
        connection.settimeout(1.8)  # less than a pause may take
        assert closed(connection)
    assert is_well(port)


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        struct.pack("!i", 30) + message("reco", string(1, b"x")),  # framed
        struct.pack("!HBBi", 0x8001, 0, CALL, 2**31 - 1),  # a method's name
        struct.pack("!HBBi", 0x8001, 0, CALL, -5),
        message("reco", b"", REPLY),
        message("reco", b"").replace(b"reco", b"r\xffco"),
    ],
)
def test_garbage_costs_its_sender_the_connection_at_once(port, garbage):
    with connect(port) as connection:
        connection.sendall(garbage)
        connection.settimeout(1.8)
        assert closed(connection)


def test_random_bytes_never_end_the_service(port):
    rng = np.random.default_rng(0)
    good = message("predict", string(1, jpeg()) + string(2, b"dct-xgb"))
    for _ in range(300):
        data = bytearray(good)
        if rng.random() < 0.2:
            data = bytearray(rng.bytes(rng.integers(1, 200)))
        # mostly where the protocol is, not the picture
        for _ in range(rng.integers(1, 4)):
            data[rng.integers(min(len(data), 40))] = rng.integers(256)
        with connect(port) as connection, contextlib.suppress(ConnectionError):
            connection.sendall(data[: rng.integers(1, len(data) + 1)])
            if rng.random() < 0.5:
                with contextlib.suppress(OSError):  # closed already
                    connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
    assert is_well(port)


def test_damaged_pictures_get_a_verdict_or_a_reason(port):
    rng = np.random.default_rng(1)
    pixels = toys.photo(3)
    pictures = [cv2.imencode(f".{kind}", pixels)[1] for kind in ("jpg", "png", "webp", "tiff")]
    statuses = set()
    with client(port) as asked:
        for number in range(200):
            data = pictures[number % len(pictures)].copy()
            data[rng.integers(len(data), size=rng.integers(1, 20))] = rng.integers(256)
            answer = json.loads(asked.reco(data[: rng.integers(1, 2 * len(data))].tobytes()))
            assert answer["msg"] and "\n" not in answer["msg"]
            assert (answer["data"] == "") == (answer["status"] == 0)
            statuses.add(answer["status"])
    assert statuses == {0, 1}


def test_silent_and_slow_clients_hold_up_nobody_and_are_let_go(handler):
    with running(handler.answer, idle=2.0) as there, contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connect(there.port)) for _ in range(200)]
        slow = [stack.enter_context(connect(there.port)) for _ in range(40)]
        for connection in slow:
            connection.sendall(message("reco", string(1, jpeg()))[:100])
        began = time.monotonic()
        for _ in range(5):
            assert is_well(there.port)
        assert time.monotonic() - began < 1.8
        assert all(closed(connection) for connection in [*idle, *slow])


def test_a_client_that_sends_a_byte_now_and_then_is_let_go(handler):
    settings = Settings(**{**vars(SETTINGS), "upload_seconds": 0.5})
    with running(handler.answer, settings) as there, connect(there.port) as connection:
        began = time.monotonic()
        with pytest.raises(ConnectionError):
            for byte in message("reco", string(1, jpeg())):
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
        assert 0.4 < time.monotonic() - began < 5


def test_the_connection_that_was_silent_longest_makes_way(handler):
    with running(handler.answer, connections=5) as there, contextlib.ExitStack() as stack:
        first, *others = [stack.enter_context(client(there.port)) for _ in range(5)]
        for asked in (*others, first):
            assert asked.ping()
        assert is_well(there.port)  # a sixth
        assert first.ping()
        with pytest.raises(Exception, match=r"End of file|reset|0 bytes|Broken pipe"):
            others[0].ping()


def test_calls_that_have_begun_are_answered_before_the_end(handler):
    call = message("reco", string(1, jpeg()))
    with contextlib.ExitStack() as stack:
        there = stack.enter_context(running(handler.answer))
        begun, idle = [stack.enter_context(connect(there.port)) for _ in range(2)]
        begun.sendall(call[:50])
        assert is_well(there.port)
        there.stop()
        assert closed(idle)
        begun.sendall(call[50:])
        assert b'"status": 1' in begun.recv(500)
        assert closed(begun)


def test_no_model_is_loaded_while_calls_are_answered(port, monkeypatch):
    def load(*_: object) -> None:
        raise AssertionError("loaded again")

    monkeypatch.setattr(models, "load", load)
    monkeypatch.setattr(models, "Detector", load)
    assert is_well(port) and is_well(port)


def test_a_place_that_is_taken_or_unknown_is_one_line(port):
    with pytest.raises(
        ConfigError, match=r"^cannot listen on 127\.0\.0\.1:\d+ \(Address already in use\)$"
    ):
        listen("127.0.0.1", port)
    with pytest.raises(ConfigError, match=r"^cannot listen on host\.invalid:1 \("):
        listen("host.invalid", 1)
    with pytest.raises(ConfigError, match=r"^cannot listen on a\.\.b:1 \("):
        listen("a..b", 1)


def test_a_model_that_cannot_be_loaded_ends_the_service_in_one_line(tmp_path):
    with pytest.raises(BlurdctError, match=r"nowhere") as caught:
        serve(Settings(model=str(tmp_path / "nowhere")), listen("127.0.0.1", 0), 1)
    assert "\n" not in str(caught.value)


SCRIPT = """
from blurdct.service.settings import Settings
from blurdct.service.sockets import listen
from blurdct.service.thrift.server import serve

if __name__ == "__main__":
    settings = Settings(models=("dct-xgb",), map_model="dct-fusion", seconds=5)
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    serve(settings, listener, 2, ready=lambda: print(port, flush=True))
"""


def children(process: int) -> set[int]:
    """Worker processes of a service, without what multiprocessing keeps beside them."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(entry.read_text().rpartition(")")[2].split()[1]) == process:
                line = entry.with_name("cmdline").read_bytes()
                if b"spawn_main" in line:
                    found.add(int(entry.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_killed_process_is_replaced_and_sigterm_ends_all_in_order(tmp_path):
    script = tmp_path / "service.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout
        port = int(service.stdout.readline())
        first = children(service.pid)
        assert len(first) == 2
        assert is_well(port)
        os.kill(first.pop(), signal.SIGKILL)
        assert is_well(port)  # by the other one, or by the new one
        ends = time.monotonic() + 10
        while len(children(service.pid)) < 2 or children(service.pid) - first == set():
            assert time.monotonic() < ends
            time.sleep(0.05)
        call = message("reco", string(1, jpeg()))
        with connect(port) as begun:
            begun.sendall(call[:50])
            assert is_well(port)
            service.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            with pytest.raises(OSError, match="refused"):
                connect(port)
            begun.sendall(call[50:])
            assert b'"status": 1' in begun.recv(500)
        log = service.stdout.read()
        assert service.wait(10) == 0
    lines = [json.loads(line) for line in log.splitlines()]
    calls = [line for line in lines if line.get("method") == "reco"]
    assert calls and all(line["bytes"] == len(jpeg()) for line in calls)
    assert any(re.search("is replaced", line.get("message", "")) for line in lines)
