"""A system with nothing but Python on it, as an image such as python:3.11-slim is."""

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

# Of the C and C++ libraries, which wheels for Linux may expect (PEP 600) and every image has.
WHEELS = (
    *("ld-linux", "libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "libutil.so"),
    *("libresolv.so", "libnss_", "libanl.so", "libstdc++.so", "libgcc_s.so", "libz.so"),
)
# What Python's own modules are made of.
PYTHONS = (
    *("libpython", "libssl.so", "libcrypto.so", "libffi.so", "liblzma.so", "libbz2.so"),
    *("libsqlite3.so", "libexpat.so", "libuuid.so", "libreadline.so", "libtinfo", "libncurses"),
    *("libpanel", "libdb-", "libgdbm", "libnsl.so", "libtirpc.so", "libmpdec.so", "libcrypt.so"),
)


def hide_libraries(folder: Path) -> list[str]:
    """Fill a folder for ``LD_LIBRARY_PATH`` with broken stand-ins of all other libraries here.

    The loader looks there first, and a file that is no library ends its search: to a process it is
    as if the system had none of them. That takes no rights, so it works in every container.
    """
    folder.mkdir()
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True)
    names = {line.split()[0] for line in listed.stdout.splitlines() if "=>" in line}
    hidden = sorted(name for name in names if not name.startswith((*WHEELS, *PYTHONS)))
    for name in hidden:
        (folder / name).touch()
    return hidden


def wanted_libraries(folder: Path) -> dict[str, set[str]]:
    """By file below a folder, the libraries it wants that are neither there nor in every image."""
    files = [path for path in folder.rglob("*.so*") if path.is_file()]
    here = {path.name for path in files}
    found = {}
    for path in files:
        other = {name for name in _needed(path) if name not in here and not name.startswith(WHEELS)}
        if other:
            found[path.relative_to(folder).as_posix()] = other
    return found


def _needed(path: Path) -> Iterator[str]:
    """DT_NEEDED of a 64-bit little-endian ELF file (gABI, chapter 5); nothing of other files."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\2\1":
        return
    start, size, count = struct.unpack_from("<Q14xHH", data, 32)
    segments = [struct.unpack_from("<II6Q", data, start + size * n) for n in range(count)]
    loaded = [
        (address, offset, length)
        for kind, _, offset, address, _, length, *_ in segments
        if kind == 1
    ]
    for kind, _, offset, _, _, length, *_ in segments:
        if kind != 2:  # PT_DYNAMIC
            continue
        entries = list(struct.iter_unpack("<QQ", data[offset : offset + length // 16 * 16]))
        strings = next(value for tag, value in entries if tag == 5)  # DT_STRTAB, an address
        base = next(o + strings - a for a, o, n in loaded if a <= strings < a + n)
        for tag, value in entries:
            if tag == 0:
                break
            if tag == 1:
                yield data[base + value : data.index(b"\0", base + value)].decode()
