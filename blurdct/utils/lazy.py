"""The face of a package: its public names, each imported when it is first asked for (PEP 562)."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def exports(
    package: str, homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    Args:
        package: Its ``__name__``.
        homes: By module of the package, the public names that it has.

    Where OpenCV does not load, asking for a name raises an ``ImportError`` that says what to do.
    """
    home = {name: module for module, names in homes.items() for name in names}

    def get(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            module = import_module(f".{home[name]}", package)
        except (ImportError, AttributeError) as error:
            from .installing import about_opencv

            if not (known := about_opencv(error)):
                raise
            raise ImportError(str(known), name="cv2") from error
        return getattr(module, name)

    return get, lambda: sorted(home), sorted(home)
