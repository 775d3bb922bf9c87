"""Which files go along with a photo, and which stay with another one."""

import os
from pathlib import Path

import pytest

from blurdct.curate import sidecars
from blurdct.curate.actions import carry, tag
from blurdct.curate.journal import ENDING, Journal
from blurdct.curate.sidecars import ENDINGS, Sidecars, renamed
from blurdct.curate.undo import undo_journal
from tests.helpers import tagged_files

LONG = "a_photo_with_a_name_of_more_than_46_characters.jpg"


@pytest.fixture
def make(tmp_path):
    """A folder with files of these names; each holds its name."""

    def files(*names: str) -> Path:
        folder = tmp_path / f"photos{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for name in names:
            (folder / name).write_text(name)
        return folder

    return files


def own(folder: Path, photo: str, moved: bool = True) -> list[str]:
    found, _ = Sidecars().of(str(folder / photo), moved)
    return sorted(os.path.basename(path) for path in found)


@pytest.mark.parametrize("ending", [*ENDINGS, *(one.upper() for one in ENDINGS)])
def test_every_ending_is_known_behind_the_whole_name_and_in_place_of_the_ending(make, ending):
    names = [f"IMG{ending}", f"IMG.JPG{ending}"]
    folder = make("IMG.JPG", *names, f"IMG2{ending}", f"IMG_E{ending}", "IMG.txt")
    assert own(folder, "IMG.JPG") == sorted(names)


@pytest.mark.parametrize(
    ("photo", "sidecar"),
    [
        ("IMG.JPG", "IMG.JPG.supplemental-metadata.json"),
        ("IMG.JPG", "IMG.JPG.supplemental-me.json"),
        ("IMG.JPG", "IMG.JPG.suppl.json"),
        ("IMG.JPG", "IMG.JPG.s.json"),
        ("IMG.JPG", "IMG.JPG..json"),
        ("IMG(1).JPG", "IMG.JPG(1).json"),
        ("IMG(12).JPG", "IMG.JPG.supplemental-metadata(12).json"),
        ("IMG(1).JPG", "IMG.JPG.supp(1).json"),
        (LONG, f"{LONG[:46]}.json"),
        ("PXL.MP.jpg", "PXL.MP"),
        ("IMG.CR2", "IMG_01.CR2.xmp"),
        ("IMG.jpg", "IMG.JPG.xmp"),
    ],
)
def test_other_namings_of_google_phones_and_darktable_are_known(make, photo, sidecar):
    folder = make(photo, sidecar, "x.jpg", "IMG.JPG.other.json")
    assert own(folder, photo) == [sidecar] and own(folder, "x.jpg") == []


def test_what_is_of_another_photo_stays(make):
    folder = make("IMG.JPG", "IMG(1).JPG", "IMG.JPG(1).json", "IMG_01.JPG", "IMG_01.JPG.xmp")
    assert own(folder, "IMG.JPG") == []
    assert own(folder, "IMG_01.JPG") == ["IMG_01.JPG.xmp"]
    folder = make("IMG.jpg", "IMG.jpg.png", "IMG.jpg.xmp", "IMG.jpg.png.xmp")
    assert own(folder, "IMG.jpg") == ["IMG.jpg.xmp"]
    assert own(folder, "IMG.jpg.png") == ["IMG.jpg.png.xmp"]


def test_raw_and_jpeg_are_two_photos_and_edits_are_of_the_raw(make):
    folder = make("IMG.JPG", "IMG.CR2", "IMG.xmp", "IMG.JPG.xmp", "IMG.CR2.dop", "IMG.pp3")
    assert own(folder, "IMG.JPG") == ["IMG.JPG.xmp"]
    assert own(folder, "IMG.CR2") == ["IMG.CR2.dop", "IMG.pp3", "IMG.xmp"]


def test_heic_and_jpeg_are_two_photos_and_the_clip_and_apples_edits_are_of_the_heic(make):
    folder = make("IMG.HEIC", "IMG.JPG", "IMG.MOV", "IMG.AAE")
    assert own(folder, "IMG.HEIC") == ["IMG.AAE", "IMG.MOV"] and own(folder, "IMG.JPG") == []


def test_a_film_is_no_clip_of_its_poster(make, monkeypatch):
    monkeypatch.setattr(sidecars, "CLIP", 100)
    folder = make("film.jpg", "film.mp4")
    assert own(folder, "film.jpg") == ["film.mp4"]
    (folder / "film.mp4").write_bytes(bytes(101))
    assert own(folder, "film.jpg") == []


def moved(folder: Path, names: list[str], to: Path, action: str, dry: bool = False):
    rows = [{"path": str(folder / name)} for name in names]
    if dry:
        return list(carry(rows, action, to, None, None))
    to.mkdir()
    with Journal(to, action) as journal:
        return list(carry(rows, action, to, None, journal))


def content(folder: Path) -> dict[str, str]:
    files = {path.name: path for path in folder.iterdir() if not path.name.endswith(ENDING)}
    return {name: path.read_text() for name, path in sorted(files.items())}


@pytest.mark.parametrize("order", [["IMG.HEIC", "IMG.JPG"], ["IMG.JPG", "IMG.HEIC"]])
def test_what_two_photos_share_moves_with_the_last_and_comes_back(make, tmp_path, order):
    folder = make("IMG.HEIC", "IMG.JPG", "IMG.xmp", "IMG.WAV", "IMG.MOV")
    before = content(folder)
    first = moved(folder, order[:1], tmp_path / "one", "move")
    assert "stays with" in first[0].remark and (folder / "IMG.xmp").exists()
    list(undo_journal(next((tmp_path / "one").glob(f"*{ENDING}"))))
    assert content(folder) == before
    said = moved(folder, order, tmp_path / "two", "move", dry=True)
    assert moved(folder, order, tmp_path / "two", "move") == said
    assert content(tmp_path / "two") == before and not content(folder)
    list(undo_journal(next((tmp_path / "two").glob(f"*{ENDING}"))))
    assert content(folder) == before


def test_what_two_photos_share_is_copied_once_and_their_names_stay(make, tmp_path):
    folder = make("IMG.HEIC", "IMG.JPG", "IMG.xmp")
    steps = moved(folder, ["IMG.HEIC", "IMG.JPG"], tmp_path / "out", "copy")
    assert [step.sidecars for step in steps] == [1, 0]
    assert content(tmp_path / "out") == content(folder)


def test_all_sidecars_move_with_their_photo_get_its_new_name_and_come_back(make, tmp_path):
    names = ["a.jpg", "a.jpg.xmp", "a.AAE", "a.mov", "a.jpg.suppl.json", "a_01.jpg.xmp"]
    folder = make(*names)
    before = content(folder)
    to = tmp_path / "out"
    to.mkdir()
    (to / "a.mov").write_text("of another photo")
    with Journal(to, "move") as journal:
        (step,) = carry([{"path": str(folder / "a.jpg")}], "move", to, None, journal)
    assert step.sidecars == 5 and not content(folder)
    assert set(content(to)) == {"a.mov"} | {
        "a_1.jpg", "a_1.jpg.xmp", "a_1.AAE", "a_1.mov", "a_1.jpg.suppl.json", "a_1_01.jpg.xmp",
    }  # fmt: skip
    assert not [step.problem for step in undo_journal(journal.path) if step.problem]
    assert content(folder) == before and content(to) == {"a.mov": "of another photo"}


def test_where_tags_go(make):
    def names(photo: str, *files: str) -> list[str]:
        found, common = Sidecars().to_write(str(make(photo, *files) / photo))
        return [os.path.basename(path) for path in (*found, *([common] if common else []))]

    assert names("p.jpg") == ["p.jpg.xmp"] and names("p.CR2") == ["p.xmp"]
    assert names("p.jpg", "p.xmp") == ["p.xmp"]
    assert names("p.jpg", "p.xmp", "p.CR2") == ["p.jpg.xmp"]
    assert names("p.CR2", "p.xmp", "p.jpg", "p.CR2.xmp") == ["p.CR2.xmp", "p.xmp"]
    assert names("p.jpg", "p.xmp", "p.heic") == ["p.jpg.xmp", "p.xmp"]
    assert names("p.CR2", "p.dng") == ["p.CR2.xmp"]


def test_a_photo_that_shares_a_sidecar_is_tagged_in_one_of_its_own_that_begins_with_it(
    make, tmp_path
):
    folder = make("p.jpg", "p.heic")
    (folder / "p.xmp").write_bytes(tagged_files.PACKET)
    with Journal(tmp_path, "tag") as journal:
        list(tag([{"path": str(folder / "p.jpg")}], "blurred", 1, journal))
    assert (folder / "p.xmp").read_bytes() == tagged_files.PACKET
    text = (folder / "p.jpg.xmp").read_text()
    assert "mine" in text and "blurred" in text and 'Rating="4"' in text


def test_a_sidecar_is_renamed_with_its_photo():
    assert renamed("in/p.jpg.xmp", "in/p.jpg", "out/p_1.jpg") == "out/p_1.jpg.xmp"
    assert renamed("in/p.XMP", "in/p.jpg", "out/p_1.jpg") == "out/p_1.XMP"
    assert renamed("in/p_02.jpg.xmp", "in/p.jpg", "out/p_1.jpg") == "out/p_1_02.jpg.xmp"
    assert renamed("in/p.jpg(1).json", "in/p(1).jpg", "out/p(1)_1.jpg") == "out/p(1)_1.jpg.json"
    assert renamed("in/p.jpg(1).json", "in/p(1).jpg", "out/p(1).jpg") == "out/p.jpg(1).json"


def test_every_ending_stands_in_the_guide():
    guide = Path(__file__).parents[2] / "docs" / "guides" / "collections.md"
    text = guide.read_text(encoding="utf-8")
    assert [ending for ending in ENDINGS if f"`{ending}`" not in text] == []
