"""The command line, from its words to its exit status."""

import contextlib
import csv
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
import pytest

from blurdct import __version__, errors
from blurdct.cli.app import COMMANDS as ALL, main
from blurdct.cli.options import MANY
from blurdct.features.bands import FEATURES
from blurdct.images.reader import read_luma
from blurdct.inference import bundle
from blurdct.inference.detector import Detector
from blurdct.inference.thresholds import Thresholds
from blurdct.kernel import choice
from blurdct.parallel import pool
from blurdct.scan import worker
from tests.helpers import commands, toys

onnx = pytest.importorskip("onnx")

ROOT = Path(__file__).parents[2]
SHARP = ROOT / "data" / "sample" / "sharp"
SHOW_MODULES = """
import sys
from blurdct.cli import main
try:
    main(sys.argv[1:])
finally:
    print(*{name.partition(".")[0] for name in sys.modules})
"""
HEAVY = {"torch", "xgboost", "sklearn", "pandas", "scipy", "optuna", "matplotlib"}
COMMANDS = ("predict", "features", "models")


class Run(commands.Run):
    """What came of one command."""

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def labels(self) -> dict[str, str]:
        return {path: label for _, label, path, *_ in (line.split("\t") for line in self.lines)}


def save_toy_model(folder: Path, size: int = 512) -> str:
    """A bundle whose P is logistic in the log of the high-band energy: 0.98 for a flat picture."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = [-1.0 if name == "high_freq_energy" else 0.0 for name in FEATURES]
    constants = [
        helper.make_tensor("weights", kind, [len(FEATURES), 1], weights),
        helper.make_tensor("one", kind, [1], [1.0]),
        helper.make_tensor("offset", kind, [1], [4.0]),
        helper.make_tensor("axis", onnx.TensorProto.INT64, [1], [1]),
    ]
    nodes = [
        helper.make_node("Abs", ["features"], ["positive"]),
        helper.make_node("Add", ["positive", "one"], ["over_one"]),
        helper.make_node("Log", ["over_one"], ["logs"]),
        helper.make_node("MatMul", ["logs", "weights"], ["product"]),
        helper.make_node("Add", ["product", "offset"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["column"]),
        helper.make_node("Squeeze", ["column", "axis"], ["probability"]),
    ]
    inputs = [helper.make_tensor_value_info("features", kind, ["n", len(FEATURES)])]
    outputs = [helper.make_tensor_value_info("probability", kind, ["n"])]
    graph = helper.make_graph(nodes, "toy", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    limits = Thresholds(sure_sharp=0.3, sure_blurred=0.7)
    toy = bundle.Bundle("toy", model.SerializeToString(), size, bundle.Calibration(), limits)
    toy.save(folder)
    return str(folder)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_toy_model(tmp_path_factory.mktemp("models") / "toy")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """sharp.png, doubtful.png and blurred.png, by the toy model: noise on soft waves."""
    rng = np.random.default_rng(0)
    wave = 30 * np.cos(np.arange(64) * 2 * np.pi / 48)
    for name, deviation in {"sharp": 40, "doubtful": 1.6, "blurred": 0}.items():
        light = rng.normal(128 + wave[:, None] + wave[None], deviation)
        pixels = light.round().clip(0, 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f"{name}.png"), pixels)
    return tmp_path


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], model: str
) -> Callable[..., Run]:
    """Runs a command in this process; ``predict`` with the toy model unless it names one."""

    def run(*words: str | Path, stdin: bytes | None = b"") -> Run:
        arguments = [str(word) for word in words]
        if arguments[:1] == ["predict"] and "--model" not in arguments:
            arguments[1:1] = ["--model", model]
        reader = None if stdin is None else io.TextIOWrapper(io.BytesIO(stdin))
        monkeypatch.setattr(sys, "stdin", reader)
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        out, err = (os.fsdecode(stream) for stream in capsysbinary.readouterr())
        assert "Traceback" not in err
        assert isinstance(stop.value.code, int)
        return Run(stop.value.code, out, err)

    return run


def start(*words: str | Path, code: tuple[str, ...] = ("-m", "blurdct"), **options):
    """The command as a process of its own; its result, with bytes."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 60, **options}
    return subprocess.run([sys.executable, *code, *words], env=env, **options)


# What a photo is told


def test_predict_agrees_with_the_detector(cli, model):
    photo = SHARP / "pagoda.jpg"
    expected = Detector.load(model).predict(str(photo))
    assert json.loads(cli("predict", "--json", photo).out) == expected.as_dict()
    result = cli("predict", photo)
    assert (result.status, result.err) == (0, "")
    assert result.out == f"{expected.score:.1f}\t{expected.shown}\t{photo}\n"


def test_features_agree_with_the_package(cli):
    from blurdct.features.extract import image_features

    photo = str(SHARP / "pagoda.jpg")
    expected = dict(zip(FEATURES, image_features(read_luma(photo)).tolist(), strict=True))
    assert json.loads(cli("features", "--json", photo).out) == {"path": photo, **expected}
    for form in ([], ["--csv"]):
        (row,) = csv.DictReader(io.StringIO(cli("features", *form, photo).out, newline=""))
        assert row.pop("path") == photo
        assert {name: float(value) for name, value in row.items()} == expected


def test_csv_and_json_hold_the_same(cli, photos):
    objects = [json.loads(line) for line in cli("predict", "--json", photos).lines]
    rows = list(csv.DictReader(io.StringIO(cli("predict", "--csv", photos).out, newline="")))
    text = [
        {name: str(value).lower() if name == "sure" else str(value) for name, value in one.items()}
        for one in objects
    ]
    none = {
        "reason": "",
        "sharp_fraction": "",
        "note": "",
        **dict.fromkeys(("blur", "kind", "kind_probability"), ""),
    }  # no photo is unknown, and the toy makes no map and measures no blur
    assert [{**one, **none} for one in text] == rows
    assert [row["label"] for row in rows] == ["blurred", "sharp", "sharp"]
    assert [row["sure"] for row in rows] == ["true", "false", "true"]


def test_a_photo_that_shows_nothing_is_unknown_and_says_why(cli, photos):
    flat = photos / "flat.png"
    cv2.imwrite(str(flat), np.full((64, 64), 128, np.uint8))
    assert cli("predict", flat).out.startswith(f"-\tunknown\t{flat}\tflat: ")
    found = json.loads(cli("predict", "--json", flat).out)
    assert found["reason"] and not found["sure"]
    assert found["probability"] is found["score"] is found["sharp_fraction"] is None
    assert (found["evidence"], found["blur"], found["kind"]) == (0.0, None, None)
    (row,) = csv.DictReader(io.StringIO(cli("predict", "--csv", flat).out, newline=""))
    assert row["reason"] == found["reason"] and row["probability"] == row["score"] == ""


def test_threshold_changes_the_label(cli, photos):
    photo = photos / "doubtful.png"
    p = json.loads(cli("predict", "--json", photo).out)["probability"]
    assert 0.3 < p < 0.7
    for threshold, shown in ((p - 0.01, "blurred?"), (p + 0.01, "sharp?")):
        assert cli("predict", "--threshold", threshold, photo).labels == {str(photo): shown}
    labels = cli("predict", "--threshold", "0", photos).labels.values()
    assert {label.rstrip("?") for label in labels} == {"blurred"}


@pytest.mark.parametrize("command", ["predict", "scan", "filter", "serve"])
def test_a_score_as_threshold_is_refused_with_the_p_that_it_may_mean(cli, photos, command):
    more = {"scan": ["--out", "r.csv"], "filter": [], "predict": [], "serve": []}[command]
    named = [] if command == "serve" else [photos]
    result = cli(command, "--threshold", "80", *named, *more)
    line = "blurdct: --threshold: expected P(blurred) from 0 to 1, got 80; did you mean 0.80?\n"
    assert (result.status, result.out, result.err) == (2, "", line)


def test_a_share_of_sharp_photos_chooses_the_threshold(cli, photos, tmp_path):
    known = {"0.01": 0.8, "0.1": 0.001}
    toys.bundle(training={"false_positives": known}).save(tmp_path / "noted")
    words = ("predict", "--json", "--model", tmp_path / "noted", photos / "sharp.png")
    for share, threshold in ((0.01, 0.8), (0.05, 0.8), (0.1, 0.001)):
        assert json.loads(cli(*words, "--max-fpr", share).out)["threshold"] == threshold
    for more in (["--max-fpr", "0.001"], ["--max-fpr", "0.1", "--threshold", "0.5"]):
        result = cli(*words, *more)
        assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)


def test_only_and_sort_choose_what_is_printed_and_all_are_counted(cli, photos):
    cv2.imwrite(str(photos / "flat.png"), np.full((64, 64), 128, np.uint8))
    (photos / "x.jxl").touch()

    def names(*words):
        result = cli("predict", *words, photos)
        told = "blurdct: 4 photographs: 1 blurred, 2 sharp (1 doubtful), 1 unknown in "
        assert result.err.startswith(told)
        assert result.err.endswith(" s; skipped: 1 .jxl (JPEG XL is not supported)\n")
        return [Path(path).stem for path in result.labels]

    assert names("--only", "blurred") == ["blurred"]
    assert names("--only", "sharp") == ["doubtful", "sharp"]
    assert names("--only", "unsure", "--only", "unknown") == ["doubtful", "flat"]
    assert names("--only", "unsure,unknown") == ["doubtful", "flat"]
    assert names("--sort", "score") == ["blurred", "doubtful", "sharp", "flat"]
    assert names("--sort", "path") == ["blurred", "doubtful", "flat", "sharp"]
    assert cli("predict", "-q", photos).err == ""


def test_another_size_is_remarked_upon_once(cli, model):
    photo = SHARP / "pagoda.jpg"
    other = cli("predict", "--size", "256", photo, photo)
    assert other.status == 0 and len(other.problems) == 1 and "512" in other.err
    assert other.lines[0] != cli("predict", photo).lines[0]
    assert cli("predict", "--size", "512", photo).err == ""
    assert cli("features", "--size", "256", photo).out != cli("features", photo).out


def test_a_size_that_changes_nothing_is_remarked_upon(cli, tmp_path):
    folder, photo = tmp_path / "trees", SHARP / "pagoda.jpg"
    graph = toys.graph(("gradients",), 3)
    toys.bundle(views=("gradients",), graph=graph).save(folder)
    plain = cli("predict", "--model", folder, photo)
    other = cli("predict", "--model", folder, "--size", "256", photo)
    assert "changes nothing" in other.err and "800x800" in other.err
    assert other.out == plain.out and plain.err == ""


# Which photos


def test_photos_are_answered_in_the_order_named(cli, photos):
    names = [str(photos / f"{name}.png") for name in ("doubtful", "sharp", "blurred", "sharp")]
    assert [line.split("\t")[2] for line in cli("predict", *names).lines] == names


def test_a_folder_is_searched_with_all_below_it(cli, photos):
    deep = photos / "b" / "c"
    deep.mkdir(parents=True)
    shutil.copy(photos / "sharp.png", deep / "x y.PNG")
    (photos / "notes.txt").write_text("no photo")
    names = ["b/c/x y.PNG", "blurred.png", "doubtful.png", "sharp.png"]
    assert list(cli("predict", photos).labels) == [str(photos / name) for name in names]


def test_a_quoted_pattern_is_expanded_unless_a_file_has_that_name(cli, photos):
    found = cli("predict", photos / "*b*.png")
    assert list(found.labels) == [str(photos / f"{n}.png") for n in ("blurred", "doubtful")]
    (photos / "sub").mkdir()
    shutil.copy(photos / "sharp.png", photos / "sub")
    assert list(cli("predict", photos / "**" / "sh*").labels) == [
        str(photos / "sharp.png"),
        str(photos / "sub" / "sharp.png"),
    ]
    assert len(cli("predict", photos / "*").lines) == len(cli("predict", photos / "**").lines) == 4
    shutil.copy(photos / "sharp.png", photos / "[bd]*.png")
    assert list(cli("predict", photos / "[bd]*.png").labels) == [str(photos / "[bd]*.png")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\0"])
def test_paths_come_from_standard_input(cli, photos, end):
    names = [str(photos / "doubtful.png"), str(photos)]
    flags = ["--null"] if end == "\0" else []
    result = cli("predict", *flags, "-", photos / "sharp.png", stdin=end.join(names).encode())
    first, last = result.lines[0], result.lines[-1]
    assert result.status == 0 and len(result.lines) == 5
    assert first.endswith("doubtful.png") and last.endswith("sharp.png")


def test_an_answer_comes_before_the_next_name_is_known(photos, model):
    words = ("predict", "--model", model, "--workers", "1", "-")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-m", "blurdct", *words], cwd=ROOT, **pipes) as process:
        for name in ("sharp", "blurred"):
            process.stdin.write(os.fsencode(photos / f"{name}.png\n"))
            process.stdin.flush()
            assert name.encode() in process.stdout.readline()
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0


def test_a_name_may_begin_with_a_dash(cli, photos, monkeypatch):
    monkeypatch.chdir(photos)
    shutil.copy("sharp.png", "-0.png")
    assert cli("predict", "--", "-0.png").labels == {"-0.png": "sharp"}


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_names_of_any_bytes_go_out_as_they_came_in(photos, model):
    strange = [b"caf\xe9.png", b"new\nline \x1b[31m.png", "снимок\u202f1.png".encode()]
    for name in strange:
        shutil.copy(photos / "sharp.png", os.path.join(os.fsencode(photos), name))
    words = ("predict", "--model", model, "-0", "-")
    options = {"input": b"\0".join([*strange, b"no\nne\xff"]), "cwd": photos}
    for env in ({}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}):
        plain = start(*words, env=env, **options)
        assert (plain.returncode, plain.stderr.count(b"\n")) == (1, 2)
        shown = [line.split(b"\t")[2] for line in plain.stdout.splitlines()]
        assert shown == [strange[0], rb"new\nline \x1b[31m.png", strange[2]]
    lines = start(*words, "--json", **options).stdout.splitlines()
    assert [os.fsencode(json.loads(line)["path"]) for line in lines] == strange
    table = os.fsdecode(start(*words, "--csv", **options).stdout)
    rows = csv.DictReader(io.StringIO(table, newline=""))
    assert [os.fsencode(row["path"]) for row in rows] == strange


# What goes wrong


def test_broken_photos_are_named_and_the_others_answered(cli, photos):
    (photos / "empty.jpg").touch()
    (photos / "text.jpg").write_text("no photo")
    (photos / "cut.png").write_bytes((photos / "sharp.png").read_bytes()[:900])
    result = cli("predict", photos, photos / "missing.jpg")
    assert result.status == 1
    assert list(result.labels.values()) == ["blurred", "sharp?", "sharp"]
    for line, name in zip(result.err.splitlines(), ("cut.png", "empty.jpg", "text.jpg"), strict=0):
        assert line.startswith(f"{photos / name}: ")
    assert len(result.problems) == 4 and "missing.jpg: no such file\n" in result.err
    assert cli("features", photos).status == 1
    assert cli("predict", photos / "missing.jpg").status == 1


def test_what_photo_decoders_remark_stays_off_the_terminal(tmp_path, model):
    data = bytearray((SHARP / "pagoda.jpg").read_bytes())
    data[5000:5100] = bytes(100)
    (tmp_path / "damaged.jpg").write_bytes(data)
    result = start("predict", "--model", model, tmp_path)
    lines = commands.Run(0, "", result.stderr.decode()).problems
    assert all(line.startswith(str(tmp_path / "damaged.jpg: ")) for line in lines)
    assert len(lines) == result.returncode


def test_a_pattern_or_folder_that_gives_nothing_is_remarked_upon(cli, photos):
    (photos / "nothing").mkdir()
    result = cli("predict", photos / "nothing", photos / "sharp.png")
    assert result.status == 0 and len(result.problems) == 1 and "nothing" in result.err
    result = cli("predict", photos / "*.bmp", photos / "sharp.png")
    assert result.status == 1 and "*.bmp" in result.err and len(result.lines) == 1


def test_a_photo_over_the_pixel_limit_is_refused(cli, photos):
    result = cli("predict", "--max-pixels", "4000", photos / "sharp.png")
    assert result.status == 1 and "4,000" in result.err
    assert cli("features", "--max-pixels", "4096", photos / "sharp.png").status == 0


@pytest.mark.parametrize(
    ("gate", "names", "status"),
    [
        ("blurred", ["sharp", "doubtful"], 0),
        ("blurred", ["sharp", "blurred"], 3),
        ("blurred", ["flat"], 3),
        ("blurred", ["missing", "sharp"], 1),
        ("blurred", ["blurred", "missing"], 3),
        ("unsure", ["sharp", "blurred"], 0),
        ("unsure", ["doubtful"], 3),
        ("unsure", ["flat"], 3),
        ("unknown", ["blurred", "doubtful"], 0),
        ("unknown", ["flat"], 3),
        ("blurred,unsure", ["sharp"], 0),
        ("blurred,unsure", ["doubtful"], 3),
        ("blurred --allow-unknown", ["flat", "sharp"], 0),
        ("blurred --allow-unknown", ["blurred"], 3),
        ("unsure --fail-on blurred --allow-unknown", ["flat", "sharp"], 0),
        ("unsure --fail-on blurred --allow-unknown", ["blurred"], 3),
    ],
)
def test_a_gate_fails_on_what_it_names_and_on_what_cannot_be_judged(
    cli, photos, gate, names, status
):
    cv2.imwrite(str(photos / "flat.png"), np.zeros((64, 64), np.uint8))
    named = [photos / f"{name}.png" for name in names]
    assert cli("predict", "--fail-on", *gate.split(), *named).status == status
    for more in (["--json"], ["--only", "sharp"], ["--sort", "score"], ["-q"]):
        assert cli("predict", "--fail-on", *gate.split(), *more, *named).status == status


@pytest.mark.parametrize(
    "words",
    [
        ["predict"],
        ["predict", "--bad", "x"],
        ["predict", "--threshold", "101", "PHOTO"],
        ["predict", "--threshold", "nan", "PHOTO"],
        ["predict", "--size", "8", "PHOTO"],
        ["predict", "--workers", "0", "PHOTO"],
        ["predict", "--fail-on", "medium", "PHOTO"],
        ["predict", "--fail-on", "sharp", "PHOTO"],
        ["predict", "--allow-unknown", "PHOTO"],
        ["predict", "--fail-on", "unknown", "--allow-unknown", "PHOTO"],
        ["predict", "--only", "medium", "PHOTO"],
        ["predict", "--json", "--csv", "PHOTO"],
        ["predict", "--model", "no-such-model", "PHOTO"],
        ["predict", "-0", "PHOTO"],
        ["predict", "-"],
        ["predict", "EMPTY", "*.nothing"],
        ["features", "EMPTY"],
        ["prdict", "PHOTO"],
    ],
)
def test_wrong_use_is_one_line_and_status_2(cli, photos, words):
    (photos / "nothing").mkdir()
    places = {"PHOTO": photos / "sharp.png", "EMPTY": photos / "nothing"}
    result = cli(*(places.get(word, word) for word in words))
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("blurdct: ") and result.err.count("\n") == 1


def test_nothing_found_says_where_was_looked(cli, tmp_path):
    assert f"{tmp_path}: " in cli("predict", tmp_path).err
    assert "standard input" in cli("predict", "-").err


def test_a_closed_standard_input_is_wrong_use(cli):
    result = cli("predict", "-", stdin=None)
    assert result.status == 2 and "no standard input" in result.err


# Many photos


def test_workers_lose_nothing_and_keep_the_order(cli, tmp_path):
    rng = np.random.default_rng(2)
    names = [tmp_path / f"{number:04}.png" for number in range(3000)]
    for name in names:
        pixels = rng.normal(128, rng.uniform(0, 5), (16, 16)).clip(0, 255).astype(np.uint8)
        cv2.imwrite(str(name), pixels)
    bad = [str(name) for name in names[::17]]
    for name in bad:
        Path(name).write_bytes(b"no photo")
    one, two = (cli("predict", "--json", "--workers", count, tmp_path) for count in ("1", "2"))
    assert one.out == two.out and one.problems == two.problems and one.status == 1
    answered = [json.loads(line)["path"] for line in one.lines]
    assert answered == [str(name) for name in names if str(name) not in bad]
    assert [line.split(": ")[0] for line in one.problems] == bad


@pytest.fixture
def asked(monkeypatch) -> list[int]:
    """How many processes were asked for, on five cores; the work is done in this one."""
    counts: list[int] = []

    def ordered_batches(function, batches, workers, prepare, setup, lost, stream):
        assert stream
        counts.append(workers)
        prepare(*setup)
        return function(chain.from_iterable(batches))

    monkeypatch.setattr(pool, "ordered_batches", ordered_batches)
    monkeypatch.setattr(worker, "cores", lambda: 5)
    return counts


@pytest.mark.parametrize("sizes", [[], ["--sizes"]])
def test_many_photos_take_every_core(cli, photos, asked, sizes):
    for count in (MANY - 1, MANY):
        names = [photos / "sharp.png"] * count + [photos / "*.bmp"]  # which is no photo
        assert len(cli("predict", *sizes, *names).lines) == count
    assert asked == [5]
    cli("predict", *sizes, "--workers", "3", photos)
    cli("predict", *sizes, "--workers", "1", *names)
    assert asked == [5, 3]


def test_photos_whose_bytes_come_with_them_take_processes_once_they_are_many(cli, photos, asked):
    names = [f"{number:02}.png" for number in range(MANY + 3)]
    for count, expected in ((MANY, []), (MANY + 3, [5])):
        with tarfile.open(photos / "x.tgz", "w:gz") as archive:
            for name in names[:count]:
                archive.add(photos / "sharp.png", name)
        found = cli("predict", photos / "x.tgz")
        assert list(found.labels) == [f"{photos / 'x.tgz'}::{name}" for name in names[:count]]
        assert asked == expected


def test_a_worker_that_dies_is_one_line(cli, photos, monkeypatch):
    def ordered_batches(*_, **more):
        raise errors.BlurdctError("a worker process died")
        yield

    monkeypatch.setattr(pool, "ordered_batches", ordered_batches)
    result = cli("predict", "--workers", "2", photos)
    assert (result.status, result.err) == (1, "blurdct: a worker process died\n")


# The command itself


@pytest.mark.parametrize("words", [(), *((command,) for command in COMMANDS)])
def test_help_shows_an_example(cli, words):
    for flag in ("--help", "-h"):
        result = cli(*words, flag)
        assert result.status == 0
        assert "Example" in result.out and " ".join(("blurdct", *words)) in result.out


def test_alone_it_shows_its_help(cli):
    result = cli()
    assert result.status == 2
    assert all(command in result.out + result.err for command in COMMANDS)


def test_version_is_that_of_the_package_and_says_what_makes_the_numbers(cli, monkeypatch):
    monkeypatch.setattr(choice, "name", lambda: "avx2")
    assert cli("--version") == Run(0, f"blurdct {__version__} (avx2 kernel)\n", "")
    monkeypatch.setattr(choice, "name", lambda: "numpy")
    assert cli("--version") == Run(0, f"blurdct {__version__} (by NumPy, no kernel)\n", "")


def test_models_lists_what_is_installed(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "SHIPPED", tmp_path)
    assert cli("models").status == 2
    for name in ("toy", "a-smaller-toy"):
        save_toy_model(tmp_path / name, size=256)
    result = cli("models")
    assert result.status == 0
    lines = [line.split()[:2] for line in result.lines[1:3]]
    assert lines == [["a-smaller-toy", "256"], ["toy", "256"]]
    assert result.lines[0].split() == ["model", "sees", "accuracy", "ROC", "AUC", "ms", "kB"]


def test_models_says_default_accuracy_and_speed(cli, monkeypatch):
    monkeypatch.delenv("BLURDCT_MODEL", raising=False)
    best, fast, *_ = cli("models").lines[1:]
    judged = bundle.load("best").training["judged"]
    assert best.split()[:4] == ["dct-fusion", "best,", "the", "default"]
    assert f"{judged['accuracy']:.1%}" in best and f"{judged['ms_per_photo']:.0f}" in best
    assert fast.split()[:2] == ["dct-xgb", "fast"]
    monkeypatch.setenv("BLURDCT_MODEL", "fast")
    assert cli("models").lines[2].split()[1:4] == ["fast,", "the", "default"]
    assert "best, the default without BLURDCT_MODEL" in cli("models").lines[1]


@pytest.mark.parametrize("name", ["elsewhere", "dct-forest"])
def test_a_model_that_the_environment_names_in_vain_is_told_with_the_variable(
    cli, photos, name, monkeypatch
):
    monkeypatch.setenv("BLURDCT_MODEL", name)
    listed, judged = cli("models"), commands.call("predict", photos)
    assert listed.lines[-1] == f"the default is {name}, as BLURDCT_MODEL says"
    assert "best, the default without BLURDCT_MODEL" in listed.lines[1] and listed.status == 0
    assert listed.err == judged.err and judged.status == 2 and judged.err.count("\n") == 1
    assert name in judged.err and "(which BLURDCT_MODEL says)" in judged.err
    assert "BLURDCT_MODEL" not in commands.call("predict", "--model", "another", photos).err


def test_a_prediction_imports_nothing_that_only_training_needs(photos, model):
    words = ("predict", "--model", model, photos / "sharp.png")
    verdict, modules = start(*words, code=("-c", SHOW_MODULES), text=True).stdout.splitlines()
    assert "sharp" in verdict and "blurdct" in modules.split()
    assert not HEAVY & set(modules.split())


@pytest.mark.parametrize("words", [["--version"], ["predict", "--help"]])
def test_version_and_help_do_not_wait_for_the_image_libraries(words):
    modules = start(*words, code=("-c", SHOW_MODULES), text=True).stdout.splitlines()[-1].split()
    assert "blurdct" in modules and not {"cv2", "numpy", "onnxruntime"} & set(modules)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes differ there")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_broken_pipe_is_quiet(photos, model, workers):
    command = [sys.executable, "-m", "blurdct", "predict", "--model", model, "--workers", workers]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*command, *[photos] * 40], cwd=ROOT, **pipes) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line(photos, model):
    with open("/dev/full", "wb") as full:
        result = start("predict", "--model", model, photos, stdout=full)
    assert result.returncode == 1
    assert result.stderr.startswith(b"blurdct: cannot write") and result.stderr.count(b"\n") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("words", [[], ["--help"], ["--version"], ["predict", "--help"]])
def test_help_that_finds_the_disk_full_is_one_line_too(words):
    with open("/dev/full", "wb") as full:
        result = start(*words, stdout=full)
    assert result.returncode == 1
    assert result.stderr.startswith(b"blurdct: cannot write the output (No space left")
    assert result.stderr.count(b"\n") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("way", ["2>&-", "2>/dev/full", "2> >(exit)", ">/dev/null 2>&-"])
@pytest.mark.parametrize("name", ["sharp.png", "missing.png"])
def test_that_nobody_can_be_told_changes_no_exit_status(photos, model, way, name):
    two = [str(photos / "sharp.png"), str(photos / name)]  # more than one: a summary follows
    words = shlex.join([sys.executable, "-m", "blurdct", "predict", "--model", str(model), *two])
    run = subprocess.run(["bash", "-c", f"{words} {way}"], cwd=ROOT, stdout=subprocess.PIPE)
    assert run.returncode == (name == "missing.png")
    assert run.stdout.count(b"\n") == (0 if "/null" in way else 1 + (name == "sharp.png"))


def test_an_interrupt_ends_it_quietly(cli, photos, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(worker, "verdicts", interrupted)
    assert cli("predict", photos) == Run(130, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
@pytest.mark.parametrize("packed", [False, True])
def test_a_terminal_gets_a_coloured_table_with_whole_paths(photos, model, packed):
    import pty

    source = photos
    # a word by itself, so that none is folded, however long the folder's own name is
    long = photos / ("a " + "long " * 30) / ("name " * 30 + ".png")
    long.parent.mkdir()
    shutil.copy(photos / "sharp.png", long)
    if packed:  # how many there are is not known before the end
        source = photos / "x.tgz"
        with tarfile.open(source, "w:gz") as archive:
            archive.add(photos, "in", filter=lambda info: None if info.name == "in/x.tgz" else info)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.environ.update(COLUMNS="60", TERM="xterm-256color")
        os.environ.pop("NO_COLOR", None)
        words = ["predict", "--model", model, str(source), "missing.jpg"]
        os.execv(sys.executable, [sys.executable, "-m", "blurdct", *words])
    output = b""
    with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
        while data := os.read(terminal, 4096):
            output += data
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    text = output.decode()
    for colour, label in ((32, "sharp"), (33, "sharp?"), (31, "blurred")):
        assert f"\x1b[{colour}m{label}\x1b[0m" in text
    assert text.count("long") == text.count("name") == 30
    assert "missing.jpg: no such file" in text
    assert ("Looking" in text) == packed
    assert "5 photographs: 1 blurred, 3 sharp (1 doubtful), 1 unreadable in " in text


def test_a_command_loads_no_other_one_and_help_knows_them_all():
    code = (
        "import sys; from blurdct.cli.app import COMMANDS, main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "loaded = {name for name in COMMANDS if f'blurdct.cli.commands.{name}' in sys.modules}\n"
        "print(*sorted(loaded))\n"
    )

    def loaded(*words: str) -> list[str]:
        command = [sys.executable, "-c", code, *words]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return answer.stdout.splitlines()[-1].split()

    assert loaded("models") == ["models"]
    assert set(loaded("--help")) == set(ALL) == set(loaded("modls"))
