"""A file copied, renamed or written anew: whole or not at all, and never over another one."""

import contextlib
import errno
import os
import shutil
from pathlib import Path

from ..utils.atomic import create, replacing


def relocate(source: str, target: str, part: str) -> None:
    """Give a file another name, on whatever file system; a file of that name is left alone.

    Within a file system a second name is made, which fails if it is taken, and the first removed.
    To another one the file is copied to ``part``, compared, named, and only then removed.

    Raises:
        FileExistsError: The name is taken.
        OSError: It cannot be done; the file is where it was.
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # no second names there, or not of others' files
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from None
        try:
            os.rename(source, target)
            return
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        duplicate(source, target, part, verify=True)
    try:
        os.unlink(source)
    except OSError:
        os.unlink(target)
        raise


def duplicate(source: str, target: str, part: str, verify: bool = False) -> None:
    """Copy a file with its times; under its name it appears complete, and never over another.

    Args:
        source: What to copy.
        target: The copy.
        part: The copy's name until it is complete, in the same folder.
        verify: Read the copy again and have it on disk before it gets its name.
    """
    create(part)
    try:
        shutil.copyfile(source, part)
        with contextlib.suppress(OSError):  # file systems without owners
            shutil.copystat(source, part)
        if verify:
            with open(part, "rb+") as file:
                os.fsync(file.fileno())
            if not same_bytes(source, part):
                raise OSError(errno.EIO, "its copy differs from it", target)
        relocate(part, target, part)
        if verify:
            sync_folder(os.path.dirname(target))
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


def same_bytes(one: str, other: str) -> bool:
    """Whether two files hold the same."""
    with open(one, "rb") as first, open(other, "rb") as second:
        if os.fstat(first.fileno()).st_size != os.fstat(second.fileno()).st_size:
            return False
        while data := first.read(2**20):
            if data != second.read(2**20):
                return False
    return True


def part_of(target: str, token: str) -> str:
    """What a file is called while it is copied to ``target``."""
    return os.path.join(os.path.dirname(target), f".blurdct-{token}.part")


def replace_bytes(path: str, data: bytes, part: str, time: int | None = None) -> None:
    """Put bytes into a file that is there or not, all or nothing; its permissions stay.

    Args:
        path: The file.
        data: What it is to hold.
        part: What it is called until it is complete, in the same folder.
        time: When it was changed, nanoseconds since 1970; now if left out.
    """
    with replacing(Path(path), Path(part), make_folder=False, durable=True) as temporary:
        temporary.write_bytes(data)
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(path, temporary)
        if time is not None:
            os.utime(temporary, ns=(time, time))


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Have the names in a folder survive a power cut, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
