"""The wheel: what is in it, and what it needs to answer far from the checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import blurdct
from tests.helpers.bare import hide_libraries, wanted_libraries

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "data" / "sample" / "sharp" / "dog_in_woods.jpg"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# What trains models and what tests the code; a prediction does without all of it.
HEAVY = ("torch", "xgboost", "sklearn", "pandas", "scipy", "onnx", "optuna", "matplotlib", "pytest")
SHIPPED = {"dct-xgb", "dct-fusion", "laplacian", "tree", "lcnet", "cnn", "stacking"}
PAGES = (
    "report/assets/collection.css",
    "report/assets/collection.js",
    "report/templates/collection.html.j2",
    "evaluation/templates/models.html.j2",
    "utils/assets/page.css",
    "utils/assets/page.js",
    "utils/templates/page.html.j2",
)
HAS_KERNEL = sys.platform != "win32" and shutil.which("cc") is not None
WEIGHTS_LIMIT = 12_000_000  # bytes, all shipped models together


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that knows nothing of this process's Python."""
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy so that neither leaves something in the other."""
    folder = tmp_path_factory.mktemp("wheel")
    leave = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "run")
    shutil.copytree(ROOT, folder / "tree", ignore=leave)
    # the wheel is made from the source distribution, so that this one is complete, too
    options = ("--no-isolation", "--outdir", folder)
    run(sys.executable, "-m", "build", *options, cwd=folder / "tree")
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def scripts(wheel, tmp_path_factory) -> Iterator[Path]:
    """The folder of programs of an environment that holds the wheel and its core alone."""
    folder = tmp_path_factory.mktemp("core")
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    programs = Path(sysconfig.get_path("scripts", "venv", {"base": str(folder)}))
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(programs / "python", *pip, "-c", ROOT / "constraints.txt", wheel, cwd=folder)
    yield programs
    shutil.rmtree(folder)  # hundreds of megabytes


def test_the_wheel_holds_the_package_with_its_weights_and_nothing_else(wheel):
    with ZipFile(wheel) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    home = f"blurdct-{blurdct.__version__}.dist-info/"
    manual = f"blurdct-{blurdct.__version__}.data/data/share/man/man1/blurdct.1"
    assert {name for name in sizes if not name.startswith(("blurdct/", home))} == {manual}
    assert {"blurdct/py.typed", f"{home}licenses/LICENSE"} <= sizes.keys()
    weights = {name: size for name, size in sizes.items() if name.startswith("blurdct/weights/")}
    files = ("model.onnx", "bundle.json")
    names = {f"blurdct/weights/{name}/{file}" for name in SHIPPED for file in files}
    beside = {f"blurdct/weights/dct-fusion/{name}.onnx" for name in ("map", "blur")}
    assert weights.keys() == names | beside
    assert sum(weights.values()) < WEIGHTS_LIMIT
    code = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "blurdct").rglob("*.py")
        if "__pycache__" not in path.parts
    }
    service = ROOT / "blurdct" / "service"
    served = [service / "thrift" / "blur.thrift", *(service / "http" / "page").iterdir()]
    pages = [*(ROOT / "blurdct").glob("*/templates/*"), *(ROOT / "blurdct").glob("*/assets/*")]
    shown = {path.relative_to(ROOT).as_posix() for path in (*served, *pages)}
    assert {f"blurdct/{name}" for name in PAGES} <= shown
    rest = {"blurdct/py.typed", *code, *weights, *shown}
    found = {name for name in sizes if name.startswith("blurdct/")}
    kernel = {name for name in found if name.startswith("blurdct/kernel/_compiled")}
    assert found - kernel == rest
    assert len(kernel) == HAS_KERNEL, "a compiler makes one file, and nothing else does"


@pytest.mark.skipif(not HAS_KERNEL, reason="no C compiler")
def test_one_wheel_serves_every_python(wheel):
    assert "-cp311-abi3-" in wheel.name or sysconfig.get_config_var("Py_GIL_DISABLED")


def test_the_wheel_says_what_it_is(wheel):
    home = f"blurdct-{blurdct.__version__}.dist-info/"
    with ZipFile(wheel) as archive:
        metadata = message_from_string(archive.read(f"{home}METADATA").decode())
        programs = archive.read(f"{home}entry_points.txt").decode()
    assert metadata["Version"] == blurdct.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert programs.split("\n")[:2] == ["[console_scripts]", "blurdct = blurdct.cli:main"]
    assert len(programs.split()) == 4


def test_what_is_published_passes_the_checks_of_the_index(wheel):
    files = [wheel, *wheel.parent.glob("*.tar.gz")]
    assert len(files) == 2
    run(sys.executable, "-m", "twine", "check", "--strict", *files, cwd=ROOT)
    run(sys.executable, "-m", "check_wheel_contents", wheel, cwd=ROOT)


def test_the_source_distribution_has_what_a_wheel_is_made_of_and_little_else(wheel):
    (path,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "CITATION.cff", "constraints.txt", "docs/man/blurdct.1"} <= names
    tops = {name.partition("/")[0] for name in names if "/" in name}
    assert tops == {"blurdct", "blurdct.egg-info", "docs"}


def test_every_dependency_has_a_tested_version_within_its_range():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    extras = PROJECT["optional-dependencies"].values()
    wanted = [Requirement(line) for part in (PROJECT["dependencies"], *extras) for line in part]
    assert {canonicalize_name(one.name) for one in wanted} == set(pins)
    for one in wanted:
        assert pins[canonicalize_name(one.name)] in one.specifier, one


@pytest.mark.slow
def test_the_core_alone_judges_a_photo_outside_the_checkout(scripts, tmp_path):
    photo = tmp_path / PHOTO.name
    shutil.copy(PHOTO, photo)
    code = f"""
import importlib.util, json
from blurdct import Detector
from blurdct.inference import detector
from blurdct.kernel import choice
verdict = Detector.load().predict({str(photo)!r})
scores = {{name: Detector.load(name).predict({str(photo)!r}).score for name in {SHIPPED}}}
found = [name for name in {HEAVY} if importlib.util.find_spec(name)]
has_kernel = choice.name() != choice.NUMPY
print(json.dumps([detector.__file__, verdict.score, verdict.label, scores, found, has_kernel]))
"""
    file, score, label, scores, found, has_kernel = json.loads(
        run(scripts / "python", "-c", code, cwd=tmp_path)
    )
    assert Path(file).is_relative_to(scripts.parent)
    assert found == [] and has_kernel == HAS_KERNEL
    assert scores["dct-fusion"] == score
    assert all(0 <= each <= 100 for each in scores.values())

    line = run(scripts / "blurdct", "predict", photo.name, cwd=tmp_path)
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", line)]
    assert any(abs(number - score) <= 0.5 for number in numbers), line
    assert label in line


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems hide libraries in other ways")
def test_the_core_alone_runs_on_a_system_without_the_libraries_of_a_desktop(
    scripts, tmp_path, monkeypatch
):
    packages = run(scripts / "python", "-c", "import cv2; print(cv2.__file__)", cwd=tmp_path)
    assert wanted_libraries(Path(packages).parents[1]) == {}

    hidden = hide_libraries(tmp_path / "hidden")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path / "hidden"))
    code = f"""
import ctypes
for name in {hidden}:
    try:
        ctypes.CDLL(name)
    except OSError:
        continue
    print(name)
"""
    assert run(scripts / "python", "-c", code, cwd=tmp_path) == ""  # hidden they are

    for command in ("predict", "scan --out results.csv --workers 2", "report --out page.html"):
        source = "results.csv" if command.startswith("report") else ROOT / "data" / "sample"
        name, *words = command.split()
        run(scripts / "blurdct", name, source, *words, cwd=tmp_path)
    photo = tmp_path / PHOTO.name
    shutil.copy(PHOTO, photo)
    run(scripts / "blurdct", "map", photo, "--out", "map.png", cwd=tmp_path)
    rows = (tmp_path / "results.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + len(list((ROOT / "data" / "sample").glob("*/*.jpg")))


def test_both_wheels_of_opencv_are_of_one_version():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    versions = {line.split("==")[1] for line in lines if line.startswith("opencv-python")}
    assert len(versions) == 1  # they write one folder, and a mixture of two may not load


@pytest.mark.slow
def test_the_core_alone_makes_the_page_about_a_collection(scripts, tmp_path):
    shutil.copytree(PHOTO.parent, tmp_path / "photos")
    run(scripts / "blurdct", "scan", "photos", "--out", "results.csv", cwd=tmp_path)
    run(scripts / "blurdct", "report", "results.csv", "--out", "page.html", cwd=tmp_path)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    photos = len(list(PHOTO.parent.iterdir()))
    assert f"<dt>photos</dt><dd>{photos}</dd>" in page
    assert page.count('class="shot"') >= photos
