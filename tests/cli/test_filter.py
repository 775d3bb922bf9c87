"""``blurdct filter``, ``undo`` and ``best``, as a user meets them."""

import csv
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from blurdct import results
from blurdct.cli import acting
from blurdct.scan import scan
from tests.helpers.commands import call

COMMAND = [sys.executable, "-m", "blurdct"]


@pytest.fixture
def scanned(tmp_path, monkeypatch) -> Path:
    """Ten photographs of P 0, .1, ... .9, one unknown, one broken; the current folder is theirs."""
    monkeypatch.chdir(tmp_path)
    rows = []
    for number in range(12):
        photo = Path("photos", "ab"[number % 2], f"{number}.jpg")
        photo.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        exif.get_ifd(34665)[36867] = f"2024:01:01 00:0{number // 4}:0{number % 4}"
        Image.new("L", (16, 16), number).save(photo, exif=exif)
        info = photo.stat()
        rows.append(
            {
                "path": str(photo),
                "bytes": info.st_size,
                "modified": info.st_mtime,
                "width": 16,
                "height": 16,
                "probability": number / 10,
                "score": 10 * number,
                "label": "blurred" if number > 7 else "sharp",
                "sure": number > 7 or number < 3,
                "threshold": 0.8,
                "model": "toy",
                "error": "",
            }
        )
    rows[10] |= {"label": "unknown", "probability": None, "score": None, "sure": False}
    rows[11] |= {"label": "", "probability": None, "score": None, "error": "not an image"}
    results.write("r.csv", rows)
    return Path("r.csv")


def numbers(out: str) -> list[int]:
    return [int(name) for name in re.findall(r"(\d+)\.jpg(?=$|\t|\0)", out, re.MULTILINE)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", [9, 8]),
        ("--threshold 0.7", [9, 8, 7]),
        ("--worst 10%", [9]),
        ("--worst 3", [9, 8, 7]),
        ("--worst 5%", []),
        ("--max-fpr 0.1", [9, 8]),  # .1 + .2 of 5.5 that are expected to be sharp; .6 are more
        ("--include unknown", [9, 8, 10]),
        ("--threshold 0.9 --include both", [9, 10, 11]),
        ("--worst 0 --include error", [11]),
        ("--label unsure", [7, 6, 5, 4, 3]),
        ("--threshold 0.7 --sure", [9, 8]),
        ("--sure --include both", [9, 8, 10, 11]),
        ("--label blurred", [9, 8]),
        ("--label sharp", [7, 6, 5, 4, 3, 2, 1, 0]),
        ("--label unknown", [10]),
        ("--label error", [11]),
    ],
)
def test_each_criterion_lists_its_photos_the_worst_first(scanned, words, expected):
    run = call("filter", scanned, *words.split())
    assert (run.status, numbers(run.out)) == (0, expected)
    assert run.err.startswith(f"blurdct: {len(expected)} of 12 photographs: ")


@pytest.mark.parametrize("escape", [True, False])
def test_csv_and_json_list_whole_rows_with_what_they_have_beside(scanned, escape):
    rows = [row | {"who": f"={row['bytes']}"} for row in results.read(scanned)]
    results.write(scanned, rows, {**results.COLUMNS, "who": str})
    words = ["--label", "sharp"]
    run = call("filter", scanned, *words, "--csv", *(["--escape"] if escape else []))
    Path("picked.csv").write_text(run.out)
    assert ("'=" in run.out) == escape
    picked = list(results.read("picked.csv"))
    assert picked == [
        row for row in reversed(list(results.read(scanned))) if row["label"] == "sharp"
    ]
    run = call("filter", scanned, *words, "--json")
    assert [json.loads(line) for line in run.out.splitlines()] == picked


def test_an_empty_list_as_csv_has_its_header(scanned):
    run = call("filter", scanned, "--worst", "0", "--csv")
    assert run.out == ",".join(results.COLUMNS) + "\n"


@pytest.mark.parametrize(
    "words",
    [
        "--label sharp --threshold 0.5",
        "--label sharp --include unknown",
        "--label sharp --table",
        "--csv --json",
        "--csv --null",
        "--csv --table",
        "--csv --action copy --to there",
        "--label medium",
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(scanned, words):
    run = call("filter", scanned, *words.split())
    assert (run.status, run.out, run.err.count("\n")) == (2, "", 1)


def test_photographs_of_a_label_are_copied(scanned):
    assert (
        call("filter", scanned, "--label", "unknown", "--action", "copy", "--to", "to").status == 0
    )
    assert [path.name for path in Path("to").rglob("*.jpg")] == ["10.jpg"]


def test_a_remark_says_where_the_threshold_comes_from(scanned):
    assert "labelled blurred" in call("filter", scanned).err
    assert (
        "estimated from the P of these 10 photographs"
        in call("filter", scanned, "--max-fpr", "0.1").err
    )
    assert (
        "sharp among them, going by P: about 0.6"
        in call("filter", scanned, "--threshold", "0.7").err
    )


def test_paths_go_out_byte_for_byte_into_xargs(tmp_path):
    names = ["-rf.jpg", "new\nline.jpg", "a b.jpg"]
    for name in names:
        (tmp_path / name).touch()
    rows = [{"path": name, "probability": 1.0, "label": "blurred"} for name in names]
    results.write(tmp_path / "r.csv", rows, ("path", "probability", "label"))
    listed = subprocess.run(
        [*COMMAND, "filter", "r.csv", "-0"], cwd=tmp_path, capture_output=True, check=True
    ).stdout
    assert listed == b"".join(name.encode() + b"\0" for name in names)


def test_the_table_is_csv_elsewhere_and_acts_on_nothing(scanned):
    run = call("filter", scanned, "--table", "--threshold", "0.85")
    lines = list(csv.DictReader(io.StringIO(run.out)))
    assert run.status == 0 and "1 error" in run.err
    counts = {float(line["threshold"]): int(line["photos"]) for line in lines}
    assert counts[0.5] == 5 and counts[0.85] == 1 and counts[0.99] == 0
    assert [int(line["photos"]) for line in lines] == sorted(counts.values(), reverse=True)


@pytest.mark.parametrize("action", ["copy", "move", "link", "tag"])
def test_what_was_done_is_undone_by_the_line_that_it_says(scanned, action):
    def everything():
        return {path: path.read_bytes() for path in sorted(Path("photos").rglob("*.*"))}

    before = everything()
    to = [] if action == "tag" else ["--to", "out"]
    dry = call("filter", scanned, "--action", action, *to, "--dry-run")
    assert dry.status == 0 and everything() == before and not Path("out").exists()
    run = call("filter", scanned, "--action", action, *to)
    assert run.status == 0 and run.out == dry.out and len(run.out.splitlines()) == 2
    assert f"{acting.PAST[action]}: 2; left alone: 0" in run.err
    done = [Path(line.split("\t")[1]) for line in run.out.splitlines()]
    assert all(path.exists() for path in done)
    if action != "tag":
        assert [path.relative_to(Path("out").absolute()) for path in done] == [
            Path("a/8.jpg"),
            Path("b/9.jpg"),
        ]
    journal = re.search(r"blurdct undo (.*)\n", run.err)[1]
    if action == "tag":  # again: there is nothing to do, and so nothing to undo
        assert "undo" not in call("filter", scanned, "--action", action).err
    back = call("undo", journal)
    assert back.status == 0 and everything() == before
    assert not any(path.exists() for path in done)
    assert call("undo", journal).status == 0


@pytest.mark.parametrize("action", ["copy", "move", "tag"])
def test_a_journal_of_the_first_versions_is_undone_by_the_line_that_it_is_refused_with(
    scanned, action
):
    def everything():
        return {path: path.read_bytes() for path in Path().rglob("*.[jx][pm][gp]")}

    before = everything()
    run = call("filter", scanned, "--action", action, *([] if action == "tag" else ["--to", "out"]))
    journal = Path(re.search(r"blurdct undo (.*)\n", run.err)[1])
    text = re.sub(r'.*"do": "within".*\n', "", journal.read_text())
    journal.write_text(text.replace('"format": 2', '"format": 1'))
    refused = call("undo", str(journal))
    assert refused.status == 2 and everything() != before
    ways = shlex.split(refused.err.rpartition("say so: ")[2])
    assert call("undo", str(journal), *ways).status == 0 and everything() == before


def test_what_is_left_alone_is_named_and_the_status_says_so(scanned):
    Path("photos/a/8.jpg").unlink()
    Path("photos/b/9.jpg").write_bytes(b"edited")
    run = call("filter", scanned, "--threshold", "0.7", "--action", "move", "--to", "out")
    assert run.status == 1 and numbers(run.out) == [7, 7]
    assert "photos/a/8.jpg: no such file" in run.err
    assert "photos/b/9.jpg: has changed since it was judged" in run.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("filter r.csv --threshold 0.9 --worst 3", "one or the other"),
        ("filter r.csv --action move", "--to DIR"),
        ("filter r.csv --to out", "not for --action list"),
        ("filter r.csv --action copy --to out -0", "--null"),
        ("filter r.csv --table --action tag", "--table"),
        ("filter r.csv --action move --to photos", "already"),
        ("filter r.csv --action move --to r.csv", "not a folder"),
        ("filter r.csv --worst many", "expected a number"),
        ("filter r.csv --worst 200%", "--worst: expected a number such as 20, or a share from 0%"),
        ("filter r.csv --max-fpr 2", "--max-fpr: expected a share from 0 to below 1, got 2"),
        ("filter r.csv --csv -0", "--csv is for lists: leave out --null\n"),
        ("filter r.csv --label sharp --table", "all there is to pick: leave out --table\n"),
        ("filter r.csv --threshold 70", "did you mean 0.70?"),
        ("filter missing.csv", "missing.csv: no such file"),
        ("filter photos", "made by: blurdct scan photos"),
        ("undo r.csv", "no journal"),
        ("undo missing", "missing: no such file"),
        ("best r.csv", "--by"),
        ("best r.csv --by burst --gap 2x", "--gap: expected a time such as 2s, 500ms, 2min"),
        ("best r.csv --by burst --distance 3", "--distance"),
        ("best r.csv --by duplicate --gap 2s", "--gap is for --by burst"),
        ("best r.csv --by burst --csv --rest", "--csv"),
        ("best r.csv --by burst --csv --json", "one or the other"),
    ],
)
def test_wrong_use_is_one_line_and_does_nothing(scanned, words, message):
    before = sorted(Path().rglob("*"))
    run = call(*words.split())
    assert run.status == 2 and message in run.err and len(run.err.splitlines()) == 1
    assert run.out == "" and sorted(Path().rglob("*")) == before


def test_a_killed_move_is_undone(tmp_path):
    rows = []
    for number in range(400):
        photo = tmp_path / "photos" / str(number % 7) / f"{number}.jpg"
        photo.parent.mkdir(parents=True, exist_ok=True)
        photo.write_bytes(os.urandom(100))
        rows.append({"path": str(photo), "probability": 1.0, "label": "blurred"})
    results.write(tmp_path / "r.csv", rows, ("path", "probability", "label"))
    before = {row["path"]: Path(row["path"]).read_bytes() for row in rows}
    words = ["filter", "r.csv", "--action", "move", "--to", "out"]
    with subprocess.Popen(
        [*COMMAND, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        for _ in range(20):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    gone = [path for path in before if not os.path.exists(path)]
    assert 20 <= len(gone) < 400
    (journal,) = (tmp_path / "out").glob("*.jsonl")
    assert call("undo", journal).status == 0
    assert {path: Path(path).read_bytes() for path in before} == before
    assert list((tmp_path / "out").iterdir()) == [journal]


def test_the_sharpest_of_each_burst(scanned):
    # four a second apart, three times; the unknown and the broken one are left out
    run = call("best", scanned, "--by", "burst", "--gap", "2s")
    assert (run.status, numbers(run.out)) == (0, [0, 4, 8])
    assert "left out: 2" in run.err and "10 photographs in 3 groups: 3 picked" in run.err
    assert numbers(call("best", scanned, "--by", "burst", "--gap", "0.5s").out) == list(range(10))
    assert numbers(call("best", scanned, "--by", "burst", "--keep", "3").out) == [
        0, 1, 2, 4, 5, 6, 8, 9,
    ]  # fmt: skip
    rest = call("best", scanned, "--by", "burst", "--rest")
    assert numbers(rest.out) == [1, 2, 3, 5, 6, 7, 9]


def test_groups_are_told_as_csv_and_json(scanned):
    table = list(csv.DictReader(io.StringIO(call("best", scanned, "--by", "burst", "--csv").out)))
    lines = call("best", scanned, "--by", "burst", "--json").out.splitlines()
    assert len(table) == 10 and list(table[0])[:4] == ["group", "rank", "path", "score"]
    assert [(row["group"], row["rank"]) for row in table[:5]] == [
        ("1", "1"), ("1", "2"), ("1", "3"), ("1", "4"), ("2", "1"),
    ]  # fmt: skip
    assert [json.loads(line)["path"] for line in lines] == [row["path"] for row in table]


def test_the_rest_is_moved_and_comes_back(scanned):
    run = call("best", scanned, "--by", "burst", "--rest", "--action", "move", "--to", "others")
    assert run.status == 0 and len(list(Path("others").rglob("*.jpg"))) == 7
    assert sorted(numbers("\n".join(map(str, Path("photos").rglob("*.jpg"))))) == [0, 4, 8, 10, 11]
    assert call("undo", re.search(r"blurdct undo (.*)\n", run.err)[1]).status == 0
    assert len(list(Path("photos").rglob("*.jpg"))) == 12


def test_a_photo_that_is_gone_or_has_no_time_is_told_of(scanned):
    Path("photos/a/0.jpg").unlink()
    Image.new("L", (16, 16)).save("photos/b/1.jpg")
    run = call("best", scanned, "--by", "burst")
    assert run.status == 1 and numbers(run.out) == [1, 2, 4, 8]
    assert "photos/a/0.jpg: no such file" in run.err
    assert "without a capture time, and each by itself: 1" in run.err


def test_the_sharpest_of_photos_that_look_the_same(scanned, texture):
    pytest.importorskip("imagehash")
    for number in range(10):
        picture = Image.fromarray(texture if number < 6 else texture[:, ::-1])
        picture.save(f"photos/{'ab'[number % 2]}/{number}.jpg", quality=60 + number)
    run = call("best", scanned, "--by", "duplicate")
    assert (run.status, numbers(run.out)) == (0, [0, 6])


@pytest.mark.parametrize("name", ["filter", "undo", "best"])
def test_help_has_an_example_and_the_exit_statuses(name):
    text = call(name, "--help").out
    assert f"blurdct {name} " in text and "Exit status" in text


@pytest.mark.parametrize("word", [" ", "a\x01", "caf\udce9"])
def test_a_keyword_that_no_sidecar_can_hold_is_refused(word, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results.write("r.csv", [{"path": "a.jpg", "probability": 0.9, "score": 90, "label": "blurred"}])
    found = call("filter", "r.csv", "--action", "tag", "--keyword", word)
    assert found.status == 2 and "expected a word of printable characters" in found.err


@pytest.mark.parametrize("words", [("--keyword", "soft"), ("--rating", "1")])
def test_what_is_for_tags_is_refused_elsewhere(scanned, words):
    run = call("filter", scanned, *words)
    assert run.status == 2 and "are for --action tag" in run.err


def test_a_threshold_is_a_p(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results.write("r.csv", [{"path": "a.jpg", "probability": 0.9, "score": 90, "label": "blurred"}])
    assert call("filter", "r.csv", "--threshold", "nan").status == 2


@pytest.fixture
def many(tmp_path) -> Path:
    """Results about 40 photographs, each with a sidecar; all are labelled blurred."""
    rows = []
    for number in range(40):
        photo = tmp_path / "photos" / f"{number}.jpg"
        photo.parent.mkdir(exist_ok=True)
        photo.write_bytes(os.urandom(100))
        photo.with_suffix(".AAE").write_bytes(os.urandom(10))
        rows.append({"path": str(photo), "probability": 0.9, "label": "blurred"})
    results.write(tmp_path / "r.csv", rows, ("path", "probability", "label"))
    return tmp_path


READERS = ["> /dev/full", ">&-", "2>&-", ">&- 2>&-", "2> /dev/full", "<&- >&- 2>&-", "| head -1"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device")
@pytest.mark.parametrize("reader", READERS)
def test_printing_never_ends_an_action(many, reader):
    before = {path: path.read_bytes() for path in (many / "photos").iterdir()}

    def run(words: str) -> int:
        line = f"set -o pipefail; {shlex.join(COMMAND)} {words} {reader}"
        with open(os.devnull, "w") as nowhere:
            return subprocess.run(
                ["bash", "-c", line], cwd=many, stdout=nowhere, stderr=nowhere
            ).returncode

    expected = 1 if reader == "> /dev/full" else 0  # the list of what was done is lost
    assert run("filter r.csv --action move --to out") == expected
    assert not list((many / "photos").iterdir())
    assert len(list((many / "out").iterdir())) == 81
    (journal,) = (many / "out").glob("*.jsonl")
    assert all(isinstance(json.loads(line), dict) for line in journal.read_text().splitlines())
    assert run(f"undo {shlex.quote(str(journal))}") == expected
    assert {path: path.read_bytes() for path in (many / "photos").iterdir()} == before


def test_what_there_is_not_to_undo_is_said_and_no_failure(many, monkeypatch):
    monkeypatch.chdir(many)
    call("filter", "r.csv", "--action", "copy", "--to", "out")
    (journal,) = Path("out").glob("*.jsonl")
    head = Path("head.jsonl")
    head.write_text(journal.read_text().partition("\n")[0] + "\n")
    assert call("undo", head) == (0, "", "blurdct: head.jsonl: nothing to undo: nothing was done\n")
    for photo in Path("out").rglob("[0-9]*"):
        photo.unlink()
    gone = call("undo", journal)
    assert "put back: 0; left alone: 0; all is as it was already" in gone.err
    assert call("undo", journal) == (
        0,
        "",
        f"blurdct: {journal}: nothing to undo: already undone\n",
    )


def test_what_goes_along_is_counted_and_the_folders_of_a_journal_are_said(many, monkeypatch):
    monkeypatch.chdir(many)
    moved = call("filter", "r.csv", "--action", "move", "--to", "out")
    assert "moved: 40; left alone: 0; sidecars: 40" in moved.err
    back = call("undo", next(Path("out").glob("*.jsonl")))
    assert f"undoes what lies in {many / 'out'}, {many / 'photos'}" in back.err
    assert "put back: 80" in back.err


def test_a_missing_file_with_two_colons_in_its_name_is_no_archive(many, monkeypatch):
    monkeypatch.chdir(many)
    rows = [{"path": "holiday::beach.jpg", "probability": 0.9, "label": "blurred"}]
    results.write("r.csv", rows, ("path", "probability", "label"))
    run = call("filter", "r.csv", "--action", "move", "--to", "out")
    assert run.status == 1 and "holiday::beach.jpg: no such file" in run.err


SAMPLE = Path(__file__).parents[2] / "data" / "sample"


@pytest.fixture(scope="module")
def copied(tmp_path_factory) -> Path:
    """Photographs of the sample and small copies of theirs, all of one time, judged."""
    folder = tmp_path_factory.mktemp("copied")
    for number, path in enumerate(sorted((SAMPLE / "sharp").glob("*.jpg"))[::2]):
        exif = Image.Exif()
        exif.get_ifd(34665)[36867] = f"2024:01:01 00:{number:02}:00"
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        image.save(folder / f"{number}.jpg", exif=exif, quality=95)
        image.thumbnail((256, 256))
        image.save(folder / f"0copy_{number}.jpg", exif=exif, quality=90)
    scan(folder, folder / "r.csv", workers=1)
    return folder


@pytest.mark.parametrize("by", ["burst", "duplicate"])
def test_a_photo_comes_before_its_small_copy(copied, by):
    if by == "duplicate":
        pytest.importorskip("imagehash")
    run = call("best", copied / "r.csv", "--by", by)
    names = [Path(line).name for line in run.out.splitlines()]
    assert run.status == 0 and len(names) == len(list(copied.glob("*.jpg"))) / 2
    assert not [name for name in names if name.startswith("0copy")]
    assert f"judged anew at the smallest: {len(names)}" in run.err
    rest = call("best", copied / "r.csv", "--by", by, "--rest").out
    assert all(Path(line).name.startswith("0copy") for line in rest.splitlines())


def test_the_best_of_a_group_that_is_all_blurred_is_told_of_and_can_be_left_out(scanned):
    # 8 and 9 are a group of their own, and both are blurred
    run = call("best", scanned, "--by", "burst")
    assert "groups in which every photo is blurred: 1 of 3, and so is the best" in run.err
    kept = call("best", scanned, "--by", "burst", "--only-sharp")
    assert numbers(kept.out) == [0, 4]
    rest = call("best", scanned, "--by", "burst", "--only-sharp", "--rest")
    assert numbers(rest.out) == [1, 2, 3, 5, 6, 7, 8, 9]
    rows = list(csv.DictReader(io.StringIO(call("best", scanned, "--by", "burst", "--csv").out)))
    assert [row["blurred"] for row in rows] == ["false"] * 8 + ["true"] * 2


def test_a_time_that_cannot_be_read_is_said_and_its_photo_is_by_itself(scanned):
    exif = Image.Exif()
    exif.get_ifd(34665)[36867] = "half past nine"
    Image.new("L", (16, 16)).save("photos/b/1.jpg", exif=exif)
    run = call("best", scanned, "--by", "burst")
    assert run.status == 1 and numbers(run.out) == [0, 1, 4, 8]
    assert "photos/b/1.jpg: its capture time cannot be read ('half past nine')" in run.err
