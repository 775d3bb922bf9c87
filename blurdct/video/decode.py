"""A stream of a clip -> its decoded frames in order, and a frame -> pixels as they are shown."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

UNSPECIFIED = 2  # of colour matrices, ITU-T H.273: the usual one is taken
WIDEST = 4  # ratio of a pixel's sides; of more a file cannot be right


@dataclass
class Damage:
    """What of a clip was lost, counted while it is read."""

    packets: int = 0  # behind the first frame, that cannot be decoded
    frames: int = 0  # that cannot be converted
    reason: str = ""  # why, of the last one

    def __str__(self) -> str:
        told = []
        if self.packets:
            told.append(f"{self.packets} {'place' if self.packets == 1 else 'places'} damaged")
        if self.frames:
            noun = "frame" if self.frames == 1 else "frames"
            told.append(f"{self.frames} {noun} cannot be converted ({self.reason})")
        return ", ".join(told)


def decoded(container: Any, stream: Any, damage: Damage) -> Iterator[Any]:
    """The frames of a stream, in the order in which they are shown, none of them interlaced.

    What cannot be decoded is counted and left out.
    """
    return _deinterlaced(_frames(container, stream, damage))


def _frames(container: Any, stream: Any, damage: Damage) -> Iterator[Any]:
    import av

    started = False
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is not None and packet.size == 0:
                continue  # AVI has such where a frame is as the one before
            frames = stream.decode(packet)
        except av.FFmpegError:
            # Streams that are cut out of broadcasts begin with frames whose first one is missing.
            damage.packets += started
            if packet is None:
                return
            continue
        started = started or bool(frames)
        for frame in frames:
            if not frame.time_base:  # one of those that a decoder had still in it at the end
                frame.time_base = stream.time_base
            yield frame
        if packet is None:
            return


def _deinterlaced(frames: Iterable[Any]) -> Iterator[Any]:
    """The same frames; of interlaced ones the second field is moved to the time of the first.

    Fields of two moments, line by line in one picture, have edges like combs: fine detail, where a
    film may be quite blurred. Clips without an interlaced frame are not touched.
    """
    graph, form = None, None
    for frame in frames:
        if graph is None and not frame.interlaced_frame:
            yield frame
            continue
        now = (frame.width, frame.height, frame.format.name)
        if now != form:
            yield from _pulled(graph, None)
            graph, form = _graph(frame), now
        yield from _pulled(graph, frame)
    yield from _pulled(graph, None)


def _graph(frame: Any) -> Any:
    from av.filter import Graph

    graph = Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format.name,
        time_base=frame.time_base or Fraction(1, 1000),
    )
    # One frame out for each that comes in; those that are not interlaced pass as they are.
    filters = graph.add("bwdif", "mode=send_frame:deint=interlaced"), graph.add("buffersink")
    graph.link_nodes(source, *filters)
    graph.configure()
    return graph


def _pulled(graph: Any, frame: Any) -> Iterator[Any]:
    """Put a frame in, or the end; what comes out."""
    import av

    if graph is None:
        return
    graph.vpush(frame)
    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return


def pixels(frame: Any, ratio: Fraction | None) -> np.ndarray:
    """A frame as it is shown.

    Args:
        frame: As it was decoded.
        ratio: Width of a pixel by its height; None for square ones.

    Returns:
        Shape (H, W, 3), uint8, RGB, upright, of square pixels: the side that has fewer is enlarged.

    Raises:
        av.FFmpegError: It cannot be converted.
    """
    import av

    width, height = shown_size(frame, ratio)
    size: dict[str, Any] = {"width": width, "height": height, "interpolation": "BICUBIC"}
    try:
        rgb = frame.to_ndarray(format="rgb24", **size)
    except av.FFmpegError:
        # FFmpeg has no formula for the matrix, such as YCgCo. Luma is there as in any other; hues
        # are about right.
        frame.colorspace = UNSPECIFIED
        rgb = frame.to_ndarray(format="rgb24", **size)
    return np.ascontiguousarray(_upright(rgb, frame))


def shown_size(frame: Any, ratio: Fraction | None) -> tuple[int, int]:
    """Width and height in square pixels, before the frame is turned."""
    width, height = frame.width, frame.height
    if not ratio or not Fraction(1, WIDEST) <= ratio <= WIDEST:
        return width, height
    if ratio > 1:
        return round(width * ratio), height
    return width, round(height / ratio)


def small_luma(frame: Any, width: int, height: int) -> np.ndarray:
    """Shape (height, width), uint8: grey levels of a frame that is reduced and not turned.

    Raises:
        av.FFmpegError: It cannot be converted.
    """
    import av

    size: dict[str, Any] = {"width": width, "height": height, "interpolation": "AREA"}
    try:
        return frame.to_ndarray(format="gray", **size)
    except av.FFmpegError:
        frame.colorspace = UNSPECIFIED
        return frame.to_ndarray(format="gray", **size)


def _upright(rgb: np.ndarray, frame: Any) -> np.ndarray:
    """Turned and mirrored by the matrix that the file states (ISO/IEC 14496-12, 8.3.2)."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return rgb
    a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
    if abs(b) + abs(c) > abs(a) + abs(d):  # columns become rows
        rgb, a, d = rgb.swapaxes(0, 1), c, b
    return rgb[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
