"""A video file -> its frames, at steps of time.

Frames are read by OpenCV: each is taken at the time that the file gives it, whatever the rate,
and turned upright as the file says. Those between two steps are decoded but not turned into
colours. PyAV was measured to be 10 to 15 % faster in that, which is no reason for another library.
"""

import os
import stat
from collections.abc import Container, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import inf
from typing import Any, BinaryIO

import cv2
import numpy as np

from ..errors import ConfigError, ImageError
from ..utils.durations import number_and_unit, seconds
from ..utils.text import reason

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
    """``0.5s``, ``0.5``, ``500ms``, ``2min`` or ``10f`` (every tenth frame) as a step.

    Raises:
        ConfigError: It is none of these, or not over 0.
    """
    wrong = f"every {text!r}: expected a time such as 0.5s, or frames such as 10f"
    number, unit = number_and_unit(text) or (0.0, "")
    if unit == "f":
        if not 0 < number < inf or number != int(number):
            raise ConfigError(wrong)
        return Step(frames=int(number))
    try:
        time = seconds(text)
    except ConfigError:
        raise ConfigError(wrong) from None
    if not 0 < time < inf:
        raise ConfigError(wrong)
    return Step(seconds=time)


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
