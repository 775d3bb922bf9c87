"""Files of results: what is written is read again, in every form, and what is none is refused."""

import csv
import os
import tracemalloc
from itertools import islice

import pytest

from blurdct.errors import BlurdctError, BlurdctWarning, ConfigError
from blurdct.results import COLUMNS, READERS, read, verdicts, write
from blurdct.utils import row_files

NAMES = [
    "plain.jpg",
    'a,"b".jpg',
    "line\nbreak.jpg",
    "carriage\rreturn.jpg",
    "both\r\n.jpg",
    "-dash.jpg",
    "é.jpg",
    os.fsdecode(b"\xff.jpg"),
]


def row(path="photo.jpg", **changes):
    """What a scan says of a photo."""
    numbers = {"probability": 0.25, "score": 25.0, "sharp_fraction": None, "modified": 1.5e9 + 0.25}
    numbers |= {"threshold": 0.5, "sure": True, "evidence": 0.75, "blur": 6.25}
    numbers |= {"kind_probability": None}
    texts = {"label": "sharp", "reason": "", "model": "dct-xgb", "digest": "00ff"}
    texts |= {"note": "", "error": "", "kind": ""}
    counts = {"bytes": 10**10, "width": 640, "height": 480}
    return {"path": path, **counts, **numbers, **texts, **changes}


ERROR = row("broken.jpg", probability=None, score=None, label="", error="broken.jpg: empty file")
ERROR |= {"sure": None, "threshold": None, "evidence": None, "blur": None}
forms = pytest.mark.parametrize("form", READERS)


@forms
def test_rows_come_back_as_they_were_with_their_types(tmp_path, form):
    rows = [row(name) for name in NAMES] + [ERROR]
    assert write(tmp_path / f"r{form}", iter(rows)) == len(rows)
    back = list(read(tmp_path / f"r{form}"))
    assert back == rows
    assert all(
        value is None or type(value) is COLUMNS[name] for one in back for name, value in one.items()
    )


@forms
def test_no_rows_are_a_file_of_none(tmp_path, form):
    assert write(tmp_path / f"r{form}", []) == 0
    assert list(read(tmp_path / f"r{form}")) == []


@forms
def test_columns_of_others_are_kept_by_their_types_and_missing_ones_are_empty(tmp_path, form):
    path = tmp_path / f"r{form}"
    write(
        path,
        [{"path": "a.jpg", "time": 0.5, "remark": "x"}],
        {"path": str, "time": float, "remark": str},
    )
    (back,) = read(path)
    assert float(back["time"]) == 0.5 and back["remark"] == "x"
    assert (back["score"], back["label"]) == (None, "")


@forms
def test_a_write_that_fails_leaves_what_was_there(tmp_path, form):
    path = tmp_path / f"r{form}"
    write(path, [row()])
    before = path.read_bytes()

    def rows():
        yield row("other.jpg")
        raise OSError(28, "No space left on device")

    with pytest.raises(BlurdctError, match=f"r{form}: cannot be written .No space left"):
        write(path, rows())
    assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name]


@forms
def test_a_folder_that_is_not_there_is_not_made(tmp_path, form):
    with pytest.raises(ConfigError, match="cannot be written .No such file"):
        write(tmp_path / "nowhere" / f"r{form}", [row()])
    assert not os.listdir(tmp_path)


@forms
@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_no_link_beside_it_is_followed(tmp_path, form):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / f".r{form}.new").symlink_to("mine")
    write(tmp_path / f"r{form}", [row()])
    assert (tmp_path / "mine").read_text() == "mine" and list(read(tmp_path / f"r{form}"))


@forms
def test_what_is_no_file_of_results_is_refused_in_one_line(tmp_path, form):
    path = tmp_path / f"r{form}"
    with pytest.raises(ConfigError, match=f"r{form}: no such file"):
        list(read(path))
    path.write_bytes(os.urandom(2000).replace(b"\n", b"") + b"\nx")
    with pytest.raises(ConfigError, match=f"r{form}: "):
        list(read(path))
    write(path, [row()], ("score", "label"))
    with pytest.raises(ConfigError, match=f"r{form}: no column 'path' in it"):
        list(read(path))


def test_a_spreadsheets_mark_is_no_part_of_the_first_column(tmp_path):
    (tmp_path / "r.csv").write_text("path,score\na.jpg,5\n", encoding="utf-8-sig")
    assert next(read(tmp_path / "r.csv"))["path"] == "a.jpg"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_a_spreadsheet_saved_is_read(tmp_path, encoding, delimiter):
    write(tmp_path / "r.csv", rows := [row("é.jpg"), row("a;b,c.jpg")])
    with open(tmp_path / "r.csv", newline="", encoding="utf-8") as file:
        cells = list(csv.reader(file))
    with open(tmp_path / "s.csv", "w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(cells)
    assert list(read(tmp_path / "s.csv")) == rows


@pytest.mark.parametrize("form", [".csv", ".jsonl"])
def test_results_that_cannot_be_decoded_are_one_line_with_the_encoding(tmp_path, form):
    (tmp_path / f"r{form}").write_bytes(b"\xff\xfep")
    with pytest.raises(ConfigError, match=rf"r{form}: cannot be read as UTF-16-LE \(truncated"):
        list(read(tmp_path / f"r{form}"))
    (tmp_path / f"r{form}").write_bytes("path,score\n".encode("utf-16-le"))
    with pytest.raises(ConfigError, match=rf"r{form}: cannot be read as UTF-8 \(null bytes in it;"):
        list(read(tmp_path / f"r{form}"))


def test_an_empty_table_is_no_file_of_results(tmp_path):
    (tmp_path / "r.csv").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"r.csv: no file of results .empty"):
        list(read(tmp_path / "r.csv"))


def test_a_number_that_is_none_names_its_row(tmp_path):
    (tmp_path / "r.csv").write_text("path,score\na.jpg,5\nb.jpg,high\n")
    with pytest.raises(ConfigError, match=r"r.csv: row 2: .*'high'"):
        list(read(tmp_path / "r.csv"))


WHOLE = {"width": "4032.0", "bytes": "123.0", "height": "3e3", "modified": "1500000000"}


def test_whole_numbers_that_pandas_made_fractions_of_are_whole(tmp_path):
    names, cells = ",".join(WHOLE), ",".join(WHOLE.values())
    (tmp_path / "r.csv").write_text(f"path,{names}\na.jpg,{cells}\nb.jpg,,nan,NaN,\n")
    first, second = read(tmp_path / "r.csv")
    assert [first[name] for name in WHOLE] == [4032, 123, 3000, 1.5e9]
    assert type(first["width"]) is int and type(first["modified"]) is float
    assert [second[name] for name in WHOLE] == [None] * 4
    (tmp_path / "r.csv").write_text("path,bytes\na.jpg,9007199254740993\n")
    assert next(read(tmp_path / "r.csv"))["bytes"] == 2**53 + 1


@forms
def test_a_table_that_went_through_pandas_is_the_same_table(tmp_path, form):
    pandas = pytest.importorskip("pandas")
    rows = [row("a.jpg"), ERROR | {"width": None, "height": None, "bytes": None}]
    write(tmp_path / f"r{form}", rows)
    load, save = {
        ".csv": (pandas.read_csv, lambda frame, path: frame.to_csv(path, index=False)),
        ".jsonl": (
            lambda path: pandas.read_json(path, lines=True, dtype=False),
            lambda frame, path: frame.to_json(path, orient="records", lines=True),
        ),
        ".parquet": (pandas.read_parquet, lambda frame, path: frame.to_parquet(path)),
    }[form]
    frame = load(tmp_path / f"r{form}")
    if form == ".csv":
        assert str(frame["width"].dtype) == "float64"  # else this shows nothing
    save(frame, tmp_path / f"s{form}")
    assert list(read(tmp_path / f"s{form}")) == rows


@pytest.mark.parametrize(
    ("column", "cell", "kind"),
    [
        ("width", "4032.5", "a whole number"),
        ("bytes", "inf", "a whole number"),
        ("height", "3,000", "a whole number"),
        ("modified", "yesterday", "a number"),
    ],
)
def test_what_is_no_number_is_refused_by_row_and_column(tmp_path, column, cell, kind):
    (tmp_path / "r.csv").write_text(f'path,{column}\na.jpg,5\nb.jpg,"{cell}"\n')
    why = rf"r.csv: row 2: {column}: expected {kind}, got '{cell}'"
    with pytest.raises(ConfigError, match=why):
        list(read(tmp_path / "r.csv"))


@pytest.mark.parametrize(
    ("column", "cell"), [("width", "4032.5"), ("width", "[1]"), ("path", "5"), ("bytes", "1e999")]
)
def test_a_value_of_another_kind_in_json_lines_names_row_and_column(tmp_path, column, cell):
    line = f'{{"path": "a.jpg", "{column}": {cell}}}\n'
    (tmp_path / "r.jsonl").write_text(line)
    with pytest.raises(ConfigError, match=rf"r.jsonl: row 1: {column}: exp"):
        list(read(tmp_path / "r.jsonl"))


@pytest.mark.parametrize(
    "cell", [r'"\ud800.jpg"', "[" * 200_000, '{"a":' * 200_000, "[" * 900 + "]" * 900]
)
def test_json_that_no_file_can_be_named_by_is_one_line(tmp_path, cell):
    (tmp_path / "r.jsonl").write_text(f'{{"path": {cell}}}\n')
    with pytest.raises(ConfigError, match=r"r.jsonl: ") as caught:
        list(read(tmp_path / "r.jsonl"))
    line = str(caught.value).removeprefix(str(tmp_path))
    assert line.isascii() and "\n" not in line and len(line) < 200


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(
        ConfigError, match=r"r.xls: expected a file ending in .csv or .jsonl or .parquet"
    ):
        write(tmp_path / "r.xls", [])


@forms
def test_memory_does_not_grow_with_the_rows(tmp_path, form, monkeypatch):
    monkeypatch.setattr(row_files, "BATCH", 64)
    path = tmp_path / f"r{form}"

    def peak(count):
        tracemalloc.start()
        write(path, (row(f"{number:09}.jpg") for number in range(count)))
        assert sum(1 for _ in read(path)) == count
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)  # imports
    assert peak(4000) < peak(400) + 200_000


@forms
def test_rows_are_read_as_they_are_asked_for(tmp_path, form):
    path = tmp_path / f"r{form}"
    write(path, (row(str(number)) for number in range(10_000)))
    assert [one["path"] for one in islice(read(path), 2)] == ["0", "1"]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_results_are_a_regular_file(tmp_path, ending):
    path = tmp_path / f"r{ending}"
    os.mkfifo(path)
    with pytest.raises(ConfigError, match=f"r{ending}: no file of results .not a regular file"):
        list(read(path))


def test_json_of_any_depth_is_one_line(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text('{"path": ' + "[" * 100_000 + "]" * 100_000 + "}\n")
    with pytest.raises(ConfigError, match=r"r.jsonl: no file of results \(line 1: nested too deep"):
        list(read(path))


# Files of earlier versions


OLD = {"path": "a.jpg", "bytes": 1, "probability": 0.0, "score": 0.0, "label": "", "error": ""}


def old(p, label, **more):
    """A row as versions wrote it that had three labels and no ``sure``."""
    return {**OLD, "probability": p, "score": 100 * p, "label": label, **more}


@forms
def test_old_labels_are_read_as_todays_with_a_warning(tmp_path, form):
    rows = [
        *(old(0.01, "clear"), old(0.3, "medium"), old(0.6, "medium"), old(0.99, "blurred")),
        *(old(0.4, "unknown", reason="flat"), {**OLD, "probability": None, "error": "empty file"}),
    ]
    rows = [{**one, "path": f"{number}.jpg"} for number, one in enumerate(rows)]
    path = tmp_path / f"r{form}"
    kinds = {"probability": float, "score": float, "bytes": int}
    write(path, rows, {name: kinds.get(name, str) for name in rows[4]})
    with pytest.warns(BlurdctWarning, match=f"{path.name}: written by an earlier version"):
        back = list(verdicts(path))
    told = [(row["label"], row["sure"], row["probability"]) for row in back]
    assert told == [
        *(("sharp", True, 0.01), ("sharp", False, 0.3), ("blurred", False, 0.6)),
        *(("blurred", True, 0.99), ("unknown", False, None), ("", None, None)),
    ]
    assert back[4]["score"] is None


@forms
def test_an_unknown_photo_needs_no_p_and_others_do(tmp_path, form):
    path = tmp_path / f"r{form}"
    nothing = {"probability": None, "score": None, "sure": False}
    write(path, [row(label="unknown", **nothing)])
    assert [one["label"] for one in verdicts(path)] == ["unknown"]
    write(path, [row(**nothing)])
    with pytest.raises(ConfigError, match=r"row 1: expected a probability in 0\.\.1, got none"):
        list(verdicts(path))


@forms
@pytest.mark.parametrize("label", ["medium", "Blurred", "=1"])
def test_a_label_that_there_is_not_is_refused_by_its_row(tmp_path, form, label):
    path = tmp_path / f"r{form}"
    write(path, [row(), row(label=label)])
    with pytest.raises(
        ConfigError, match="row 2: expected the label sharp or blurred or unknown, got"
    ):
        list(verdicts(path))


# Nonsense


NONSENSE = [
    ("threshold", 50.0, "threshold in 0..1, got 50.0"),
    ("threshold", -0.1, "threshold in 0..1, got -0.1"),
    ("probability", 3.0, "a probability in 0..1, got 3"),
    ("score", 101.0, "score in 0..100, got 101.0"),
    ("bytes", -3, "bytes of 0 or more, got -3"),
    ("width", -1, "width of 1 or more, got -1"),
    ("height", 0, "height of 1 or more, got 0"),
    ("sharp_fraction", 7.0, "sharp_fraction in 0..1, got 7.0"),
    ("evidence", 1.5, "evidence in 0..1, got 1.5"),
    ("evidence", -0.5, "evidence in 0..1, got -0.5"),
    ("blur", -1.0, r"blur in 0\.\.1e\+09, got -1.0"),
    ("blur", float("inf"), r"blur in 0\.\.1e\+09, got inf"),
    ("kind_probability", 0.25, "kind_probability in 0.5..1, got 0.25"),
    ("kind_probability", 1.5, "kind_probability in 0.5..1, got 1.5"),
    ("kind", "portrait", "the kind defocus or motion, got 'portrait'"),
    ("modified", float("inf"), "modified in .*, got inf"),
]


@forms
@pytest.mark.parametrize(("column", "value", "words"), NONSENSE)
def test_a_number_that_cannot_be_is_refused_by_its_row(tmp_path, form, column, value, words):
    path = tmp_path / f"r{form}"
    write(path, [row("a.jpg"), row("b.jpg", **{column: value})])
    with pytest.raises(ConfigError, match=f"r{form}: row 2: expected {words}"):
        list(verdicts(path))


@forms
def test_a_file_from_before_there_was_blur_is_read_with_none(tmp_path, form):
    new = ("evidence", "blur", "kind", "kind_probability")
    write(tmp_path / f"r{form}", [row()], [name for name in COLUMNS if name not in new])
    assert list(verdicts(tmp_path / f"r{form}")) == [row(evidence=None, blur=None)]


@forms
def test_evidence_blur_and_kind_may_be_none_or_at_their_ends(tmp_path, form):
    rows = [row("a.jpg", evidence=0.0, blur=None), row("b.jpg", evidence=1.0, blur=0.0)]
    rows += [row(f"{kind}.jpg", kind=kind, kind_probability=0.5) for kind in ("defocus", "motion")]
    write(tmp_path / f"r{form}", rows)
    assert list(verdicts(tmp_path / f"r{form}")) == rows


@pytest.mark.parametrize("name", ["evidence", "blur", "kind_probability"])
def test_a_measure_that_is_no_number_is_refused_by_its_row(tmp_path, name):
    (tmp_path / "r.csv").write_text(
        f"path,probability,label,sure,{name}\na.jpg,0.2,sharp,true,6 px\n"
    )
    with pytest.raises(ConfigError, match=f"row 1: {name}: expected a number, got '6 px'"):
        list(verdicts(tmp_path / "r.csv"))


def test_an_error_beside_a_p_that_cannot_be_excuses_nothing(tmp_path):
    write(tmp_path / "r.csv", [row(probability=3.0, error="broken")])
    with pytest.raises(ConfigError, match=r"row 1: expected a probability in 0\.\.1, got 3"):
        list(verdicts(tmp_path / "r.csv"))


@forms
def test_a_path_that_comes_twice_is_refused_with_both_rows(tmp_path, form):
    path = tmp_path / f"r{form}"
    write(path, [row(name) for name in (*NAMES, "x.jpg", NAMES[1], "x.jpg")])
    twice = f"rows 2 and {len(NAMES) + 2} have one path: a,"
    with pytest.warns(BlurdctWarning), pytest.raises(ConfigError, match=twice):
        list(verdicts(path))
    with pytest.warns(BlurdctWarning):
        assert len(list(verdicts(path, twice=True))) == len(NAMES) + 3
    write(path, [row(name) for name in NAMES])
    with pytest.warns(BlurdctWarning, match="row 8"):
        assert len(list(verdicts(path))) == len(NAMES)


@forms
def test_results_without_a_row_are_none(tmp_path, form):
    path = tmp_path / f"r{form}"
    write(path, [])
    with pytest.raises(ConfigError, match=f"r{form}: no rows in it"):
        list(verdicts(path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_wherever_a_file_is_cut_in_its_last_row_it_is_refused_as_cut(tmp_path, encoding):
    write(tmp_path / "whole.csv", [row("a.jpg"), row("b.jpg"), ERROR])
    whole = (tmp_path / "whole.csv").read_text()
    cut = rf"r.csv: row 3 has \d+ of {len(COLUMNS)} cells; .* to be cut"
    start, last = whole[:-1].rindex("\n") + 1, whole.rindex(",")
    for end in range(start + 1, last + 1):
        (tmp_path / "r.csv").write_bytes(whole[:end].encode(encoding))
        with pytest.raises(ConfigError, match=cut):
            list(verdicts(tmp_path / "r.csv"))
        assert len(list(read(tmp_path / "r.csv"))) == 3  # --resume goes by digests


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("r.csv", b'path,probability\n"a.jpg', "line 2: a quotation mark .*; .* to be cut"),
        ("r.csv", b'path,probability\n"a"x,1\n', "line 2: text behind a closed quotation mark"),
        ("r.jsonl", b'{"path": "a.jpg", "prob', "line 1: not JSON; the file seems to be cut"),
        ("r.jsonl", b'{"path": "a.jpg", "prob\n', r"line 1: not JSON\)"),
        ("r.jsonl", b"3\n", "line 1: no JSON object"),
        ("r.parquet", b"PAR1 and so on", "damaged, cut, or no Parquet"),
        ("r.parquet", b"", "damaged, cut, or no Parquet"),
    ],
)
def test_damage_is_told_by_its_line_in_words_of_ours(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigError, match=rf"{name}: no file of results \({words}"):
        list(verdicts(tmp_path / name))


def test_rows_of_other_lengths_are_refused_but_for_empty_cells_at_their_end(tmp_path):
    def check(*lines):
        (tmp_path / "r.csv").write_text("\n".join(["path,probability,label,error", *lines, ""]))
        return [one["path"] for one in verdicts(tmp_path / "r.csv")]

    assert check("a.jpg,0.5,sharp", "b.jpg,0.5,sharp,,,") == ["a.jpg", "b.jpg"]
    with pytest.raises(ConfigError, match=r"row 1 has 2 of 4 cells$"):
        check("a.jpg,0.5", "b.jpg,0.5,sharp,")
    with pytest.raises(ConfigError, match="row 1 has more cells than the header"):
        check("a.jpg,0.5,sharp,,b.jpg")


@pytest.mark.skipif(os.name == "nt", reason="names are no bytes there")
def test_a_table_in_latin_1_is_refused_where_the_files_show_it_and_else_remarked_on(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write("r.csv", [row("a.jpg"), row("é.jpg")])
    text = (tmp_path / "r.csv").read_text(encoding="utf-8")
    (tmp_path / "r.csv").write_bytes(text.encode("latin-1"))
    with pytest.warns(BlurdctWarning, match="r.csv: row 2 has a path that is no UTF-8, and no"):
        assert len(list(verdicts("r.csv"))) == 2
    (tmp_path / "é.jpg").touch()
    with pytest.raises(ConfigError, match="r.csv: row 2 is in Latin-1, not UTF-8"):
        list(verdicts("r.csv"))
    (tmp_path / os.fsdecode(b"\xe9.jpg")).touch()  # the very name
    assert len(list(verdicts("r.csv"))) == 2
