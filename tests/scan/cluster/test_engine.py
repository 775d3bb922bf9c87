"""A scan on a cluster of two machines: the rows of a scan of one, whatever dies on the way."""

import io
import os
import shutil
import signal
import tarfile
import threading
import time
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

pytest.importorskip("ray", reason="Ray is not installed")

from blurdct import results
from blurdct.errors import BlurdctError, ConfigError
from blurdct.parallel.crew import DIED
from blurdct.scan.cluster.engine import scan_on_ray
from blurdct.scan.run import scan
from blurdct.utils.parts.folder import BEGUN, RECORD
from tests.helpers import toys
from tests.helpers.clusters import STORE, s3_server, storage_server, two_machines
from tests.helpers.commands import call
from tests.helpers.image_files import encode

pytestmark = [pytest.mark.ray, pytest.mark.slow]

BUCKET = "photographs"
DIFFERENT = 20  # pictures, which many names share


@pytest.fixture(scope="module")
def pictures():
    """Bytes of small JPEG files, sharp and blurred."""
    return [encode(toys.photo(seed, seed % 4), "JPEG", quality=90) for seed in range(DIFFERENT)]


@pytest.fixture(scope="module")
def s3():
    with s3_server(BUCKET) as address:
        yield address


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, s3):
    with two_machines(tmp_path_factory.mktemp("first")) as both:
        yield both


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "toy"
    toys.bundle().save(folder)
    return str(folder)


@pytest.fixture
def go(cluster, model, tmp_path, monkeypatch):
    """``scan_on_ray`` with the toy model, into a folder beside; its summary and rows."""
    monkeypatch.chdir(tmp_path)

    def scan_with(sources, out="out", **options):
        summary = scan_on_ray(sources, out, **{"model": model, **options})
        return summary, list(results.read(out))

    return scan_with


@pytest.fixture
def locally(model):
    """Rows of a scan of one machine."""

    def scan_with(sources, **options):
        scan(sources, "local.parquet", model=model, workers=2, force=True, **options)
        return list(results.read("local.parquet"))

    return scan_with


def save(folder, count, pictures, name="photo"):
    folder = Path(folder)
    folder.mkdir()
    for number in range(count):
        data = pictures[number % len(pictures)]
        if number % 100 == 57:  # 1 %
            data = [b"", b"no picture", data[: len(data) // 2]][number // 100 % 3]
        (folder / f"{name}{number:05}.jpg").write_bytes(data)
    return folder


def test_rows_are_those_of_a_scan_of_one_machine(go, locally, pictures):
    save("in", 2000, pictures)
    with zipfile.ZipFile("some.zip", "w") as archive:
        for number in range(600):
            archive.writestr(f"{number}.jpg", pictures[number % DIFFERENT])
    Path("table.csv").write_text(
        "file,shelf\n" + "".join(f"in/photo{number:05}.jpg,{number % 7}\n" for number in range(300))
    )
    sources = ["table.csv", "in", "some.zip", "nowhere*.jpg", "in/photo00003.jpg"]
    Path("in", "part").mkdir()
    save("in/more", 400, pictures)
    summary, rows = go(sources, column="file")
    assert rows == locally(sources, column="file")
    assert len(rows) == 3001 and summary.labels["unreadable"] == 25
    assert summary.photos == sum(summary.labels.values()) == 3001
    assert rows[4]["shelf"] == "4" and rows[-1]["shelf"] is None
    assert {Path("out", name).suffix for name in os.listdir("out")} == {".parquet", ".json"}
    listed = call("filter", "out", "--label", "error", "-0")
    assert listed.out.count("\0") == 25
    page = call("report", "out", "--out", "page.html", "--no-maps")
    assert page.status == 0 and "3,001 photos" in page.out


def test_what_a_photo_kills_or_holds_up_costs_one_row(go, pictures):
    save("in", 40, pictures)
    shutil.copy("in/photo00001.jpg", "in/photo00007_deadly.jpg")
    shutil.copy("in/photo00001.jpg", "in/photo00009_endless.jpg")
    _, rows = go("in", timeout=4)
    errors = {row["path"]: row["error"] for row in rows if row["error"]}
    assert errors == {
        "in/photo00007_deadly.jpg": DIED,
        "in/photo00009_endless.jpg": "took longer than 4 seconds",
    }
    assert len(rows) == 42


def test_a_scan_that_was_ended_goes_on_and_another_one_is_refused(go, locally, model, pictures):
    save("in", 1200, pictures)

    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go("in", watch=stop)
    made = {path.name: path.stat().st_mtime_ns for path in Path("out").glob("*.parquet")}
    assert 0 < len(made) < 5 and Path("out", BEGUN).exists()
    with pytest.raises(ConfigError, match="unfinished; the scan that wrote it goes on"):
        list(results.read("out"))
    with pytest.raises(ConfigError, match="out: unfinished; --resume goes on with it"):
        go("in")
    for other, why in [
        ({"size": 32}, "size 128, not 32; --force begins anew"),
        ({"model": "fast"}, "made with model .*toy, not dct-xgb"),
        ({"exclude": ["x*"]}, r"exclude \[\], not \['x\*'\]"),
    ]:
        with pytest.raises(ConfigError, match=why):
            go("in", resume=True, **other)
    with pytest.raises(ConfigError, match="sources .* not"):
        go(["in", "in/more"], resume=True)
    summary, rows = go("in", resume=True)
    assert rows == locally("in")
    assert summary.kept == sum(pq.read_metadata(Path("out", name)).num_rows for name in made)
    after = {path.name: path.stat().st_mtime_ns for path in Path("out").glob("*.parquet")}
    assert made.items() <= after.items() and not Path("out", BEGUN).exists()
    # of a complete one: what is new, and what could not be read
    Path("in/photo00057.jpg").write_bytes(pictures[0])
    Path("in/photo01300.jpg").write_bytes(pictures[1])
    summary, rows = go("in", resume=True)
    assert rows == locally("in") and len(rows) == 1201
    assert len(list(Path("out").glob("*.parquet"))) == 5
    shutil.rmtree("in")
    Path("in").mkdir()
    with pytest.raises(BlurdctError, match="in: is empty or cannot be searched now"):
        go("in", resume=True)
    assert len(list(Path("out").glob("*.parquet"))) == 5


def test_object_storage_is_source_and_target(go, pictures):
    import fsspec

    store = fsspec.filesystem("s3")
    for number in range(30):
        store.pipe_file(f"{BUCKET}/in/{number:02}.jpg", pictures[number % DIFFERENT])
    store.pipe_file(f"{BUCKET}/in/30.jpg", b"no picture")
    target = f"s3://{BUCKET}/out"
    _, rows = go(f"s3://{BUCKET}/in", target)
    assert [row["path"] for row in rows] == [
        f"s3://{BUCKET}/in/{number:02}.jpg" for number in range(31)
    ]
    assert [bool(row["error"]) for row in rows] == [False] * 30 + [True]
    again, same = go(f"s3://{BUCKET}/in", target, resume=True)
    assert same == rows and again.kept == 30  # what could not be read is tried again
    with pytest.raises(ConfigError, match="exists; --resume"):
        go(f"s3://{BUCKET}/in", target)
    assert [row["probability"] for row in rows[20:30]] == [row["probability"] for row in rows[:10]]


def test_the_object_store_is_bounded_where_bytes_must_come_along(go, pictures):
    count, size = 800, STORE // 80
    with tarfile.open("large.tar.gz", "w:gz", compresslevel=1) as archive:
        for number in range(count):  # ten times what a store holds; what follows a JPEG is nothing
            data = pictures[number % DIFFERENT].ljust(size, b"\0")
            member = tarfile.TarInfo(f"{number:03}.jpg")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    with watched_stores() as most:
        summary, _ = go("large.tar.gz")
    assert summary.photos == count and not summary.labels["unreadable"]
    assert 0 < most["held"] <= 2 * STORE  # of the two, and of what they put aside on disk


@contextmanager
def watched_stores():
    """The most that object stores held at one time, bytes, while the context lasts."""
    import ray

    most, over = {"held": 0}, threading.Event()
    session = Path("/tmp/ray/session_latest")

    def watch():
        while not over.wait(0.1):
            held = 2 * STORE - int(ray.available_resources().get("object_store_memory", 0))
            for path in session.glob("ray_spilled_objects_*/*"):
                with suppress(FileNotFoundError):
                    held += path.stat().st_size
            most["held"] = max(most["held"], held)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()
        print(most)


def test_the_memory_of_the_driver_stays_flat(go):
    count = 30_000
    Path("list.txt").write_text("".join(f"gone/{number}.jpg\n" for number in range(count)))
    resident = []

    def watch(done):
        resident.append((done, int(Path("/proc/self/statm").read_text().split()[1]) * 4096))

    summary, _ = go("@list.txt", watch=watch)
    assert summary.labels["unreadable"] == count
    early = next(size for done, size in resident if done > count / 5)
    assert resident[-1][1] - early < 20e6


def test_two_machines_work_on_one_study(cluster, tmp_path):
    """Through a storage server, as machines do that share no disk."""
    pytest.importorskip("grpc", reason="gRPC is not installed")
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    with storage_server(tmp_path) as address:
        nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
        task = ray.remote(num_cpus=0)(try_twice)
        asked = [
            task.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False))
            for node in nodes
        ]
        tried = ray.get([one.remote(address) for one in asked])
        assert len(nodes) == len({node for node, _ in tried}) == 2
        assert sorted(number for _, numbers in tried for number in numbers) == [0, 1, 2, 3]


def try_twice(address):
    """Where this runs, and the numbers of the trials that were begun there."""
    import ray

    from blurdct.training.study import open_study

    study = open_study(address, "shared", 0)
    numbers = []
    for _ in range(2):
        trial = study.ask()
        numbers.append(trial.number)
        study.tell(trial, trial.suggest_float("x", 0, 1))
    return ray.get_runtime_context().get_node_id(), numbers


def test_a_source_or_a_folder_that_a_machine_does_not_see_is_refused(go, pictures):
    with pytest.raises(ConfigError, match=r"gone/a.jpg: machine .* does not see it; put it on"):
        go("gone/a.jpg")
    assert not Path("out", RECORD).exists() and not Path("out").exists()


def test_a_worker_and_then_a_machine_that_die_cost_nothing(go, cluster, locally, pictures):
    save("in", 1500, pictures, "slow")
    done_to = []

    def watch(done):
        if not done_to:
            done_to.append("worker")
            os.kill(judging_processes()[0], signal.SIGKILL)
        elif done > 500 and len(done_to) == 1:
            done_to.append("machine")
            cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)

    begun = time.monotonic()
    summary, rows = go("in", watch=watch)
    assert done_to == ["worker", "machine"]
    paths = [row["path"] for row in rows]
    assert paths == sorted(set(paths)) and len(paths) == 1500 == summary.photos
    assert rows == locally("in")
    assert time.monotonic() - begun < 90


def judging_processes():
    """Ray's workers that judge, by their titles."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"ray::MapWorker" in title or b"ray::MapBatches(Judge)" in title:
            found.append(int(folder.name))
    return found
