"""``blurdct models``: what is in this install."""

from ...errors import ConfigError
from .. import output


def models() -> None:
    """List the models of this install: the size they see, score limits of the labels, size on disk.

    \b
    Example:
      blurdct models
    """
    from ...features.inputs import seen_at
    from ...inference.bundle import SHIPPED, load, shipped

    names = shipped()
    if not names:
        raise ConfigError("this install has no models; train one, and name its folder by --model")
    bundles = {name: load(name) for name in names}
    sizes = {name: seen_at(bundle.views, bundle.size) for name, bundle in bundles.items()}
    widths = [max(map(len, column)) for column in (sizes, sizes.values())]
    for name, bundle in bundles.items():
        kilobytes = sum(file.stat().st_size for file in (SHIPPED / name).iterdir()) / 1000
        output.write(
            f"{name:<{widths[0]}}  {sizes[name]:<{widths[1]}}  "
            f"clear below {100 * bundle.thresholds.clear:4.1f}  "
            f"blurred from {100 * bundle.thresholds.blurred:4.1f}  {kilobytes:5,.0f} kB"
        )
