"""Actions that are killed: is a photograph lost, and does undo bring everything back?

Small photographs of the sample in six formats, in subfolders, each with two sidecars, are moved,
copied, linked or tagged by `filter`, or moved by `best --rest`; the command is killed with all
that it started, by SIGKILL or SIGTERM, at a random moment. Then every photograph and sidecar must
still be somewhere, with the same digest. The `undo` that follows is killed, too, every second time.
Then `undo` runs to its end, and everything must be where it was, with its bytes and its time, and
nothing else. Nothing is kept of a run that finds a fault; it ends with exit status 1.
Example: python benchmarks/kill_actions.py                               (fifteen minutes)
         python benchmarks/kill_actions.py --photos 40 --kills 5         (one minute)
"""

import argparse
import csv
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from _record import options, recording, run
from PIL import Image

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
FORMATS = {".jpg": "JPEG", ".png": "PNG", ".tif": "TIFF", ".webp": "WEBP", ".avif": "AVIF"}
FORMATS |= {".bmp": "BMP"}
SIDECARS = (".xmp", ".AAE", ".mov", ".pp3")  # in place of the ending
WHOLE = (".xmp", ".dop", ".suppl.json", ".json")  # behind the whole name
PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Label="%d"/></rdf:RDF></x:xmpmeta>\n'
)
ACTIONS = {  # what is run; {to} is the target
    "move": "filter {results} --threshold 0.3 --action move --to {to}",
    "copy": "filter {results} --threshold 0.3 --action copy --to {to}",
    "link": "filter {results} --threshold 0.3 --action link --to {to}",
    "tag": "filter {results} --threshold 0.3 --action tag",
    "best": "best {results} --by burst --rest --action move --to {to}",
}
SIGNALS = {"SIGKILL": signal.SIGKILL, "SIGTERM": signal.SIGTERM}

State = dict[str, tuple[str, int]]  # path below a folder -> digest and time of its last change


@dataclass
class Count:
    """What became of the kills of one action in one place."""

    killed: int = 0
    ended: int = 0  # before the moment came
    undone: int = 0  # times that undo was killed
    changed: int = 0  # kills that left something to undo
    faults: list[str] = field(default_factory=list)


def main() -> None:
    """Print what was found; exit status 1 if anything is lost, changed, or not put back."""
    args = _arguments()
    rng = np.random.default_rng(args.seed)
    with (
        tempfile.TemporaryDirectory(dir=args.disk) as disk,
        tempfile.TemporaryDirectory(dir=args.memory) as memory,
        recording(__file__, __doc__, args) as record,
    ):
        record.hidden |= {disk: "DISK", memory: "MEMORY"}
        places = {"disk": (disk, disk), "tmpfs": (memory, memory), "disk to tmpfs": (disk, memory)}
        if os.stat(disk).st_dev == os.stat(memory).st_dev:
            raise SystemExit(f"error: {args.disk} and {args.memory} are on one file system")
        record.say(f"{args.photos:,} photographs, {2 * args.photos:,} sidecars")
        columns = {"where": "", "action": "", "signal": "", "killed": ",d", "ended before": ",d"}
        columns |= {"of these left half-way": ",d", "undo killed": ",d", "faults": ",d"}
        table = record.table(columns)
        counts: dict[tuple[str, str, str], Count] = {}
        for where, (home, away) in places.items():
            whole = _Collection(Path(home), Path(away), args)
            for number in range(args.kills):
                action = args.actions[number % len(args.actions)]
                name = list(SIGNALS)[number // len(args.actions) % len(SIGNALS)]
                count = counts.setdefault((where, action, name), Count())
                whole.kill(action, SIGNALS[name], rng, count)
            shutil.rmtree(whole.folder)
        for keys, count in counts.items():
            half = (count.killed, count.ended, count.changed, count.undone, len(count.faults))
            table.row(*keys, *half)
        faults = [fault for count in counts.values() for fault in count.faults]
        killed = sum(count.killed for count in counts.values())
        half_way = sum(count.changed for count in counts.values())
        undone = sum(count.undone for count in counts.values())
        record.say(
            f"{killed:,} kills of actions, {half_way:,} of which left something half-way; "
            f"{undone:,} kills of undo; faults: {len(faults):,}"
        )
        for fault, times in Counter(faults).most_common(20):
            record.say(f"{times} x {fault}")
        if faults:
            sys.exit(1)


def _arguments() -> argparse.Namespace:
    parser = options(__doc__)
    add = parser.add_argument
    add("--photos", type=int, default=500, help="(%(default)s)")
    add("--actions", nargs="+", default=list(ACTIONS), choices=ACTIONS, help="(all)")
    add("--kills", type=int, default=50, help="in each of three places (%(default)s)")
    add("--seed", type=int, default=0, help="(%(default)s)")
    add("--disk", type=Path, default=Path(tempfile.gettempdir()), help="(%(default)s)")
    add("--memory", type=Path, default=Path("/dev/shm"), help="(%(default)s)")
    return parser.parse_args()


class _Collection:
    """Photographs with sidecars, the results about them, and what they must be like."""

    def __init__(self, home: Path, away: Path, args: argparse.Namespace) -> None:
        self.folder, self.target = home / "photos", away / "target"
        self.results = home / "results.csv"
        _write_photos(self.folder, args.photos)
        _write_results(self.results, self.folder, args.seed)
        self.before = _state(self.folder)
        self.took = {action: self._whole(action) for action in args.actions}

    def kill(self, action: str, number: int, rng: np.random.Generator, count: Count) -> None:
        """Kill an action once, and undo it."""
        start, end = self.took[action]
        moment = rng.uniform(0.7 * start, 1.05 * end)
        count.killed += (killed := self._run(action, moment, number))
        count.ended += not killed
        here, there = _state(self.folder), _state(self.target)
        count.changed += killed and (here != self.before or bool(there))
        kept = {digest for digest, _ in (*here.values(), *there.values())}
        lost = [path for path, (digest, _) in self.before.items() if digest not in kept]
        if action == "tag":  # sidecars have a word more
            lost = [path for path in lost if not path.lower().endswith(".xmp")]
        count.faults += [f"{action}: {Path(path).suffix} lost" for path in lost]
        journals = self._journals()
        if rng.random() < 0.5 and journals:
            moment = rng.uniform(0.5 * start, 1.5 * start)
            count.undone += _killed(_command("undo", journals[0]), moment, number)
        for journal in journals:
            done = subprocess.run(_command("undo", journal), capture_output=True, text=True)
            if done.returncode:
                count.faults.append(f"{action}: undo said {done.stderr[-300:]!r}")
        now, left = _state(self.folder), _state(self.target)
        for path in {*self.before, *now}:
            if now.get(path) != self.before.get(path):
                count.faults.append(f"{action}: {Path(path).suffix} not as it was")
        count.faults += [f"{action}: {Path(path).suffix} left in the target" for path in left]
        self._clear()

    def _whole(self, action: str) -> tuple[float, float]:
        """Seconds until an action did its first deed, and until it ended; undone afterwards."""
        begun = time.perf_counter()
        line = ACTIONS[action].format(results=self.results, to=self.target)
        with subprocess.Popen(
            _command(*line.split()), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout
            process.stdout.readline()
            first = time.perf_counter() - begun
            process.stdout.read()
        end = time.perf_counter() - begun
        if process.returncode:
            raise SystemExit(f"error: {line}: exit status {process.returncode}")
        for journal in self._journals():
            subprocess.run(_command("undo", journal), capture_output=True, check=True)
        if _state(self.folder) != self.before or _state(self.target):
            raise SystemExit(f"error: {line}: undo does not restore it, even without a kill")
        self._clear()
        return first, end

    def _run(self, action: str, moment: float, number: int) -> bool:
        line = ACTIONS[action].format(results=self.results, to=self.target)
        return _killed(_command(*line.split()), moment, number)

    def _journals(self) -> list[Path]:
        places = (self.target, self.results.parent)
        return [path for place in places for path in sorted(place.glob("*.journal.jsonl"))]

    def _clear(self) -> None:
        for journal in self._journals():
            journal.unlink()
        shutil.rmtree(self.target, ignore_errors=True)


def _command(*words: object) -> list[str]:
    return [sys.executable, "-m", "blurdct", *map(str, words)]


def _killed(words: list[str], moment: float, number: int) -> bool:
    """Run a command, and kill it with all it started after so many seconds, if it still runs."""
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, number)
            return True
    return False


def _write_photos(folder: Path, count: int) -> None:
    """Photographs of 64 pixels in subfolders, four of a burst; of each kind of sidecar some."""
    samples = sorted(SAMPLE.rglob("*.jpg"))
    small: list[Image.Image] = []
    for path in samples:
        with Image.open(path) as opened:
            opened.thumbnail((64, 64))
            small.append(opened.convert("RGB"))
    endings = list(FORMATS)
    for number in range(count):
        ending = endings[number % len(endings)]
        path = folder / f"{number % 7}" / "ab"[number % 2] / f"{number:04}{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        image: Image.Image = small[number % len(small)].copy()
        image.putpixel((0, 0), (number % 256, number // 256, 0))  # no two are the same
        exif = Image.Exif()
        minute, second = divmod(number // len(endings), 4)
        exif[36867] = f"2024:01:01 {minute // 60:02}:{minute % 60:02}:{second:02}"
        more: dict[str, Any] = {} if ending == ".bmp" else {"exif": exif}
        image.save(path, FORMATS[ending], **more)
        for beside in (
            path.with_suffix(SIDECARS[number % len(SIDECARS)]),
            Path(f"{path}{WHOLE[number // 2 % len(WHOLE)]}"),
        ):
            is_xmp = beside.suffix == ".xmp"
            beside.write_text(PACKET % number if is_xmp else f"sidecar {beside.name} {number}\n")
        os.utime(path, ns=(10**18 + number, 10**18 + number))


def _write_results(path: Path, folder: Path, seed: int) -> None:
    """As a scan would write them, P being drawn: it is all one here what is blurred."""
    rng = np.random.default_rng(seed)
    columns = ("path", "bytes", "modified", "width", "height", "probability", "score", "label")
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow((*columns, "error"))
        for photo in sorted(folder.rglob("*")):
            if photo.suffix in FORMATS:
                p, info = rng.random(), photo.stat()
                label = "blurred" if p > 0.5 else "sharp"
                size = (info.st_size, info.st_mtime, 64, 64)
                writer.writerow((photo, *size, p, 100 * p, label, ""))


def _state(folder: Path) -> State:
    """Files below a folder, but for journals; what a link leads to is not looked at."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = (os.readlink(path), 0)
        elif path.is_file() and not name.endswith(".journal.jsonl"):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[name] = (digest, path.stat().st_mtime_ns)
    return found


if __name__ == "__main__":
    run(main)
