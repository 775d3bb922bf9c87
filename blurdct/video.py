"""Clip -> frames at steps of time -> the score of each, and the sharpest of them.

Frames are read by OpenCV: each is taken at the time that the file gives it, whatever the rate,
and turned upright as the file says. Those between two steps are decoded but not turned into
colours. PyAV was measured to be 10 to 15 % faster in that, which is no reason for another library.
"""

import os
import re
import stat
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np

from .detector import UNKNOWN, Detector
from .errors import ConfigError, ImageError
from .files import reason
from .results import Row

# What a row about a frame holds.
COLUMNS: dict[str, type] = {
    "time": float,  # seconds since the first frame
    "frame": int,  # its number, from 0
    "probability": float,
    "score": float,
    "label": str,
    "reason": str,
    "sharp_fraction": float,
    "model": str,
}
QUALITY = 95  # of the JPEG of a saved frame
USUAL_RATE = 25.0  # frames per second, of a file that does not say
SAME = 1e-6  # seconds; times as near as that are one
SLACK_FRAMES, SLACK_SHARE = 2, 0.02  # what stated counts of frames may be wrong by, the larger
MOST = 1e9  # frames; of more a file cannot be right
PLAYLIST = b"ffconcat"  # of other files: a clip is one


@dataclass(frozen=True)
class Step:
    """How far frames that are looked at lie apart: seconds, or frames if those are given."""

    seconds: float = 0.0
    frames: int = 0


def step(text: str) -> Step:
    """``0.5s``, ``0.5``, ``500ms`` or ``10f`` (every tenth frame) as a step.

    Raises:
        ConfigError: It is none of these, or not over 0.
    """
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*(s|ms|f|)", text.strip().lower())
    value = float(found[1]) if found else 0.0
    unit = found[2] if found else ""
    if not 0 < value < inf or (unit == "f" and value != int(value)):
        raise ConfigError(f"every {text!r}: expected a time such as 0.5s, or frames such as 10f")
    if unit == "f":
        return Step(frames=int(value))
    return Step(seconds=value / 1000 if unit == "ms" else value)


@dataclass(frozen=True)
class Frame:
    """One frame of a clip.

    Attributes:
        number: From 0.
        time: Seconds since the first frame.
        pixels: Shape (H, W, 3), uint8, RGB, upright.
    """

    number: int
    time: float
    pixels: np.ndarray


class Clip:
    """A video file. After its frames have been read to the end, ``cut`` says if any are missing."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open it.

        Raises:
            ImageError: Missing, empty, not to be read, or no video in it.
        """
        self.path = os.fspath(path)
        self.cut = ""
        with _open(self.path) as file:
            capture = self._capture(file)
            self.rate = _known(capture.get(cv2.CAP_PROP_FPS), 1000.0)  # frames per second, mean
            self.count = int(_known(capture.get(cv2.CAP_PROP_FRAME_COUNT), MOST))  # as stated

    def expected(self, every: Step) -> int:
        """About how many frames that will be; 0 if the file does not say."""
        if every.frames:
            return -(-self.count // every.frames)
        return int(self.count / self.rate / every.seconds) + 1 if self.count and self.rate else 0

    def frames(self, every: Step = Step(frames=1), only: Container[int] = ()) -> Iterator[Frame]:
        """Go through the clip once.

        Args:
            every: The first frame comes, and of each step the first that reaches it.
            only: Numbers of frames; these come instead.

        Raises:
            ImageError: There is not one frame in it.
        """
        with _open(self.path) as file:
            capture = self._capture(file)
            number, start, time, due, shown = -1, 0.0, 0.0, 0.0, False
            while capture.grab():
                number += 1
                stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                start = stamp if number == 0 else start
                if stamp - start > time or number == 0:
                    time = stamp - start
                else:  # a file without times of its own says 0 for all
                    time += 1 / (self.rate or USUAL_RATE)
                if only:
                    wanted = number in only
                elif every.frames:
                    wanted = number % every.frames == 0
                elif wanted := time >= due - SAME:
                    due = every.seconds * (int((time + SAME) / every.seconds) + 1)
                if wanted:
                    read, bgr = capture.retrieve()
                    if read:
                        shown = True
                        yield Frame(number, time, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
            whole = _is_whole(file)
        if not shown:
            raise ImageError(f"{self.path}: no frame of this clip can be read")
        self.cut = "" if whole else self._missing(number + 1, time)

    def _capture(self, file: BinaryIO) -> Any:
        # An open file, not a name: names may be addresses, patterns or playlists to FFmpeg.
        capture = cv2.VideoCapture(file, cv2.CAP_FFMPEG, [])  # type: ignore[call-overload]
        if not capture.isOpened():
            raise ImageError(f"{self.path}: no video, damaged, or of an unknown format")
        return capture

    def _missing(self, read: int, time: float) -> str:
        """What is to be said if the clip ends early.

        The stated count is exact in some formats and an estimate from the mean rate in others, so
        that both frames and time must be short.
        """
        if not (self.count and self.rate):
            return ""
        length = self.count / self.rate
        slack = max(SLACK_FRAMES, SLACK_SHARE * self.count)
        if read >= self.count - slack or time >= length - slack / self.rate:
            return ""
        return (
            f"{self.path}: ends early, after {read} of {self.count} frames, "
            f"{time:.2f} of {length:.2f} s"
        )


def score(clip: Clip, detector: Detector, every: Step) -> Iterator[Row]:
    """The rows about a clip's frames, in time.

    Raises:
        ImageError: Not one frame can be read, or frames are too small or too large.
    """
    for frame in clip.frames(every):
        verdict = detector.predict(frame.pixels, clip.path)
        known: Row = {"time": round(frame.time, 6), "frame": frame.number}
        yield known | {name: getattr(verdict, name) for name in COLUMNS if name not in known}


def sharpest(rows: Sequence[Row], count: int) -> list[Row]:
    """The frames of the lowest scores, spread over the clip, in time.

    No two are nearer than half of the ``count``-th part of the clip: as near as they may be so
    that there is always room for all. Frames without evidence are not taken, and where rows are
    few there are fewer.
    """
    judged = sorted((row for row in rows if row["label"] != UNKNOWN), key=lambda row: row["score"])
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


@contextmanager
def _open(path: str) -> Iterator[BinaryIO]:
    """A file to read, if it can be one of video."""
    with ExitStack() as stack:
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise ImageError(f"{path}: not a file")
            file = stack.enter_context(open(path, "rb"))
            first = file.read(len(PLAYLIST))
            file.seek(0)
        except ImageError:
            raise
        except FileNotFoundError as error:
            raise ImageError(f"{path}: no such file") from error
        except (OSError, ValueError) as error:  # ValueError: a null byte in the path
            raise ImageError(f"{path}: cannot be read ({reason(error)})") from error
        if not first or first == PLAYLIST:
            raise ImageError(f"{path}: {'a list of other files' if first else 'empty file'}")
        yield file


def _is_whole(file: BinaryIO) -> bool:
    """Whether an MP4 file has all of its boxes; False for files of other formats.

    Of such a file every frame is there, even if fewer are shown than are stored: trimming by a
    phone leaves frames in the file that its edit list passes over (ISO/IEC 14496-12, 8.6.6).
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(4)
    if file.read(4) != b"ftyp":
        return False
    at = 0
    while at < end:
        file.seek(at)
        head = file.read(16)
        size = int.from_bytes(head[:4])
        if size == 1:  # the real one has 64 bits
            size = int.from_bytes(head[8:])
        elif size == 0:  # up to the end of the file
            return True
        if size < 8:
            return False
        at += size
    return at == end


def _known(value: float, most: float) -> float:
    """A number that a file states, 0 if it cannot be."""
    return value if 0 < value <= most else 0.0
