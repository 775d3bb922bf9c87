"""A Thrift server in this process, and the interface as Apache's own compiler has it."""

import asyncio
import contextlib
import functools
import importlib
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from blurdct.service.settings import Settings
from blurdct.service.sockets import listen
from blurdct.service.thrift.server import Server

ROOT = Path(__file__).resolve().parents[2]

IDL_FILE = ROOT / "blurdct" / "service" / "thrift" / "blur.thrift"
OLD_IDL = "service blur_detection { string reco(1: binary imgstr) }"  # as old clients have it
LIMIT = 200_000  # bytes of a photo
SETTINGS = Settings(
    models=("dct-xgb",),
    map_model="dct-fusion",
    max_bytes=LIMIT,
    max_buffered=10 * LIMIT,
    queue=8,
    seconds=2.0,
    upload_seconds=3.0,
)


@functools.cache
def apache(name: str):
    """What Apache's compiler makes of ``blur``, or of the ``old`` interface."""
    pytest.importorskip("thrift.TRecursive", reason="Apache's Python runtime is not installed")
    if not shutil.which("thrift"):
        pytest.skip("Apache's Thrift compiler is not installed")
    folder = Path(tempfile.mkdtemp(prefix="blurdct-thrift-"))
    idl = folder / f"{name}.thrift"
    idl.write_text(IDL_FILE.read_text() if name == "blur" else OLD_IDL)
    subprocess.run(["thrift", "-strict", "--gen", "py", "-out", folder, idl], check=True)
    sys.path.insert(0, str(folder))
    try:
        modules = ("blur_detection", "ttypes", *(("BlurDetector",) if name == "blur" else ()))
        found = {module: importlib.import_module(f"{name}.{module}") for module in modules}
    finally:
        sys.path.remove(str(folder))
        shutil.rmtree(folder)
    return SimpleNamespace(**found)


@contextlib.contextmanager
def running(answer, settings: Settings = SETTINGS, **limits) -> Iterator[SimpleNamespace]:
    """A server in a thread of its own: its port, and its ``Server``."""
    there = SimpleNamespace(port=0, server=None, stop=None)
    ready = threading.Event()

    def run() -> None:
        async def main() -> None:
            with listen("127.0.0.1", 0) as listener:
                there.port = listener.getsockname()[1]
                there.server = Server(answer, settings, **limits)
                loop = asyncio.get_running_loop()
                stopping = there.server.stopping
                there.stop = lambda: loop.call_soon_threadsafe(stopping.set)
                ready.set()
                await there.server.run(listener)

        asyncio.run(main())

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield there
    finally:
        with contextlib.suppress(RuntimeError):  # a test has stopped it, and its loop is closed
            there.stop()
        thread.join(20)
        assert not thread.is_alive()
