"""Rivals of blurdct: what they are, an environment for each, and its answers, one photo at a time.

A script of ``adapters/`` asks a rival through its own public interface, in its own environment. One
that dies of a photo, or says nothing for long, loses that photo alone.
"""

import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from _origin import ROOT

ADAPTERS = Path(__file__).parent / "adapters"
BATCH = 32  # photographs of a question
DEATHS = 4  # in a row, at one photo each, after which it is the rival's fault
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "BLIS")
# no downloads, no reports to makers, nothing left in environments
QUIET = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https")}
QUIET |= {"SENTRY_OPT_OUT": "1", "PYTHONDONTWRITEBYTECODE": "1"}


class Rival(NamedTuple):
    """What asks a rival, and where.

    Attributes:
        script: Of ``adapters/``.
        packages: That its environment has, its own first, ``OURS`` for this tree; none for the
            environment that runs this.
        words: That the script takes.
        share: The part of the photographs that it gets.
        model: Of ours its name; it is trained anew for what it might have seen.
    """

    script: str
    packages: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    share: float = 1.0
    model: str = ""

    @property
    def version(self) -> str:
        """Of its first package."""
        return (self.packages or ("",))[0].partition("==")[2] or "this tree"


OURS = "blurdct"
CV, CV4 = "opencv-python-headless==5.0.0.93", "opencv-python-headless==4.12.0.88"
DECODING = "grey decoding"
BEST, FAST = "blurdct `best`", "blurdct `fast`"
# The last releases as of the first run; what they need besides where the newest of it breaks them.
RIVALS = {
    BEST: Rival("ask_blurdct.py", (OURS,), ("best",), model="best"),
    FAST: Rival("ask_blurdct.py", (OURS,), ("fast",), model="fast"),
    "OpenCV, variance of the Laplacian": Rival("ask_opencv.py", (CV,)),
    "scikit-image `blur_effect`": Rival("ask_skimage.py", ("scikit-image==0.26.0",)),
    "cleanvision": Rival("ask_cleanvision.py", ("cleanvision==0.3.7",)),
    "imgtoolkit": Rival("ask_imgtoolkit.py", ("imgtoolkit==0.1.8",)),
    "capturetrust": Rival("ask_capturetrust.py", ("capturetrust==1.0.0",)),
    "image-quality-ai": Rival("ask_image_quality_ai.py", ("image-quality-ai==0.1.0",)),
    "ffmpeg `blurdetect`": Rival("ask_ffmpeg.py", ("imageio-ffmpeg==0.8.1",)),
    "fastdup": Rival("ask_fastdup.py", ("fastdup==2.54", "pip")),  # which it asks at its start
    "pyblurry": Rival("ask_pyblurry.py", ("pyblurry==1.0.2",)),
    "camera-health": Rival("ask_camera_health.py", ("camera-health==0.1.0",)),
    "image-quality-analysis": Rival(
        "ask_image_quality_analysis.py",
        ("image-quality-analysis==0.1.1", "opencv-python==4.12.0.88"),
    ),
    "photo-quality-analyzer-core": Rival(
        "ask_photo_quality_analyzer.py", ("photo-quality-analyzer-core==0.8.4",)
    ),
    "brisque": Rival("ask_brisque.py", ("brisque==0.2.0", CV4, "numpy==2.2.6"), share=0.2),
    "pypiqe": Rival("ask_pypiqe.py", ("pypiqe==1.2",), share=0.2),
    "cpbd-py312": Rival("ask_cpbd.py", ("cpbd-py312==1.0.3",), share=0.1),
    "blur-detector": Rival("ask_blur_detector.py", ("blur-detector==0.0.6",), share=0.1),
}
YARDSTICK = Rival("ask_decoding.py", (CV,))


class RivalError(Exception):
    """A rival that cannot be asked at all; it says why."""


class DeadError(Exception):
    """An adapter has died, or hangs."""


def environment(rival: Rival, cache: Path) -> Path:
    """The Python of a rival's environment, which is made where there is none yet.

    Raises:
        RivalError: It cannot be installed.
    """
    if not rival.packages:
        return Path(sys.executable)
    wanted = " ".join(rival.packages)
    if OURS in rival.packages:
        wanted += f" {tree_digest()}"
    folder = cache / "environments" / rival.packages[0].partition("==")[0]
    python, mark = folder / "bin" / "python", folder / "packages.txt"
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name, "tree")  # building leaves traces in its folder
        if OURS in rival.packages:
            copy_tree(tree)
        packages = [str(tree) if one == OURS else one for one in rival.packages]
        for command in installing(folder, python, packages):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                lines = done.stderr.strip().splitlines() or ["failed"]
                errors = [line.strip() for line in lines if "error" in line.lower()]
                why = (errors or lines)[-1]
                raise RivalError(f"cannot be installed: {why}")
    mark.write_text(wanted, encoding="utf-8")
    return python


def installing(folder: Path, python: Path, packages: Sequence[str]) -> list[list[str]]:
    """Two commands, with uv where there is one: it takes seconds, and little of the disk."""
    if uv := shutil.which("uv"):
        return [
            [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "--quiet", "--python", str(python), *packages],
        ]
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    return [
        [sys.executable, "-m", "venv", "--without-pip", str(folder)],
        [*pip, "--no-compile", *packages],
    ]


def copy_tree(folder: Path) -> None:
    """What a wheel of this tree is built from, once more."""
    more = ("__pycache__", "*.egg-info", "*.so", "build", "dist", "data", "tests", "site", "run")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", *more))


def tree_digest() -> str:
    """Of this tree, as far as answers depend on it."""
    parts = [ROOT / "pyproject.toml", ROOT / "setup.py", *sorted((ROOT / "blurdct").rglob("*"))]
    files = [one for one in parts if one.is_file() and one.suffix not in (".pyc", ".so")]
    found = hashlib.sha256()
    for file in files:
        found.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def script_digest(rival: Rival) -> str:
    """Of what asks it."""
    files = (ADAPTERS / rival.script, ADAPTERS / "_answer.py")
    return hashlib.sha256(b"".join(one.read_bytes() for one in files)).hexdigest()[:16]


def installed_megabytes(python: Path) -> float | None:
    """Of all packages of an environment, without what is compiled from them; None for our own."""
    if python == Path(sys.executable):
        return None
    files = python.parents[1].glob("lib/python*/site-packages/**/*")
    # followed by no link: shared libraries stand beside their other names
    sizes = [one.lstat().st_size for one in files if one.is_file() and one.suffix != ".pyc"]
    return sum(sizes) / 1e6


class Adapter:
    """A rival's script that runs and waits for questions.

    Args:
        name: Of the rival.
        rival: What it is.
        cache: Its home folder, logs and temporary files are below.
        patience: Seconds without a word after which it hangs.
        core: The only processor core that it may use; None for any.

    Raises:
        RivalError: Its environment cannot be made.
    """

    def __init__(
        self, name: str, rival: Rival, cache: Path, patience: float, core: int | None = None
    ) -> None:
        self.rival, self.patience, self.core = rival, patience, core
        self.python = environment(rival, cache)
        self.home = cache / "home"
        self.log = cache / "logs" / f"{slug(name)}.log"
        for folder in (self.home, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self.process: subprocess.Popen[bytes] | None = None
        self._left = b""

    def ask(self, paths: Sequence[Path], timed: bool = False) -> Iterator[dict[str, Any]]:
        """Its lines about these photographs, the last one without a path.

        Raises:
            DeadError: It has ended, or hangs; another question starts it anew.
        """
        process = self.process or self._start()
        assert process.stdin and process.stdout
        question = json.dumps({"paths": [os.fspath(path) for path in paths], "timed": timed})
        try:
            process.stdin.write(question.encode() + b"\n")
            process.stdin.flush()
            while True:
                line = self._line(process.stdout.fileno())
                last = "path" not in line
                yield line
                if last:
                    return
        except BrokenPipeError:
            status = process.wait()
            self.close()
            raise DeadError(f"ended with status {status}") from None
        except DeadError:
            self.close()
            raise

    def _start(self) -> subprocess.Popen[bytes]:
        words = [str(self.python), str(ADAPTERS / self.rival.script), *self.rival.words]
        own = {name: os.environ[name] for name in os.environ if not name.startswith("PYTHON")}
        own |= {f"{name}_NUM_THREADS": "1" for name in THREADS} | QUIET
        paths = [str(ADAPTERS)] if self.rival.packages else [str(ADAPTERS), *sys.path]
        own |= {"HOME": str(self.home), "PYTHONPATH": os.pathsep.join(paths)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=own,
                cwd=self.home,
                process_group=0,
            )
        if self.core is not None:
            os.sched_setaffinity(self.process.pid, {self.core})
        self._left = b""
        return self.process

    def _line(self, file: int) -> dict[str, Any]:
        while b"\n" not in self._left:
            if not select.select([file], [], [], self.patience)[0]:
                raise DeadError(f"said nothing for {self.patience:.0f} seconds")
            some = os.read(file, 1 << 16)
            if not some:
                assert self.process
                raise DeadError(f"ended with status {self.process.wait()}")
            self._left += some
        line, _, self._left = self._left.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it, with all it started."""
        if self.process is not None:
            with suppress(ProcessLookupError):  # it may have ended
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
            self.process = None


def answers(adapter: Adapter, paths: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """A line for each photo; of one that the rival dies of, or hangs at, the reason.

    Raises:
        RivalError: It dies of each.
    """
    waiting = [list(paths[at : at + BATCH]) for at in range(0, len(paths), BATCH)]
    deaths = 0
    while waiting:
        batch = waiting.pop(0)
        silent = {os.fspath(path): path for path in batch}
        try:
            for line in adapter.ask(batch):
                if "path" in line:
                    deaths = 0
                    silent.pop(line["path"], None)
                    yield line
        except DeadError as error:
            rest = list(silent.values())
            half = len(rest) // 2
            if half:
                waiting[:0] = [rest[:half], rest[half:]]
                continue
            deaths += 1
            if deaths > DEATHS:
                raise RivalError(f"{error}, whatever it is asked; see {adapter.log.name}") from None
            yield from ({"path": path, "error": str(error)} for path in silent)


def slug(name: str) -> str:
    """A name as part of a file's."""
    return "-".join("".join(c if c.isalnum() else " " for c in name).lower().split())


class Kept:
    """What a rival has said, in a file that grows with each answer, so that a run goes on.

    Args:
        folder: Where the file is.
        name: Of the rival.
        version: Of all that an answer depends on; a file of another is begun anew.
    """

    def __init__(self, folder: Path, name: str, version: str) -> None:
        self.path = folder / f"{slug(name)}.jsonl"
        self.said: dict[str, dict[str, Any]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        if not lines or json.loads(lines[0]) != {"version": version}:
            self.path.write_text(json.dumps({"version": version}) + "\n", encoding="utf-8")
            lines = []
        for line in lines[1:]:
            try:
                one = json.loads(line)
            except ValueError:  # the last line of a run that was cut off
                continue
            self.said[one.pop("key")] = one

    def add(self, key: str, answer: dict[str, Any]) -> None:
        """Keep what was said about the picture of that key."""
        self.said[key] = {name: value for name, value in answer.items() if name != "path"}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, **self.said[key]}) + "\n")
