"""The page without a server: the service's page, with the model in the browser, in one folder.

Any host of files serves it; over https, or from this computer, it goes on without a connection
after the first visit. Only the module ``engine.js`` differs from that of the service.

Example: python docs/try/build.py --out site/try
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from PIL import Image

from blurdct.errors import BlurdctError, ConfigError
from blurdct.export import compare, export
from blurdct.export.check import drawn
from blurdct.inference.bundle import load, named
from blurdct.inference.detector import Detector
from blurdct.inference.heatmap import overlay_png
from blurdct.service.http import app

HERE = Path(__file__).resolve().parent
LICENCE = HERE.parents[1] / "LICENSE"
OF_SERVICE = ("engine.js", "service.js")  # modules that the page has in other words, or not at all
OWN = ("engine.js", "worker.js")
RUNTIME = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")  # of onnxruntime-web
# No photo can leave by a page that may talk to its own host alone, and sends nothing there.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "connect-src 'self'; img-src 'self' blob:; style-src 'self'; base-uri 'none'; "
    "form-action 'none'"
)
PARTS = {
    "head": f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
    "promise": "It is judged in this browser: photos never leave your computer, and after the "
    "first visit no connection is needed.",
    "else": "<code>blurdct predict photo.jpg</code>",
    "foot": 'blurdct. Runs on <a href="static/LICENSE-onnxruntime-web.txt">ONNX Runtime Web</a>; '
    '<a href="static/LICENSE.txt">licence</a>.',
}


def main() -> None:
    """Build, print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("site/try"), help="folder (site/try)")
    parser.add_argument("--model", default=None, help="name or folder of a bundle (best)")
    parser.add_argument("--packages", type=Path, help="folder with node_modules, if not by npm ci")
    args = parser.parse_args()
    try:
        total = build(args.out, args.model, args.packages)
    except BlurdctError as error:
        sys.exit(str(error))
    print(f"{args.out}: {total / 1e6:.1f} MB; serve it by: python -m http.server -d {args.out}")


def build(out: Path, model: str | None = None, packages: Path | None = None) -> int:
    """Make the folder, whole or not at all -> how many bytes it has.

    Args:
        out: Folder; one that was built before is replaced.
        model: Name or folder of a bundle with a map.
        packages: Folder with ``node_modules``; fetched by npm if left out.

    Raises:
        ModelError: No such model, or one that cannot be exported.
        ConfigError: It makes no map, or npm is missing or failed.
    """
    if out.exists() and not (out / "sw.js").is_file() and (out.is_file() or any(out.iterdir())):
        raise ConfigError(f"{out}: exists and is no such page; name a folder that is not there yet")
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=".blurdct-") as temporary:
        runtime = _runtime(packages or fetched(Path(temporary)))
        new = Path(temporary, "page")
        static = new / "static"
        static.mkdir(parents=True)
        _page(new, static)
        for name in RUNTIME:
            shutil.copyfile(runtime / "dist" / name, static / name)
        _licences(runtime, static)
        _model(static, model)
        total = _worker(new)
        if out.exists():
            out.rename(Path(temporary, "before"))
        new.rename(out)
        return total


def fetched(folder: Path) -> Path:
    """``node_modules`` as the lock file has them, in a folder."""
    npm = shutil.which("npm")
    if npm is None:
        raise ConfigError("npm is missing; on Debian and Ubuntu: apt install npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(HERE / name, folder / name)
    words = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    made = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if made.returncode:
        raise ConfigError(f"npm ci failed: {made.stderr.strip().splitlines()[-1:]}")
    return folder


def _runtime(packages: Path) -> Path:
    """The folder of onnxruntime-web, of the version that is pinned."""
    folder = packages / "node_modules" / "onnxruntime-web"
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["onnxruntime-web"]
    sheet = folder / "package.json"
    found = json.loads(sheet.read_text())["version"] if sheet.is_file() else "none"
    if found != wanted:
        raise ConfigError(f"{folder}: expected version {wanted}, got {found}")
    return folder


def _page(out: Path, static: Path) -> None:
    for path in app.PAGE.iterdir():
        if path.name not in ("index.html", *OF_SERVICE):
            shutil.copyfile(path, static / path.name)
    for name in OWN:
        shutil.copyfile(HERE / name, static / name)
    text = (app.PAGE / "index.html").read_text(encoding="utf-8")
    for name, words in PARTS.items():
        place = re.compile(f"<!--engine:{name}-->.*?<!--/engine-->", re.DOTALL)
        text, count = place.subn(words, text)
        if count != 1:
            raise ConfigError(f"index.html: expected one place for {name}, got {count}")
    (out / "index.html").write_text(text, encoding="utf-8")


def _licences(runtime: Path, static: Path) -> None:
    """Of what is handed on: blurdct's, and that of the runtime with what it was built with."""
    shutil.copyfile(LICENCE, static / "LICENSE.txt")
    sheet = json.loads((runtime / "package.json").read_text())
    notice = (HERE / "LICENSE-onnxruntime-web.txt").read_text()
    heading = f"onnxruntime-web {sheet['version']}, {sheet['license']}\n\n"
    (static / "LICENSE-onnxruntime-web.txt").write_text(heading + notice)


def _model(static: Path, model: str | None) -> None:
    """The graph, and what the page must know of it."""
    bundle = load(model)
    if not bundle.map_graph:
        raise ConfigError(f"{named(model)}: makes no map, which the page shows")
    file = export(bundle, "luma", named(model))
    if fault := compare(file, Detector(bundle), "luma", drawn("luma")).fault("luma"):
        raise ConfigError(f"{named(model)}: {fault}")
    (static / "blurdct.onnx").write_bytes(file)
    sheet = {one.key: one.value for one in onnx.load_from_string(file).metadata_props}
    ramp = np.linspace(0, 1, 256, dtype=np.float32)[None]
    colours = Image.open(BytesIO(overlay_png(ramp))).convert("RGB")
    facts = {
        "name": sheet["model"],
        **{name: float(sheet[name]) for name in ("threshold", "sure_sharp", "sure_blurred")},
        "reasons": json.loads(sheet["reasons"]),
        "has_map": True,
        "accuracy": bundle.training.get("judged", {}).get("accuracy"),
        "colours": np.asarray(colours).ravel().tolist(),
    }
    (static / "model.json").write_text(json.dumps(facts) + "\n")


def _worker(out: Path) -> int:
    """The service worker, which keeps all files under a name of their own; bytes in all."""
    files = sorted(path for path in out.rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    names = ["./", *(path.relative_to(out).as_posix() for path in files)]
    text = (HERE / "sw.js").read_text(encoding="utf-8")
    text = text.replace("VERSION", digest.hexdigest()[:12]).replace('["FILES"]', json.dumps(names))
    (out / "sw.js").write_text(text, encoding="utf-8")
    return sum(path.stat().st_size for path in (*files, out / "sw.js"))


if __name__ == "__main__":
    main()
