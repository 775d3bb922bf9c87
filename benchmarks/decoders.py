"""What decoders take: memory and time of a photo of 24 megapixels, by kind of file

Each file is decoded alone in a fresh process, in grey and in colour, without the limits that hold
otherwise. Memory is what the process takes at most beyond what it had before, in bytes for each
pixel, the file's own bytes aside. Noise makes the files no smaller than photographs are.
Example: python benchmarks/decoders.py --photos folder/with/raw/files
"""

import json
import os
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
from _measure import pictures
from _record import options, recording, run
from PIL import Image

from blurdct.images.files import find_photos

WIDTH, HEIGHT = 6000, 4000
NOISE = 3  # grey levels

KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {  # mode and format of Pillow's, options
    "JPEG": ("RGB", "JPEG", {"quality": 92, "subsampling": 0}),
    "JPEG, progressive": ("RGB", "JPEG", {"quality": 92, "subsampling": 0, "progressive": True}),
    "PNG": ("RGB", "PNG", {"compress_level": 1}),
    "PNG, transparent": ("RGBA", "PNG", {"compress_level": 1}),
    "PNG, grey and transparent": ("LA", "PNG", {"compress_level": 1}),
    "WebP": ("RGB", "WEBP", {"method": 0}),
    "WebP, transparent": ("RGBA", "WEBP", {"method": 0}),
    "GIF": ("L", "GIF", {}),
    "BMP": ("RGB", "BMP", {}),
    "TIFF": ("RGB", "TIFF", {"compression": "tiff_lzw"}),
    "TIFF, transparent": ("RGBA", "TIFF", {"compression": "tiff_lzw"}),
    "JPEG 2000": ("RGB", "JPEG2000", {"quality_mode": "rates", "quality_layers": [20]}),
    "JPEG 2000, transparent": (
        "RGBA",
        "JPEG2000",
        {"quality_mode": "rates", "quality_layers": [20]},
    ),
    "AVIF": ("RGB", "AVIF", {"quality": 60, "speed": 10}),
    "AVIF, transparent": ("RGBA", "AVIF", {"quality": 60, "speed": 10}),
    "HEIC": ("RGB", "HEIF", {"quality": 60}),
    "HEIC, transparent": ("RGBA", "HEIF", {"quality": 60}),
    "PDF of a scan": ("RGB", "PDF", {"quality": 92}),
}

ALONE = """
import json, sys, time
import cv2
from blurdct.config import ReadConfig
from blurdct.images.guard import Aim, decode_here
cv2.setNumThreads(1)
def taken():
    lines = (line.split(':') for line in open('/proc/self/status') if line.startswith('Vm'))
    return {name: 1024 * int(value.split()[0]) for name, value in lines}
data, colour = open(sys.argv[1], 'rb').read(), sys.argv[2] == 'colour'
aim = Aim() if colour else Aim(long=640)
before, start = taken()['VmRSS'], time.perf_counter()
found = decode_here(data, sys.argv[1], ReadConfig(max_pixels=10**9), colour, aim)
seconds = time.perf_counter() - start
pixels = found.size[0] * found.size[1]
print(json.dumps([(taken()['VmHWM'] - before) / pixels, seconds, pixels / 1e6]))
"""


def main() -> None:
    """Print bytes for each pixel, and seconds."""
    parser = options(__doc__)
    parser.add_argument("--photos", type=Path, help="more files, such as camera RAW")
    args = parser.parse_args()
    with recording(__file__, __doc__, args) as record:
        columns = ("file", "megapixels", "grey, bytes/pixel", "colour", "grey, s", "colour, s")
        forms = ("", ".0f", ".1f", ".1f", ".2f", ".2f")
        table = record.table(dict(zip(columns, forms, strict=True)))
        rgb = photo()
        with tempfile.TemporaryDirectory() as folder:
            for kind, (mode, form, how) in KINDS.items():
                path = Path(folder, "photo")
                path.write_bytes(encoded(rgb, mode, form, how))
                table.row(kind, *measured(path))
            for bits, ending in ((12, ".png"), (12, ".tif")):
                path = Path(folder, f"deep{ending}")
                cv2.imwrite(str(path), rgb.astype(np.uint16) << (bits - 8))
                table.row(f"{ending[1:].upper()} of {bits} in 16 bits", *measured(path))
        for path in find_photos(args.photos) if args.photos else []:
            table.row(path.name, *measured(path))


def photo() -> np.ndarray:
    """A photograph of the sample, enlarged, with the noise of a sensor."""
    large = cv2.resize(pictures()[0], (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(0).normal(0, NOISE, large.shape)
    return np.clip(large + noise, 0, 255).astype(np.uint8)


def encoded(rgb: np.ndarray, mode: str, form: str, how: dict[str, Any]) -> bytes:
    """A picture as a file."""
    pillow_heif.register_heif_opener()
    image = Image.fromarray(rgb)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    file = BytesIO()
    image.convert(mode).save(file, form, **how)
    return file.getvalue()


def measured(path: Path) -> tuple[float, float, float, float, float]:
    """Megapixels, bytes for each pixel in grey and in colour, seconds of both."""
    alone = {**os.environ, "MALLOC_ARENA_MAX": "1"}  # as confined processes are
    found = []
    for colour in ("grey", "colour"):
        words = [sys.executable, "-c", ALONE, str(path), colour]
        done = subprocess.run(words, capture_output=True, text=True, check=True, env=alone)
        found.append(json.loads(done.stdout))
    grey, coloured = found
    return grey[2], grey[0], coloured[0], grey[1], coloured[1]


if __name__ == "__main__":
    run(main)
