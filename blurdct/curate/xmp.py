"""A rating and a keyword into an XMP sidecar.

An existing packet is never written anew: what is missing is put between its bytes, all the others
stay as they are. Parsers of XMP take several ``rdf:Description`` of one photo for one.

Sources:
    XMP Specification Part 1 (ISO 16684-1:2019), 7.4 to 7.9; ``xmp:Rating`` -1 rejected, 0 none,
    1..5 stars: Part 2, 3.1.
"""

import re
from collections.abc import Sequence
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from ..errors import BlurdctError
from .metadata.reader import read_metadata

# Names as expat gives them: namespace and local name
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP = "http://ns.adobe.com/xap/1.0/"
_DC = "http://purl.org/dc/elements/1.1/"
# What XML 1.0 has no place for (2.2, Char).
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_RATING, _SUBJECT = f"{_XMP} Rating", f"{_DC} subject"
# Lists of keywords. A program reads the first that it knows and finds, so all get the word.
_LISTS = (
    _SUBJECT,
    "http://ns.adobe.com/lightroom/1.0/ hierarchicalSubject",
    "http://www.digikam.org/ns/1.0/ TagsList",
)
_EMPTY = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    b' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
    b" </rdf:RDF>\n"
    b"</x:xmpmeta>\n"
    b'<?xpacket end="w"?>\n'
)


def tagged(packet: bytes | None, keywords: Sequence[str], rating: int | None) -> bytes:
    """A packet that has these keywords, and this rating if it had none.

    Args:
        packet: What the sidecar holds; None makes a new one.
        keywords: Put into every list of keywords there is, once.
        rating: -1 rejected, or 1..5 stars; None leaves it alone.

    Raises:
        BlurdctError: It is not XMP in UTF-8.
    """
    packet = packet or _EMPTY
    found = _Packet(packet)
    prefix, fresh = found.prefix, ""
    changes: list[tuple[int, int, str]] = []  # from, to, and what comes there
    if rating is not None and found.rating is None:
        fresh += f"<xmp:Rating>{rating}</xmp:Rating>"
    elif rating is not None and found.rating and found.rating[2].strip() in ("", "0"):
        changes.append((*found.rating[:2], str(rating)))

    def entries(there: Sequence[str]) -> str:
        new = (word for word in dict.fromkeys(keywords) if word not in there)
        return "".join(f"<{prefix}:li>{escape(word)}</{prefix}:li>" for word in new)

    for start, end, tag, words in found.lists.values():
        if text := entries(words):
            changes.append((start, end, text if start == end else f"<{tag}>{text}</{tag}>"))
    if keywords and _SUBJECT not in found.lists:
        fresh += f"<dc:subject><{prefix}:Bag>{entries(())}</{prefix}:Bag></dc:subject>"
    if fresh:
        tag, about = f"{prefix}:Description", quoteattr(found.about)
        spaces = f'xmlns:xmp="{_XMP}" xmlns:dc="{_DC}"'
        text = f" <{tag} {prefix}:about={about} {spaces}>{fresh}</{tag}>\n "
        changes.append((found.room, found.room, text))
    for start, end, text in sorted(changes, reverse=True):
        packet = packet[:start] + text.encode() + packet[end:]
    return packet


def beginning(photo: str) -> bytes | None:
    """What a new sidecar begins with: the XMP, stars and keywords inside a photo; None without.

    Programs believe a sidecar rather than the photo, and what it leaves out is gone from sight.

    Raises:
        BlurdctError: They cannot be read, so that a sidecar would hide them.
    """
    found = read_metadata(photo)
    start = found.packets[0] + b"\n" if found.packets else None
    words = [text for word in found.keywords if (text := UNWRITABLE.sub("", word).strip())]
    if not (start or words or found.stars):
        return None
    try:
        return tagged(start, words, found.stars)
    except BlurdctError as error:
        raise BlurdctError(f"the photo's own XMP: {error}") from error


class _Packet:
    """Where in the bytes of a packet its rating, its lists of keywords and room for more are.

    Attributes:
        rating: First byte, the one behind the last, and the text; None if it has no rating.
        lists: By property: first byte and the one behind the last of an empty list, its tag and no
            words; or twice the place behind the last word, the tag and the words.
        room: Where another ``rdf:Description`` can stand.
        prefix: Of the names of RDF.
        about: What all its descriptions are about.
    """

    def __init__(self, packet: bytes) -> None:
        self.rating: tuple[int, int, str] | None = None
        self.lists: dict[str, tuple[int, int, str, list[str]]] = {}
        self.room, self.prefix, self.about = -1, "", ""
        self._packet, self._path = packet, list[str]()
        self._words, self._text, self._tag, self._leaf = list[str](), "", 0, False
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.namespace_prefixes = parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._more
        try:
            packet.decode()
            parser.Parse(packet, True)
        except (expat.ExpatError, UnicodeDecodeError) as error:
            if isinstance(error, UnicodeDecodeError):
                raise BlurdctError("no XMP in UTF-8") from error
            raise BlurdctError(f"no XMP: damaged in line {error.lineno}") from error
        if self.room < 0:
            raise BlurdctError("no XMP: there is no rdf:RDF with anything in it")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._tag, self._text, self._leaf = self._parser.CurrentByteIndex, "", True
        self._path.append(_plain(name))
        if self._path[-1] in _LISTS:
            self._words = []
        if self._path[-2:] == [_RDF + " RDF", _RDF + " Description"]:
            for key, value in attributes.items():
                if _plain(key) == _RATING:
                    self.rating = self._value(_tag(key))
                elif _plain(key) in (_RDF + " about", "about"):
                    self.about = value

    def _more(self, text: str) -> None:
        self._text += text

    def _end(self, name: str) -> None:
        at, path = self._parser.CurrentByteIndex, self._path
        # behind an empty element, before the end tag of any other
        empty = self._leaf and not self._text and self._packet[at - 2 : at] == b"/>"
        inside = path[-2] if len(path) > 1 else ""
        if path[-1] == _RATING and inside == _RDF + " Description" and not empty:
            start = self._packet.index(b">", self._tag) + 1
            self.rating = (start, at, self._text)
        elif path[-1] == _RDF + " li":
            self._words.append(self._text)
        elif inside in _LISTS:
            self.lists[inside] = (self._tag if empty else at, at, _tag(name), self._words)
        elif path[-1] in _LISTS and path[-1] not in self.lists:
            raise BlurdctError("its keywords are no list")
        elif path[-1] == _RDF + " RDF" and not empty:
            self.room, self.prefix = at, _tag(name).partition(":")[0]
        self._leaf = False
        path.pop()

    def _value(self, attribute: str) -> tuple[int, int, str]:
        """Where the value of an attribute of the latest start tag stands, and what it is."""
        pattern = rb"\s%s\s*=\s*(?:\"([^\"]*)\"|'([^']*)')" % re.escape(attribute.encode())
        found = re.compile(pattern).search(self._packet, self._tag)
        assert found  # the parser has seen it
        which = found.lastindex or 1
        return (*found.span(which), found[which].decode())


def _plain(name: str) -> str:
    """``uri local prefix``, or without a prefix -> ``uri local``."""
    return " ".join(name.split(" ")[:2])


def _tag(name: str) -> str:
    """``uri local prefix``, or without a prefix -> as it is written."""
    _, local, *prefix = name.split(" ")
    return ":".join((*prefix, local))
