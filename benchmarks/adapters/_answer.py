"""A rival's side: paths come in on standard input, what it says of them goes out, as lines of JSON.

Needs nothing but Python, since every rival lives in an environment of its own. A question is
``{"paths": [...], "timed": true or false}``. Of what is not timed there is a line for each photo,
``{"path", "blur", "blurred"}`` or ``{"path", "error"}``, and a last one
``{"seconds", "lost", "memory"}``, which is all there is of what is timed. *blur* is its own score,
turned so that more of it is more blurred; *blurred* its verdict, null where it has none; *seconds*
those of a processor, of this process and all it has waited for; *memory* megabytes, the most that
the process, or one it started, has had.
"""

import json
import math
import os
import resource
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

Said = tuple[float, bool | None]  # blur, blurred


def answer(judge: Callable[[str], Said], timed: Callable[[str], object] | None = None) -> None:
    """Answer all questions about photographs, one at a time.

    Args:
        judge: Score and verdict of the photo of a path.
        timed: What a user would call who wants no more than the verdict; ``judge`` if left out.
    """

    def each(paths: Sequence[str], work: Callable[[str], Any]) -> Iterator[tuple[str, Any]]:
        for path in paths:
            try:
                yield path, work(path)
            except Exception as error:  # a library may raise anything; this photo is lost
                yield path, f"{type(error).__name__}: {error}"

    _serve(lambda paths, hurry: each(paths, (timed or judge) if hurry else judge))


def answer_together(judge: Callable[[Sequence[str]], Iterable[tuple[str, Said]]]) -> None:
    """Answer all questions, for a rival that takes many photographs at once.

    Args:
        judge: Paths -> each with its score and verdict, in any order; those left out are lost.
    """

    def together(paths: Sequence[str], hurry: bool) -> Iterator[tuple[str, Any]]:
        said = dict(judge(paths))
        for path in paths:
            yield path, said.get(path, "no answer")

    _serve(together)


def _serve(work: Callable[[Sequence[str], bool], Iterable[tuple[str, Any]]]) -> None:
    # what a rival prints must not come between the answers
    with os.fdopen(os.dup(1), "w", encoding="utf-8", errors="surrogateescape") as out:
        os.dup2(2, 1)
        for line in sys.stdin:
            question = json.loads(line)
            lost, start = 0, _processor()
            for path, said in work(question["paths"], question["timed"]):
                shown = {"error": said} if isinstance(said, str) else _said(said)
                lost += "error" in shown
                if not question["timed"]:
                    print(json.dumps({"path": path, **shown}), file=out, flush=True)
            taken = _processor() - start
            print(json.dumps({"seconds": taken, "lost": lost, "memory": _peak()}), file=out)
            out.flush()


def _said(said: Any) -> dict[str, Any]:
    if not isinstance(said, tuple):  # of what is timed, whatever came
        return {}
    blur, blurred = said
    if not math.isfinite(blur):
        return {"error": f"its score is {blur}"}
    return {"blur": float(blur), "blurred": None if blurred is None else bool(blurred)}


def _processor() -> float:
    # not the clock's, in which another process of a busy machine may have had its turn
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in both)


def _peak() -> float:
    # what the kernel counts for this process itself has in it what started it
    with open("/proc/self/status", encoding="utf-8") as file:
        lines = dict(line.split(":", 1) for line in file)
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(int(lines["VmHWM"].split()[0]), started) / 1024
