"""An image of Pillow's -> red, green and blue, laid over white where it is transparent."""

from typing import Any

from PIL import Image

STRIP = 256  # rows that are laid over white at once
SAVE_AS = "not supported; save it with 8 or 16 bits"
TRANSPARENT = "transparent, laid over white"  # a note where nothing shows in what came of that


class UnreadError(ValueError):
    """A picture that is whole, but not of a kind that is read."""


def opaque(image: Image.Image) -> Image.Image:
    """RGB, with white behind whatever is transparent.

    Raises:
        UnreadError: Floating-point samples.
    """
    if image.mode == "F":
        raise UnreadError(f"floating-point pixels are {SAVE_AS}")
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    if image.mode == "La":  # alpha is multiplied in; Pillow goes back by this way alone
        image = image.convert("LA")
    if image.mode != "RGBA":
        image = image.convert("RGBA")
    flat = Image.new("RGB", image.size)
    for top in range(0, image.height, STRIP):  # at once, it would take three more whole pictures
        box = (0, top, image.width, min(top + STRIP, image.height))
        part = image.crop(box)
        white = Image.new("RGBA", part.size, "white")
        flat.paste(Image.alpha_composite(white, part).convert("RGB"), box)
    return flat


def is_seen_through(image: Image.Image) -> bool:
    """Whether any of its pixels is transparent, if only in part."""
    if not image.has_transparency_data:
        return False
    alpha: Any = image.convert("LA" if image.mode == "La" else "RGBA").getchannel("A")
    return bool(alpha.getextrema()[0] < 255)
