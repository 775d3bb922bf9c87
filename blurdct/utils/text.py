"""Words for people: the reason of an error in one line, and text made harmless for a terminal."""

import re
from errno import ECONNREFUSED


def reason(error: BaseException) -> str:
    """Why something failed: the system's words, or the first line of the library's."""
    from socket import gaierror  # which most commands do without

    cause = getattr(error, "os_error", error)  # aiohttp's errors hold the system's
    if isinstance(cause, gaierror):
        return "no such host"
    if isinstance(cause, ConnectionRefusedError) or getattr(cause, "errno", 0) == ECONNREFUSED:
        return "nothing answers there"
    if isinstance(error, UnicodeDecodeError):
        return f"not {error.encoding.upper()}"
    status, message = getattr(error, "status", None), getattr(error, "message", "")
    if isinstance(status, int):  # aiohttp's, of what a web server said
        return f"the server says {status} {message}".rstrip()
    if isinstance(error, FileNotFoundError) and not error.strerror:  # fsspec's says the URL again
        return "not there"
    if isinstance(error, MemoryError):
        return "not enough memory"
    if isinstance(error, ValueError) and "null byte" in str(error):
        return "a null byte in its name"
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(words).partition("\n")[0]


# What would break a line in two, or make a terminal do things.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def of_system(error: OSError) -> str:
    """A line about what the system refused: the place, if it names one, and its words."""
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{reason(error)}"


def counted(count: int, what: str) -> str:
    """``1 photograph``, ``2,000 photographs``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def visible(text: str) -> str:
    """Control characters as escapes, so that a line stays a line."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
