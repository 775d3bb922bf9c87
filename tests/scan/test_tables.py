"""What stands in a table beside the paths goes along into the results, in every form."""

import datetime
import decimal
import json
from pathlib import Path

import pytest

from blurdct import results
from blurdct.results import COLUMNS
from blurdct.scan.run import scan
from blurdct.scan.tables import carried_names, column_of, plain
from tests.helpers import toys

pa = pytest.importorskip("pyarrow")
FORMS = [".csv", ".jsonl", ".parquet"]
TABLE = [
    {"id": 7, "file": "in/sharp/00.png", "who": "Ada", "label": "good", "stars": 1.5},
    {"id": 8, "file": "in/blurred/00.png", "who": "=1+1", "label": "bad", "stars": None},
    {"id": 9, "file": "in/gone.png", "who": None, "label": "", "stars": 2.0},
]


def save(ending: str, rows=TABLE, name: str = "t") -> str:
    path = f"{name}{ending}"
    if ending == ".parquet":
        import pyarrow.parquet

        pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
    elif ending == ".jsonl":
        Path(path).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    else:
        lines = [",".join(rows[0])]
        lines += [",".join("" if v is None else str(v) for v in row.values()) for row in rows]
        Path(path).write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    toys.save_photos(tmp_path / "in", 1)
    toys.bundle().save("toy")

    def go(source, out, **options):
        scan(source, out, model="toy", workers=1, **options)
        return list(results.read(out))

    return go


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("table", FORMS)
def test_the_other_columns_of_a_table_go_along(go, table, form):
    rows = go([save(table), "in/sharp"], f"out{form}", column="file")
    assert len(rows) == 3  # the last source is a photo that the table has, too
    assert list(rows[0])[: len(COLUMNS)] == list(COLUMNS) or form == ".csv"
    for row, cells in zip(rows, TABLE, strict=True):
        assert row["path"] == cells["file"] and "file" not in row
        assert row["label"] in ("sharp", "blurred", "")
        found = {name: row[name] for name in ("id", "who", "table_label", "stars")}
        told = {"id": cells["id"], "who": cells["who"], "table_label": cells["label"]}
        told["stars"] = cells["stars"]
        if ".csv" in (table, form):
            found = {name: "" if value is None else str(value) for name, value in found.items()}
            told = {name: "" if value is None else str(value) for name, value in told.items()}
        assert found == told
    assert rows[2]["error"] == "no such file"


@pytest.mark.parametrize("form", FORMS)
def test_a_resumed_scan_keeps_them_and_takes_over_what_has_changed(go, form):
    save(".jsonl")
    before = go("t.jsonl", f"out{form}", column="file")
    changed = [TABLE[0], {**TABLE[1], "who": "Bea"}, TABLE[2]]
    save(".jsonl", changed)
    rows = go("t.jsonl", f"out{form}", column="file", resume=True)
    assert rows[1] == {**before[1], "who": "Bea"}
    assert [rows[0], rows[2]] == [before[0], before[2]]
    rows = go("in", f"out{form}", resume=True)  # without the table
    assert {row["who"] for row in rows} == {"Ada", "Bea"}


def test_a_scan_that_was_ended_early_keeps_them(go):
    def stop(done):
        if done == 2:
            raise KeyboardInterrupt

    save(".csv")
    with pytest.raises(KeyboardInterrupt):
        go("t.csv", "out.csv", column="file", watch=stop)
    rows = go(["in", "in/gone.png"], "out.csv", resume=True)
    assert {row["who"] for row in rows} >= {"Ada"}


def test_all_photographs_of_a_folder_that_a_table_names_have_its_cells(go):
    save(".jsonl", [{"folder": "in", "year": 2024, "tags": ["a", {"b": 1}]}])
    rows = go("t.jsonl", "out.jsonl", column="folder")
    assert [row["year"] for row in rows] == [2024] * 2
    assert {row["tags"] for row in rows} == {'["a", {"b": 1}]'}


def test_results_can_be_scanned_again_by_another_model(go):
    first = go("in", "first.parquet")
    rows = go("first.parquet", "second.parquet", column="path", threshold=0.9)
    for row, former in zip(rows, first, strict=True):
        assert row["table_probability"] == former["probability"] == row["probability"]
        assert row["table_threshold"] == former["threshold"] != row["threshold"]


def test_values_of_two_kinds_in_one_column_are_text(go):
    save(".jsonl", [{**TABLE[0], "id": "x"}, *TABLE[1:]])
    rows = go("t.jsonl", "out.parquet", column="file")
    assert [row["id"] for row in rows] == ["x", "8", "9"]


def test_a_scan_without_a_table_has_its_own_columns_alone(go):
    assert list(go("in", "out.jsonl")[0]) == list(COLUMNS)


def test_photographs_in_a_table_of_parquet_are_not_read(tmp_path):
    import pyarrow.parquet

    rows = {"file": ["a.jpg"], "image": [b"x"], "parts": [{"a": 1}], "ok": [True]}
    pyarrow.parquet.write_table(pa.table(rows), tmp_path / "t.parquet")
    ((path, more),) = column_of(str(tmp_path / "t.parquet"), "file")
    assert (path, more) == ("a.jpg", {"ok": True})


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (["a", "label"], ["a", "table_label"]),
        (["label", "table_label"], ["table_table_label", "table_label"]),
        (["path_bytes"], ["table_path_bytes"]),
    ],
)
def test_a_name_that_results_have_gets_another(columns, names):
    assert list(carried_names(columns).values()) == names


@pytest.mark.parametrize(
    ("value", "held"),
    [
        (3, 3),
        (2**70, str(2**70)),
        (float("nan"), None),
        (True, True),
        (b"\xff", None),
        ("\ud800", "?"),
        ("caf\udce9", "caf\udce9"),
        (datetime.date(2024, 2, 1), "2024-02-01"),
        (decimal.Decimal("1.50"), "1.50"),
    ],
)
def test_cells_become_what_every_form_can_hold(value, held):
    assert plain(value) == held
