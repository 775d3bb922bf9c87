"""A path -> an open clip and its stream of pictures, by PyAV (FFmpeg), from the extra ``[video]``.

OpenCV's FFmpeg was left: a frame that it cannot turn into colours (interlaced MPEG-2, DV, H.264;
rare colour matrices) comes back as a success, with whatever is in memory, be it black or a picture
of another clip. Nor can it be told which formats may be opened: some are lists of other files, or
addresses that are listened at.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO

from ..errors import ImageError, ModelError
from ..images.files import is_photo
from ..images.formats import kind
from ..utils.installing import install_hint
from ..utils.text import reason

# Names of FFmpeg's demuxers: each holds its pictures itself, and opens nothing beside its file.
FORMATS = (
    "mov matroska avi mpeg mpegts mpegvideo h264 hevc m4v obu ivf dv mxf asf flv ogg gif apng nut "
    "yuv4mpegpipe rm"
).split()
OPTIONS = {
    "format_whitelist": ",".join(FORMATS),
    "protocol_whitelist": "none",  # nothing but the file that is open already
    "enable_drefs": "0",  # tracks of a MOV file that lie in other files
}
BUFFER = 2**18  # bytes that are read at once
HEAD = 4096  # bytes by which a file is known

PHOTO = "a photo, not a clip; judge it by: blurdct predict "
# What people name in place of a clip, by its first bytes.
_PHOTOS = (b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP  ")
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"\x28\xb5\x2f\xfd")
_PLAYLISTS = (
    b"ffconcat",
    b"#EXTM3U",
    b"[playlist]",
    b"[Reference]",
    b"v=0",
    b"<?xml",
    b"[Address]",
)


@contextmanager
def opened(path: str, max_pixels: int) -> Iterator[tuple[Any, Any, BinaryIO]]:
    """A clip's container, its stream of pictures, and its file.

    Raises:
        ImageError: Missing, no regular file, not to be read, no format of ``FORMATS``, no pictures
            in it, or frames of more pixels.
        ModelError: PyAV is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise ModelError(f"video needs PyAV: {install_hint('video', error)}") from error
    # It would write to standard error what is said here in one line.
    av.logging.set_level(None)
    with ExitStack() as stack:
        file, head = stack.enter_context(_open(path))
        other = _something_else(path, head)
        if other:
            raise ImageError(f"{path}: {other}")
        # Also of what looks into streams at the start. Decoders round sides up.
        limit = {"max_pixels": str(max_pixels + max_pixels // 8 + 2**16)}
        try:
            container = stack.enter_context(
                av.open(file, options=limit, container_options=OPTIONS, buffer_size=BUFFER)
            )
        except (av.FFmpegError, ValueError) as error:
            words = "no video, damaged, or of a format that is not read"
            raise ImageError(f"{path}: {PHOTO + path if is_photo(path) else words}") from error
        streams = [s for s in container.streams.video if not _is_cover(s)]
        if not streams:
            raise ImageError(f"{path}: no video in it, only {_kinds(container)}")
        best = container.streams.best("video")
        stream = best if best in streams else streams[0]
        if stream.width * stream.height > max_pixels:
            size = f"{stream.width}x{stream.height}"
            raise ImageError(f"{path}: frames too large, {size} is over {max_pixels:,} pixels")
        stream.codec_context.options = limit
        stream.thread_type = "AUTO"
        yield container, stream, file


def is_whole(file: BinaryIO) -> bool:
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


@contextmanager
def _open(path: str) -> Iterator[tuple[BinaryIO, bytes]]:
    """A regular file, and how it begins."""
    with ExitStack() as stack:
        try:
            mode = os.stat(path).st_mode
            if stat.S_ISDIR(mode):
                raise ImageError(
                    f"{path}: a folder; name a clip in it, "
                    f"or judge its photographs by: blurdct predict {path}"
                )
            if not stat.S_ISREG(mode):
                raise ImageError(f"{path}: not a regular file")
            file = stack.enter_context(open(path, "rb"))
            head = file.read(HEAD)
            file.seek(0)
        except ImageError:
            raise
        except FileNotFoundError as error:
            if "://" in path:
                raise ImageError(f"{path}: clips are read from files, not from URLs") from error
            raise ImageError(f"{path}: no such file") from error
        except (OSError, ValueError) as error:  # ValueError: a null byte in the path
            raise ImageError(f"{path}: cannot be read ({reason(error)})") from error
        if not head:
            raise ImageError(f"{path}: empty file")
        yield file, head


def _something_else(path: str, head: bytes) -> str:
    """What a file is that cannot be a clip; empty if it may be one."""
    still_png = head.startswith(b"\x89PNG") and b"acTL" not in head
    webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    avif = head[4:12] in (b"ftypavif", b"ftypavis")
    if head.startswith(_PHOTOS) or still_png or webp or avif or kind(head, path):
        return PHOTO + path
    if head.startswith(_ARCHIVES):
        return f"an archive; unpack its clips, or judge its photographs by: blurdct predict {path}"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_PLAYLISTS):
        return "a list of other files or addresses, not a clip"
    return ""


def _is_cover(stream: Any) -> bool:
    """Whether it is the picture on a record, or of a kind that nobody can decode."""
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic) or stream.codec_context is None


def _kinds(container: Any) -> str:
    return " and ".join(sorted({stream.type for stream in container.streams})) or "nothing"
