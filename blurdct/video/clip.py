"""A video file -> its frames, at steps of time.

Each frame is taken at the time that the file gives it, whatever the rate, and shown as the file
says: turned upright, of square pixels, never interlaced.
"""

import os
from collections import deque
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np

from ..config import ReadConfig
from ..errors import ConfigError, ImageError
from ..utils.durations import number_and_unit, seconds
from ..utils.text import reason
from .container import is_whole, opened
from .decode import Damage, decoded, pixels, shown_size, small_luma
from .neighbours import HEIGHT, REACH, WIDTH, is_alone, softened

USUAL_RATE = 25.0  # frames per second, of a file that does not say
SAME = 1e-6  # seconds; times as near as that are one
SLACK_FRAMES, SLACK_SHARE = 2, 0.02  # what stated counts of frames may be wrong by, the larger
MOST = 1e9  # frames; of more a file cannot be right
DAMAGED = "damaged"
ALONE = "nothing near it resembles it"


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
    wrong = f"expected a time over 0 such as 0.5s, or frames such as 10f, got {text!r}"
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
        pixels: Shape (H, W, 3), uint8, RGB, upright, of square pixels.
        fault: Why it is not to be trusted, so that it is never among the best: the decoder found
            it, or one that it builds upon, damaged; or nothing near it resembles it. Else empty.
    """

    number: int
    time: float
    pixels: np.ndarray
    fault: str = ""


@dataclass
class _Waiting:
    """A decoded frame that waits for those behind it."""

    number: int
    time: float
    picture: Any
    wanted: bool
    damaged: bool
    _small: np.ndarray | None = field(default=None)

    def small(self) -> np.ndarray:
        if self._small is None:
            self._small = softened(small_luma(self.picture, WIDTH, HEIGHT))
        return self._small


class Clip:
    """A video file. After its frames have been read to the end, ``cut`` and ``damage`` say if any
    are missing: an early end; what cannot be decoded or converted."""

    def __init__(
        self, path: str | os.PathLike[str], max_pixels: int = ReadConfig.max_pixels
    ) -> None:
        """Open it.

        Args:
            path: A file; the formats are those of ``video.container.FORMATS``, whatever its name.
            max_pixels: Clips whose frames have more are refused.

        Raises:
            ImageError: Missing, empty, not to be read, or no video in it.
            ModelError: PyAV is not installed.
        """
        self.path = os.fspath(path)
        self.cut, self.damage = "", ""
        self._max_pixels = max_pixels
        with opened(self.path, max_pixels) as (container, stream, _):
            rates = (float(rate or 0) for rate in (stream.average_rate, stream.guessed_rate))
            # Frames per second, mean.
            self.rate = next((rate for rate in rates if _known(rate, 1000.0)), 0.0)
            self.count = int(_known(stream.frames or self.rate * _length(container, stream), MOST))

    def expected(self, every: Step) -> int:
        """About how many frames that will be; 0 if the file does not say."""
        if every.frames:
            return -(-self.count // every.frames)
        return int(self.count / self.rate / every.seconds) + 1 if self.count and self.rate else 0

    def frames(self, every: Step = Step(frames=1), only: Container[int] = ()) -> Iterator[Frame]:
        """Go through the clip once.

        Args:
            every: The first frame comes, and of each step the first that reaches it.
            only: Numbers of frames; these come instead, and are not asked for faults.

        Raises:
            ImageError: There is not one frame in it, or none that can be converted; or frames are
                too large.
        """
        import av

        damage, shown, last = Damage(), False, (0, 0.0)
        with opened(self.path, self._max_pixels) as (container, stream, file):
            waiting = self._numbered(decoded(container, stream, damage), every, only)
            for place, near in _windows(waiting):
                frame = near[place]
                last = frame.number + 1, frame.time
                if not frame.wanted:
                    continue
                try:
                    rgb = self._pixels(frame.picture, stream.sample_aspect_ratio)
                    alone = not only and _is_alone(place, near)
                except (av.FFmpegError, ValueError) as error:
                    if isinstance(error, ImageError):
                        raise
                    damage.frames, damage.reason = damage.frames + 1, reason(error)
                    continue
                fault = DAMAGED if frame.damaged else ALONE if alone else ""
                shown = True
                yield Frame(frame.number, frame.time, rgb, fault)
            whole = is_whole(file)
        if not shown:
            words = f"no frame can be read: damaged, or of over {self._max_pixels:,} pixels"
            if damage.frames:
                words = f"frames cannot be converted ({damage.reason})"
            raise ImageError(f"{self.path}: {words}")
        self.cut = "" if whole else self._missing(*last)
        self.damage = f"{self.path}: {damage}" if str(damage) else ""

    def _numbered(
        self, frames: Iterator[Any], every: Step, only: Container[int]
    ) -> Iterator[_Waiting]:
        """Frames with their numbers and times, and whether they are wanted."""
        start, time, due, damaged = 0.0, 0.0, 0.0, False
        for number, picture in enumerate(frames):
            # Later ones build upon a damaged one, up to the next that stands for itself.
            damaged = picture.is_corrupt or (damaged and not picture.key_frame)
            stamp = picture.time if picture.pts is not None else 0.0
            start = stamp if number == 0 else start
            if stamp - start > time or number == 0:
                time = stamp - start
            else:  # a file without times of its own
                time += 1 / (self.rate or USUAL_RATE)
            if only:
                wanted = number in only
            elif every.frames:
                wanted = number % every.frames == 0
            elif wanted := time >= due - SAME:
                due = every.seconds * (int((time + SAME) / every.seconds) + 1)
            yield _Waiting(number, time, picture, wanted, damaged)

    def _pixels(self, picture: Any, ratio: Any) -> np.ndarray:
        width, height = shown_size(picture, ratio)
        if width * height > self._max_pixels:
            raise ImageError(
                f"{self.path}: frames too large, {width}x{height} is over "
                f"{self._max_pixels:,} pixels"
            )
        return pixels(picture, ratio)

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


def _windows(frames: Iterator[_Waiting]) -> Iterator[tuple[int, deque[_Waiting]]]:
    """Each frame as a place among those near it, ``REACH`` on either side where there are any."""
    near: deque[_Waiting] = deque()
    place = -1
    for frame in frames:
        near.append(frame)
        if len(near) > 2 * REACH + 1:
            near.popleft()
            place -= 1
        if len(near) - 1 - (place + 1) == REACH:
            place += 1
            yield place, near
    for behind in range(place + 1, len(near)):
        yield behind, near


def _is_alone(place: int, near: deque[_Waiting]) -> bool:
    return is_alone(place, len(near), lambda other: near[other].small())


def _length(container: Any, stream: Any) -> float:
    """Seconds, as stated; 0 if not."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / 1e6


def _known(value: float, most: float) -> float:
    """A number that a file states, 0 if it cannot be."""
    return value if 0 < value <= most else 0.0
