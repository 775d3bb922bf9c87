"""Files and folders that appear whole or not at all: made under a temporary name, then renamed.

Temporary names are new ones, so that no link which somebody planted there is ever followed. What a
killed process leaves behind is called ``.blurdct-*.part*``, in the folder of what it was making.

Sources:
    Two names exchanged at once: renameat2(2) of Linux, RENAME_EXCHANGE.
"""

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

START = ".blurdct-"  # of temporary names
AT_FDCWD, RENAME_EXCHANGE = -100, 2


@contextmanager
def replacing(
    path: Path, temporary: Path | None = None, make_folder: bool = True, durable: bool = False
) -> Iterator[Path]:
    """A new, empty file beside ``path`` that becomes it only if all went well.

    Args:
        path: What is to appear.
        temporary: The file's name until then; a random one if left out.
        make_folder: Make the folder of ``path`` if it is not there.
        durable: Have it on disk before it gets its name.

    Raises:
        OSError: It cannot be written; the error names ``path``.
    """
    if make_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    if temporary is None:
        temporary = path.with_name(f"{START}{os.urandom(8).hex()}.part{path.suffix}")
    with _named(path, temporary):
        create(temporary)
        try:
            yield temporary
            if durable:
                _sync(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path, sheet: str, own: Collection[str] = ()) -> Iterator[Path]:
    """A new, empty folder that takes the place of ``path`` only if all went well.

    A folder that is there is replaced whole or stays; other files in it are kept. One that cannot
    be renamed, because it is mounted, or the working folder, or its own folder forbids it, stays
    itself and gets the files one by one: then a moment is left in which it is without ``sheet``.

    Args:
        path: What is to appear. Folders above it are made.
        sheet: Name of the file without which it is nothing; there is none in what a killed process
            leaves beside it.

    Raises:
        FileExistsError: It is there and no folder.
        OSError: It cannot be written; the error names ``path``.
    """
    target = Path(os.path.realpath(path))  # of a link to a folder, the folder
    if target.exists() and not target.is_dir():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    stays = _stays(target)
    place = target if stays else target.parent
    with _named(path, place / START):
        # the new folder lies one deeper, so that nobody takes it for one of those beside it
        import tempfile  # which most commands do without

        room = Path(tempfile.mkdtemp(".part", START, place))
        new = room / "new"
        try:
            new.mkdir()
            yield new
            for file in new.iterdir():
                _sync(file)
        except BaseException:
            shutil.rmtree(room, ignore_errors=True)
            raise
        if stays or not _take_place(new, target, own):
            _refill(new, target, sheet, own)
        shutil.rmtree(room, ignore_errors=True)


def create(path: str | os.PathLike[str]) -> None:
    """Make an empty file.

    Raises:
        FileExistsError: There is something of that name, be it a link to nothing.
    """
    os.close(os.open(os.fspath(path), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))


@contextmanager
def _named(path: Path, ours: Path) -> Iterator[None]:
    """Errors about our own names, and about none, are about ``path``, which the caller knows."""
    try:
        yield
    except OSError as error:
        name = error.filename
        if error.errno is None or not (name is None or str(name).startswith(str(ours))):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _sync(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _stays(target: Path) -> bool:
    """Whether a folder is to stay itself: others hold on to it, or it may not be renamed."""
    try:
        here = Path.cwd()
    except OSError:  # removed meanwhile
        return False
    forbidden = not os.access(target.parent, os.W_OK)
    return target.is_dir() and (target in (here, *here.parents) or target.is_mount() or forbidden)


def _take_place(new: Path, target: Path, own: Collection[str]) -> bool:
    """Put a folder where another one is, or none; False if the system refuses that."""
    old = new.with_name("old")
    try:
        if not target.exists():
            os.rename(new, target)
            return True
        shutil.copymode(target, new)
        if _exchange(new, target):
            old = new
        else:
            os.rename(target, old)
            try:
                os.rename(new, target)
            except OSError:
                os.rename(old, target)
                raise
    except OSError:
        return False
    for path in old.iterdir():
        if path.name not in own and not os.path.lexists(target / path.name):
            os.rename(path, target / path.name)
    return True


def _exchange(one: Path, other: Path) -> bool:
    """Have two folders swap names at once; False where the system or file system cannot do it."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        rename = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError):
        return False
    names = (AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other))
    return bool(rename(*names, RENAME_EXCHANGE) == 0)


def _refill(new: Path, target: Path, sheet: str, own: Collection[str]) -> None:
    """Put files where those of their names are; the sheet goes first and comes last."""
    for name in (sheet, *own):
        (target / name).unlink(missing_ok=True)
    for path in sorted(new.iterdir(), key=lambda path: path.name == sheet):
        os.replace(path, target / path.name)
