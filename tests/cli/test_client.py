"""``blurdct client``: what it counts, whom it understands, what it says when things go wrong."""

import contextlib
import json
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers import toys
from tests.helpers.commands import call

pytest.importorskip("thriftpy2")

from blurdct.errors import ImageError
from blurdct.service.engine import Busy, Engine
from blurdct.service.thrift.client import Caller, Judged, summary
from blurdct.service.thrift.handler import Handler
from blurdct.utils.installing import install_hint
from tests.helpers.thrift_services import SETTINGS, apache, running

SCENES = 4


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """A folder with four sharp and four blurred photographs."""
    return toys.save_photos(tmp_path_factory.mktemp("client") / "photos", SCENES)


class Knowing:
    """An engine that knows the photographs of a folder, and is wrong about some."""

    settings = SETTINGS

    def __init__(self, folder: Path, wrong: tuple[str, ...] = ()) -> None:
        self.p = {}
        for path in folder.rglob("*.png"):
            name = path.relative_to(folder).as_posix()
            self.p[path.read_bytes()] = float((path.parent.name == "blurred") != (name in wrong))

    def probability(self, data: bytes, *_: object) -> float:
        return self.p[data]

    def predict(self, data: bytes, *_: object) -> dict:
        p = self.p[data]
        label = "blurred" if p else "sharp"
        words = {"label": label, "model": "toy", "reason": "", "note": ""}
        words |= {"sure": True, "sharp_fraction": None, "evidence": 0.5, "blur": None}
        numbers = {"probability": p, "score": 100 * p, "threshold": 0.5, "width": 1, "height": 1}
        return {"name": "photo", **numbers, **words}


def figures(text: str) -> dict[str, str]:
    """What stands behind the first word of each line."""
    return dict(line.split(maxsplit=1) for line in text.splitlines())


def ask(port: int, folder: Path, *words: str):
    return call("client", "--thrift", f":{port}", folder, *words)


@contextlib.contextmanager
def apache_server(service, handler) -> Iterator[int]:
    """A server of Apache's runtime: binary protocol, buffered transport; its port."""
    from thrift.protocol.TBinaryProtocol import TBinaryProtocolFactory
    from thrift.server.TServer import TThreadedServer
    from thrift.transport import TSocket, TTransport

    class Listener(TSocket.TServerSocket):
        def listen(self) -> None:
            super().listen()
            ready.set()

    ready = threading.Event()
    listener = Listener("127.0.0.1", 0)
    factories = (TTransport.TBufferedTransportFactory(), TBinaryProtocolFactory())
    server = TThreadedServer(service.Processor(handler), listener, *factories, daemon=True)
    threading.Thread(target=server.serve, daemon=True).start()
    assert ready.wait(5)
    yield listener.handle.getsockname()[1]
    # closing it does not wake the thread in accept: it ends with this process


@pytest.mark.parametrize("typed", [(), ("--typed",)])
def test_shares_follow_from_which_photographs_are_called_blurred(photos, typed):
    engine = Knowing(photos, wrong=("sharp/00.png", "blurred/01.png", "blurred/02.png"))
    with running(Handler(engine).answer) as there:
        run = ask(there.port, photos, *typed)
    assert (run.status, run.err) == (0, "")
    found = figures(run.out)
    assert found["photos"] == "8 (4 blurred)"
    # 2 found, 2 missed, 1 sharp one called blurred
    expected = {"accuracy": "0.625", "precision": "0.667", "recall": "0.500", "f1": "0.571"}
    assert {name: found[name] for name in expected} == expected
    times = [float(time) for time in re.findall(r"p\d\d (\d+\.\d) ms", found["latency"])]
    assert len(times) == 3 and times == sorted(times)


def test_the_real_service_tells_toy_photographs_apart(photos):
    with running(Handler(Engine(SETTINGS)).answer) as there:
        found = figures(ask(there.port, photos).out)
    assert float(found["recall"]) == 1


def test_a_server_of_apache_is_understood_in_the_old_interface(photos):
    engine = Knowing(photos, wrong=("sharp/03.png",))

    class Old:
        def reco(self, imgstr: bytes) -> str:
            p = engine.predict(imgstr)["probability"]
            return json.dumps({"status": 1, "msg": "", "data": {"pred": int(p > 0.5), "score": p}})

    with apache_server(apache("old").blur_detection, Old()) as port:
        run = ask(port, photos)
        assert run.status == 0 and figures(run.out)["accuracy"] == "0.875"
        run = ask(port, photos, "--typed")  # Apache's server takes the picture for text, and fails
        assert run.status == 1 and run.out == ""
        assert run.err.count("the service breaks the connection\n") == 2 * SCENES


def test_a_server_of_apache_is_understood_in_the_typed_interface(photos):
    blur = apache("blur")
    engine = Knowing(photos, wrong=("blurred/03.png",))

    class Typed:
        def predict(self, photo: bytes, model: str):
            if photo == (photos / "sharp" / "00.png").read_bytes():
                raise blur.ttypes.Busy("full")
            answer = engine.predict(photo)
            del answer["name"]
            return blur.ttypes.Prediction(**answer)

    with apache_server(blur.BlurDetector, Typed()) as port:
        run = ask(port, photos, "--typed")
    assert run.status == 1
    assert run.err == f"{photos / 'sharp' / '00.png'}: full\n"
    assert figures(run.out)["photos"] == "7 (4 blurred)"
    assert figures(run.out)["recall"] == "0.750"


def test_unreadable_photographs_are_a_line_each_and_the_rest_counts(tmp_path):
    photos = toys.save_photos(tmp_path / "photos", 2)
    (photos / "sharp" / "empty.jpg").touch()
    (photos / "sharp" / "gone.jpg").symlink_to("nowhere")
    (photos / "blurred" / "text.jpg").write_text("no picture")
    (photos / "blurred" / "notes.txt").write_text("not asked about")
    with running(Handler(Engine(SETTINGS)).answer) as there:
        for words in ((), ("--typed",)):
            run = ask(there.port, photos, *words)
            assert run.status == 1
            assert run.err.splitlines() == [
                f"{photos / 'sharp' / 'empty.jpg'}: empty file",
                f"{photos / 'sharp' / 'gone.jpg'}: no such file",
                f"{photos / 'blurred' / 'text.jpg'}: not an image, or of an unknown format",
            ]
            assert figures(run.out)["photos"] == "4 (2 blurred)"


def test_a_folder_of_one_kind_has_no_recall(tmp_path):
    photos = toys.save_photos(tmp_path / "photos", 2)
    for path in (photos / "blurred").iterdir():
        path.unlink()
    with running(Handler(Knowing(photos)).answer) as there:
        run = ask(there.port, photos)
    found = figures(run.out)
    assert run.status == 0 and found["accuracy"] == "1.000"
    assert found["precision"] == found["recall"] == found["f1"] == "-"


def test_a_service_that_judges_nothing_is_an_error(photos):
    engine = SimpleNamespace(probability=lambda *_: (_ for _ in ()).throw(Busy("full; try again")))
    with running(Handler(engine).answer) as there:
        run = ask(there.port, photos)
    assert run.status == 1 and run.out == ""
    assert run.err.count("full; try again\n") == 2 * SCENES
    assert run.err.splitlines()[-1].endswith("not one photo was judged")


def test_a_broken_connection_is_made_anew(photos):
    path = str(photos / "blurred" / "00.png")
    with (
        running(Handler(Knowing(photos)).answer, idle=0.1) as there,
        Caller("127.0.0.1", there.port) as caller,
    ):
        for _ in range(2):
            assert caller.judge(path, True).called
            while there.server._tasks:
                time.sleep(0.01)


def test_an_answer_that_does_not_come_in_time_is_a_line(photos):
    path = str(photos / "blurred" / "00.png")
    engine = Knowing(photos)
    quick = engine.probability
    engine.probability = lambda data, *_: (time.sleep(0.5), quick(data))[1]
    with (
        running(Handler(engine).answer) as there,
        Caller("127.0.0.1", there.port, seconds=0.2) as caller,
        pytest.raises(ImageError, match=r"00\.png: no answer in 0\.2 seconds"),
    ):
        caller.judge(path, True)


def test_a_service_that_goes_away_leaves_what_was_measured(photos):
    stop = []

    class Leaving(Knowing):
        def probability(self, data: bytes, *_: object) -> float:
            if self.p[data]:
                stop[0]()
            return super().probability(data)

    with running(Handler(Leaving(photos)).answer) as there:
        stop.append(there.stop)
        run = ask(there.port, photos)
    assert run.status == 1
    assert figures(run.out)["photos"] == "5 (1 blurred)"
    assert re.fullmatch(r"blurdct: 127\.0\.0\.1:\d+: cannot connect \(.+\)\n", run.err)


NOBODY = "cannot connect (nothing answers there; is 'blurdct serve --thrift' running?)"


def test_another_protocol_is_told_from_no_service_at_all(photos):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def greet() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                        connection.recv(1 << 20)

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        run = ask(port, photos)
        assert run.status == 1 and run.out == ""
        assert "an answer that is not understood" in run.err
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    run = ask(port, photos)
    assert run.status == 1 and run.err == f"blurdct: 127.0.0.1:{port}: {NOBODY}\n"


@pytest.mark.parametrize("place", ["localhost", "localhost:", ":x", "localhost:99999", "::1:5"])
def test_a_place_that_is_none_is_wrong_use(photos, place):
    run = call("client", "--thrift", place, photos)
    assert run.status == 2 and run.err.startswith("blurdct: --thrift: expected HOST:PORT")
    assert run.err.endswith(f"got {place}\n")


def test_a_folder_without_labelled_photographs_is_wrong_use(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        run = call("client", "--thrift", ":1", folder)
        assert run.status == 2
        gone = folder.name == "nowhere"
        why = "no such folder" if gone else "no photographs found in folders sharp and blurred"
        assert run.err == f"blurdct: {folder}: {why}\n"


def test_file_names_of_any_bytes_are_told_in_one_line(tmp_path):
    photos = toys.save_photos(tmp_path / "photos", 1)
    odd = os.path.join(os.fsencode(photos / "sharp"), b"a\n\xff.jpg")
    with open(odd, "w"):
        pass
    with running(Handler(Knowing(photos)).answer) as there:
        run = ask(there.port, photos)
    assert run.status == 1 and len(run.err.splitlines()) == 1


def test_the_summary_agrees_with_its_definitions():
    rng = np.random.default_rng(0)
    blurred, called = rng.random(200) < 0.4, rng.random(200) < 0.5
    seconds = rng.random(200)
    rows = zip(blurred.tolist(), called.tolist(), seconds.tolist(), strict=True)
    found = summary([Judged("x", *row) for row in rows])
    assert found["accuracy"] == np.mean(blurred == called)
    assert found["precision"] == np.mean(blurred[called])
    assert found["recall"] == np.mean(called[blurred])
    harmonic = 2 / (1 / found["precision"] + 1 / found["recall"])
    assert found["f1"] == pytest.approx(harmonic)
    for percent in (50, 90, 99):
        assert np.mean(1000 * seconds <= found[f"p{percent}"]) == pytest.approx(percent / 100)


def test_without_the_library_one_line_names_the_extra(photos, monkeypatch):
    monkeypatch.delitem(sys.modules, "blurdct.service.thrift.client")
    monkeypatch.setitem(sys.modules, "thriftpy2.rpc", None)
    run = call("client", "--thrift", ":1", photos)
    assert run.status == 2
    assert run.err == f"blurdct: client needs thriftpy2: {install_hint('serve')}\n"
