"""A clip -> scores over time, its sharpest frames, and these as pictures."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2

from ..errors import ImageError
from ..inference.detector import Detector
from ..inference.prediction import BLURRED, UNKNOWN
from ..results import Row
from .clip import Clip, Step

# What a row about a frame holds.
COLUMNS: dict[str, type] = {
    "time": float,  # seconds since the first frame
    "frame": int,  # its number, from 0
    "probability": float,
    "score": float,
    "label": str,
    "sure": bool,
    "reason": str,
    "sharp_fraction": float,
    "evidence": float,
    "blur": float,  # pixels of the frame
    "kind": str,
    "kind_probability": float,
    "model": str,
    "fault": str,  # why it is never among the best; see ``Frame.fault``
}
QUALITY = 95  # of the JPEG of a saved frame


def score(clip: Clip, detector: Detector, every: Step) -> Iterator[Row]:
    """The rows about a clip's frames, in time.

    Raises:
        ImageError: Not one frame can be read, or frames are too small or too large.
    """
    for frame in clip.frames(every):
        verdict = detector.predict(frame.pixels, clip.path)
        known: Row = {
            "time": round(frame.time, 6),
            "frame": frame.number,
            "fault": frame.fault,
            "kind": verdict.kind or "",
        }
        yield known | {name: getattr(verdict, name) for name in COLUMNS if name not in known}


def sharpest(rows: Sequence[Row], count: int, only_sharp: bool = False) -> list[Row]:
    """The frames of the lowest scores, spread over the clip, in time.

    No two are nearer than half of the ``count``-th part of the clip: as near as they may be so
    that there is always room for all. Frames without evidence or with a ``fault`` are not taken,
    and where rows are few there are fewer.

    Args:
        rows: As by ``score``.
        count: So many at most.
        only_sharp: Leave out those that are labelled blurred.
    """
    refused = (UNKNOWN, BLURRED) if only_sharp else (UNKNOWN,)
    judged = sorted(
        (row for row in rows if row["label"] not in refused and not row.get("fault")),
        key=lambda row: row["score"],
    )
    if not judged or count < 1:
        return []
    apart = (rows[-1]["time"] - rows[0]["time"]) / (2 * count)
    chosen: list[Row] = []
    for row in judged:
        if all(abs(row["time"] - other["time"]) >= apart - 1e-9 for other in chosen):
            chosen.append(row)
            if len(chosen) == count:
                break
    return sorted(chosen, key=lambda row: row["time"])


def save_frames(clip: Clip, rows: Iterable[Row], folder: Path) -> list[Path]:
    """Write frames as ``CLIP_00012.480s.jpg``, by their time; the clip is read once more.

    A file of that name that is there and holds anything else stays, and the frame gets a number.
    """
    times = {row["frame"]: row["time"] for row in rows}
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for frame in clip.frames(only=times) if times else ():
        bgr = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR)
        done, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not done:
            raise ImageError(f"{clip.path}: frame {frame.number} cannot be written as JPEG")
        name = f"{Path(clip.path).stem}_{times[frame.number]:09.3f}s"
        written.append(_place(folder, name, jpeg.tobytes()))
        if len(written) == len(times):
            break
    return written


def _place(folder: Path, name: str, data: bytes) -> Path:
    """Write a file under the first name that is free, or that it has already."""
    number = 1
    while True:
        path = folder / (f"{name}.jpg" if number == 1 else f"{name}_{number}.jpg")
        try:
            with open(path, "xb") as file:
                file.write(data)
            return path
        except FileExistsError:
            if path.is_file() and path.read_bytes() == data:
                return path
            number += 1
