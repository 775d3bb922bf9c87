"""What a confined process is asked to do in tests."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

Answer = tuple[dict[str, Any], bytes | bytearray]


def acting() -> Callable[[dict[str, Any], bytearray], Answer]:
    """What answers."""
    return act


def act(words: dict[str, Any], data: bytearray) -> Answer:
    """Do what the words say."""
    return _ACTS[words["do"]](words, data)


def _echo(words: dict[str, Any], data: bytearray) -> Answer:
    time.sleep(words.get("pause", 0))
    return {"said": words["say"], "process": os.getpid()}, data


def _take(words: dict[str, Any], data: bytearray) -> Answer:
    return {"taken": len(bytearray(words["bytes"]))}, b""


def _die(words: dict[str, Any], data: bytearray) -> Answer:
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError


def _print(words: dict[str, Any], data: bytearray) -> Answer:
    print("words of a library", flush=True)
    os.write(1, b"and of another")
    return {}, b""


def _fill(words: dict[str, Any], data: bytearray) -> Answer:
    import threading

    from blurdct.parallel import confined

    threading.Thread(target=confined._watch, args=([words["bytes"]],), daemon=True).start()
    time.sleep(0.5)
    held = bytearray(b"x") * (4 * words["bytes"])
    time.sleep(5)
    return {"held": len(held)}, b""


_ACTS = {"echo": _echo, "take": _take, "die": _die, "print": _print, "fill": _fill}
