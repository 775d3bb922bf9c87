"""``blurdct export``: a model -> one ONNX file, from pixels to the verdict."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ...errors import ConfigError, ImageError, ModelError
from ...utils.text import visible
from .. import output
from ..checks import check_file, command
from ..options import ALL_READ, SOME_UNREAD, Force, Model


@command
def export(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file, ending in .onnx.")],
    model: Model = None,
    form: Annotated[
        Literal["luma", "rgb"],
        typer.Option(
            help="What the file takes, uint8, upright, at any size: luma, grey levels (H, W); rgb, "
            "red, green and blue (H, W, 3)."
        ),
    ] = "luma",
    photos: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Photos to compare the file with the model on, at several sizes; pictures drawn "
            "by chance if left out.",
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Write a model as one ONNX file that takes pixels and runs with ONNX Runtime alone.

    All that blurdct does between pixels and verdict is in it: reducing to the
    working size, frames, whether there is anything to judge by, blocks and their
    statistics, orientation, the model, calibration. Outputs are probability, map,
    evidence, blur, motion and reason; limits of the verdicts stand in its metadata.

    Before it is written it is asked about photos beside the model itself: with
    luma P must agree to 0.001, with rgb to 0.01.

    \b
    Examples:
      blurdct export --out blurdct.onnx
      blurdct export --form rgb --photos mine/ --out blurdct.onnx

    \b
    Exit status: 0 the file was written, 1 it was, but some photos could not be
    read, or it could not be, 2 wrong use, or P differs by more.
    """
    from ...export.check import at_sizes, compare, drawn
    from ...export.graph import export as exported
    from ...images.files import find_photos
    from ...inference.bundle import load, named
    from ...inference.detector import Detector
    from ...utils.atomic import replacing

    if out.suffix.lower() != ".onnx":
        raise ConfigError(f"{out}: expected a file ending in .onnx")
    check_file(out, force)
    paths = None
    if photos is not None:
        paths = find_photos(photos)
        if not paths:
            raise ConfigError(f"--photos {photos}: no folder with photos")
    bundle = load(model)
    file = exported(bundle, form, named(model))
    bad: list[ImageError] = []

    def left_out(error: ImageError) -> None:
        bad.append(error)
        output.note(str(error))

    pictures = drawn(form) if paths is None else at_sizes(paths, form, on_error=left_out)
    answer = compare(file, Detector(bundle), form, output.with_bar(pictures, None))
    if fault := answer.fault(form):
        raise ModelError(f"{named(model)}: not written: {fault}")
    with replacing(out) as new:
        Path(new).write_bytes(file)
    looked = "drawn pictures" if paths is None else f"photos of {visible(str(photos))}"
    output.write(
        f"{visible(str(out))}: {named(model)}, takes {form}, {len(file) / 1e6:.1f} MB; "
        f"largest difference of P {answer.largest:.1g} in {answer.looks} looks at {looked}"
    )
    raise typer.Exit(SOME_UNREAD if bad else ALL_READ)
