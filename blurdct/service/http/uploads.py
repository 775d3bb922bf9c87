"""A request's body -> photographs in memory; within limits that hold while it comes in.

Nothing is written to disk, and never more is held than the limits allow.

Sources:
    Uploads by forms: RFC 7578 (multipart/form-data).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from ..engine import Busy
from ..settings import Settings

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
File = tuple[str, bytes]  # its name, and what is in it

UNNAMED = "photo"
FIELD = "files"  # name of the parts that are photographs even without a file's name
LONGEST = 255  # characters of a file's name that are kept
ASKED = frozenset((b"model", b"threshold", b"style"))  # of a request; no part of its form
SPARE = 64  # parts of a form that may be something else


class BodyError(Exception):
    """A body that is not taken: HTTP status, and why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class GoneError(Exception):
    """The client left; nobody waits for an answer."""


class Held:
    """Bytes of bodies that a process holds now; for one thread alone.

    Attributes:
        bytes: How many.
    """

    def __init__(self, most: int) -> None:
        self.bytes, self._most = 0, most

    def take(self, count: int) -> None:
        """Raises Busy if that were too many."""
        if self.bytes + count > self._most:
            raise Busy("too many uploads at the same time; try again")
        self.bytes += count


async def photographs(
    receive: Receive, headers: Mapping[str, str], name: str | None, settings: Settings, held: Held
) -> tuple[list[File], int]:
    """The files in a body, and how many bytes it had, which count as held until given back.

    Args:
        receive: From where its pieces come, as in ASGI.
        headers: Of the request.
        name: What a body is called that is the photo itself.
        settings: The limits.
        held: Where they are counted.

    Raises:
        BodyError: 400 for a form that is none, or one without a file or with too many; 408 for a
            body that comes too slowly; 413 for one that is too long.
        Busy: All bodies together are too long.
        GoneError: The client left.
    """
    kind, options = parse_options_header(headers.get("content-type", "").encode("latin-1"))
    is_form = kind == b"multipart/form-data"
    reader = Form(options.get(b"boundary", b""), settings.max_files) if is_form else Raw(name)
    total = 0
    try:
        async for piece in _pieces(receive, headers, settings):
            held.take(len(piece))
            total += len(piece)
            reader.write(piece)
        return reader.end(), total
    except BaseException:
        held.bytes -= total
        raise


class Raw:
    """A body that is one photo."""

    def __init__(self, name: str | None) -> None:
        self._name, self._data = (name or UNNAMED)[:LONGEST], bytearray()

    def write(self, piece: bytes) -> None:
        self._data += piece

    def end(self) -> list[File]:
        """Raises BodyError if there is nothing."""
        if not self._data:
            raise BodyError(400, "no photo: the body is empty")
        return [(self._name, bytes(self._data))]


class Form:
    """A body whose parts are photographs, as forms and ``curl -F`` send them."""

    def __init__(self, boundary: bytes, most: int) -> None:
        """Raises BodyError if there is no boundary, or one that cannot be."""
        self._files: list[File] = []
        self._most, self._parts, self._complete = most, 0, False
        self._header, self._value = bytearray(), bytearray()
        self._name: str | None = None  # of the file that is being read
        self._chosen = False
        self._data = bytearray()
        calls: Any = {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header_end,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }
        if not boundary:
            raise BodyError(400, "multipart/form-data without a boundary")
        try:
            self._parser = MultipartParser(boundary, calls)
        except FormParserError as error:
            raise BodyError(400, "broken multipart/form-data: its boundary is too long") from error

    def write(self, piece: bytes) -> None:
        """Raises BodyError if it is no form, or has too many parts."""
        try:
            self._parser.write(piece)
        except FormParserError as error:
            words = "broken multipart/form-data: its parts do not follow its boundary"
            raise BodyError(400, words) from error

    def end(self) -> list[File]:
        """Raises BodyError if the form breaks off, or has no file."""
        if not self._complete:
            raise BodyError(400, "broken multipart/form-data: it has no end")
        if not self._files:
            raise BodyError(400, f"no photo: the form has no file; call its parts {FIELD!r}")
        return self._files

    def _begin(self) -> None:
        self._parts += 1
        self._name = None
        if self._parts > self._most + SPARE:
            raise BodyError(400, "too many parts in the form")

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            if b"filename" not in options and (asked := options.get(b"name", b"")) in ASKED:
                word = asked.decode()
                raise BodyError(400, f"{word} is no part of a form: it goes with the URL, ?{word}=")
            if b"filename" in options or options.get(b"name") == FIELD.encode():
                name = options.get(b"filename", b"").decode("utf-8", "replace")
                self._name = name[:LONGEST] or UNNAMED
                self._chosen = bool(name)
        self._header.clear()
        self._value.clear()

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._name is not None:
            self._data += data[start:end]

    def _part_end(self) -> None:
        if self._name is None or not (self._data or self._chosen):
            return  # not a file; or a form's field for one where none was chosen
        if len(self._files) == self._most:
            raise BodyError(400, f"more than {self._most} photographs in one request")
        self._files.append((self._name, bytes(self._data)))
        self._data = bytearray()

    def _end(self) -> None:
        self._complete = True


async def _pieces(
    receive: Receive, headers: Mapping[str, str], settings: Settings
) -> AsyncIterator[bytes]:
    """A body as it comes in; raises what ``photographs`` does."""
    most = settings.max_bytes
    too_long = BodyError(413, f"the body is over the limit of {most:,} bytes")
    promised = headers.get("content-length", "")
    if promised.isdecimal() and int(promised) > most:
        raise too_long
    total, ends = 0, time.monotonic() + settings.upload_seconds
    while True:
        pause = min(settings.seconds, ends - time.monotonic())
        try:
            async with asyncio.timeout(pause):
                message = await receive()
        except TimeoutError:
            raise BodyError(408, "the body comes too slowly") from None
        if message["type"] == "http.disconnect":
            raise GoneError
        piece = message.get("body", b"")
        total += len(piece)
        if total > most:
            raise too_long
        if piece:
            yield piece
        if not message.get("more_body"):
            return
        await asyncio.sleep(0)  # what has come in already is handed out without a pause
