"""What is opened as a clip, and that nothing beside it is."""

import ctypes
import os
import socket
import struct
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from blurdct.errors import ImageError, ModelError
from blurdct.video.clip import Clip
from blurdct.video.container import FORMATS
from tests.helpers.clips import SIZE, encoded, film, scene

SDP = """v=0
o=- 0 0 IN IP4 127.0.0.1
s=x
c=IN IP4 127.0.0.1
t=0 0
m=video 5004 RTP/AVP 96
a=rtpmap:96 H264/90000
"""
# Texts that make FFmpeg open something else; of each also behind a line or a blank, where what
# looks at the first bytes does not see it.
LISTS = {
    "SDP": SDP,
    "SDP with a first line": f"a=x\n{SDP}",
    "SDP in a comment": f"#\n\n{SDP}",
    "concat": "ffconcat version 1.0\nfile other.mp4\n",
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nother.mp4\n#EXT-X-ENDLIST\n",
    "HLS by network": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://127.0.0.1:{port}/a.ts\n",
    "M3U": "other.mp4\nhttp://127.0.0.1:{port}/a.ts\n",
    "PLS": "[playlist]\nFile1=http://127.0.0.1:{port}/a.mp3\nNumberOfEntries=1\n",
    "DASH": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period>'
    '<AdaptationSet><Representation id="1" mimeType="video/mp4"><BaseURL>http://127.0.0.1:{port}/'
    '</BaseURL><SegmentList><SegmentURL media="other.mp4"/></SegmentList></Representation>'
    "</AdaptationSet></Period></MPD>",
    "DASH without a head": '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="isoff-live:2011">'
    "<Period><BaseURL>http://127.0.0.1:{port}/</BaseURL></Period></MPD>",
    "XSPF": '<?xml version="1.0"?><playlist xmlns="http://xspf.org/ns/0/"><trackList><track>'
    "<location>other.mp4</location></track></trackList></playlist>",
    "ASX": '<asx version="3.0"><entry><ref href="http://127.0.0.1:{port}/a.wmv"/></entry></asx>',
    "ASF reference": "[Reference]\nRef1=http://127.0.0.1:{port}/a.asf\n",
    "NSC": "[Address]\nName=x\nMulticast Adapter=\nIP Address=127.0.0.1\nIP Port=5004\n",
    "IMF": '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/'
    '2016"><Id>urn:uuid:0</Id></CompositionPlaylist>',
    "subtitles": "1\n00:00:00,000 --> 00:00:01,000\nother.mp4\n",
    "VobSub": "# VobSub index file, v7 (do not modify this line!)\nid: en, index: 0\n",
}


class Watch:
    """Names that are opened in a folder while it stands, told by Linux."""

    def __init__(self, folder: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._queue = self._libc.inotify_init1(os.O_NONBLOCK)
        assert self._libc.inotify_add_watch(self._queue, os.fsencode(folder), 0x20) >= 0  # IN_OPEN

    def opened(self) -> set[str]:
        data = b""
        try:
            while more := os.read(self._queue, 65536):
                data += more
        except BlockingIOError:
            pass
        os.close(self._queue)
        names, at = set(), 0
        while at < len(data):
            size = struct.unpack_from("iIII", data, at)[3]
            names.add(data[at + 16 : at + 16 + size].rstrip(b"\0").decode())
            at += 16 + size
        return names


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what is opened")
@pytest.mark.parametrize("ending", ["avi", "mp4", "sdp"])
@pytest.mark.parametrize("kind", LISTS)
def test_a_text_that_names_files_or_addresses_opens_none_of_them(
    tmp_path, monkeypatch, kind, ending
):
    monkeypatch.chdir(tmp_path)
    film(tmp_path / "other.mp4", 2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.01)
        text = LISTS[kind].replace("{port}", str(server.getsockname()[1]))
        Path(f"clip.{ending}").write_text(text)
        watch = Watch(tmp_path)
        with pytest.raises(ImageError) as error:
            list(Clip(f"clip.{ending}").frames())
        assert watch.opened() == {f"clip.{ending}"}
        with pytest.raises(TimeoutError):
            server.accept()
    assert str(error.value).startswith(f"clip.{ending}: ")


SOCKETS = """
import os, sys, threading
from blurdct.errors import ImageError
from blurdct.video import container
from blurdct.video.clip import Clip
found, done = set(), threading.Event()
def look():
    while not done.is_set():
        for name in os.listdir("/proc/self/fd"):
            try:
                found.add(os.readlink(f"/proc/self/fd/{name}"))
            except OSError:
                pass
threading.Thread(target=look, daemon=True).start()
container._something_else = lambda path, head: ""  # so that FFmpeg itself is asked
try:
    Clip(sys.argv[1])
except ImageError as error:
    print(error)
done.set()
print(any("socket" in name for name in found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what is opened")
def test_a_description_of_a_broadcast_opens_no_socket(tmp_path):
    (tmp_path / "clip.avi").write_text(SDP)
    done = subprocess.run(
        [sys.executable, "-c", SOCKETS, str(tmp_path / "clip.avi")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=30,
    )
    line, sockets = done.stdout.splitlines()
    assert line.endswith("clip.avi: no video, damaged, or of a format that is not read")
    assert sockets == "False"


def test_a_track_that_lies_in_another_file_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = film(tmp_path / "other.mp4", 3).read_bytes()
    # An entry that says "in this file" becomes one that names another (ISO/IEC 14496-12, 8.7.2).
    assert data.count(b"url \0\0\0\1") == 1
    Path("clip.mov").write_bytes(data.replace(b"url \0\0\0\1", b"url \0\0\0\0"))
    watch = Watch(tmp_path)
    list(Clip("clip.mov").frames())
    assert watch.opened() == {"clip.mov"}


def test_every_format_that_is_allowed_is_one_of_the_library():
    known = {name for whole in av.formats_available for name in whole.split(",")}
    assert set(FORMATS) <= known
    lists = {"hls", "dash", "concat", "sdp", "rtsp", "imf", "image2", "vobsub", "applehttp"}
    assert not lists & set(FORMATS)


# What is no clip


def put(folder: Path, kind: str) -> Path:
    picture, path = scene(1), folder / f"{kind}"
    if kind == "folder":
        path.mkdir()
    elif kind == "clips.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("clip.mp4", "x")
    elif kind.endswith((".jpg", ".png", ".tif", ".webp", ".bmp", ".ppm", ".jp2", ".avif")):
        assert cv2.imwrite(str(path), picture)
    elif kind == "photo.mp4":
        path.write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    elif kind == "words.avi":
        path.write_text("words\n" * 99)
    elif kind == "pipe.avi":
        os.mkfifo(path)
    elif kind == "endless.avi":
        path.symlink_to("/dev/zero")
    elif kind == "noise.mp4":
        path.write_bytes(np.random.default_rng(0).bytes(50_000))
    elif kind == "holes.mp4":  # 3 GB, of which nothing is on the disk
        with open(path, "wb") as file:
            file.truncate(3 * 2**30)
    return path


PHOTO = "a photo, not a clip; judge it by: blurdct predict "


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        *((f"a.{ending}", PHOTO) for ending in "jpg png tif webp bmp ppm jp2 avif".split()),
        ("photo.mp4", PHOTO),
        ("folder", "a folder; name a clip in it, or judge its photographs by: blurdct predict "),
        ("clips.zip", "an archive; unpack its clips, or judge its photographs by: blurdct predict"),
        ("words.avi", "no video"),
        ("noise.mp4", "no video"),
        ("holes.mp4", "no video"),
        ("missing.mp4", "no such file"),
        pytest.param(
            *("pipe.avi", "not a regular file"),
            marks=pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes"),
        ),
        pytest.param(
            *("endless.avi", "not a regular file"),
            marks=pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices"),
        ),
    ],
)
def test_what_is_no_clip_is_told_and_the_command_that_takes_it_is_named(tmp_path, kind, words):
    path = put(tmp_path, kind)
    with pytest.raises(ImageError) as error:
        Clip(path)
    assert str(error.value).startswith(f"{path}: {words}")
    assert "\n" not in str(error.value)


def test_an_address_is_told_to_be_no_file():
    with pytest.raises(ImageError, match="https://a.example/clip.mp4: clips are read from files"):
        Clip("https://a.example/clip.mp4")


def test_sound_alone_and_its_cover_are_no_video(tmp_path):
    path = tmp_path / "song.mka"
    with av.open(str(path), "w", format="matroska") as out:
        sound = out.add_stream("pcm_s16le", rate=8000)
        sound.layout = "mono"
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        silence.sample_rate = 8000
        out.mux(sound.encode(silence))
    with pytest.raises(ImageError, match="no video in it, only audio"):
        Clip(path)


def test_frames_of_too_many_pixels_are_refused_before_they_are_decoded(tmp_path):
    for name, codec, pixels in (("a.avi", "mjpeg", "yuvj420p"), ("b.mp4", "mpeg4", "yuv420p")):
        path = encoded(tmp_path / name, [scene(1)] * 2, codec, pixels)
        with pytest.raises(ImageError, match=r"over 9,999 pixels"):
            list(Clip(path, max_pixels=9_999).frames())
        assert len(list(Clip(path, max_pixels=SIZE[0] * SIZE[1]).frames())) == 2
    large = encoded(tmp_path / "large.mp4", [scene(1, (640, 480))] * 2, "mpeg4", "yuv420p")
    with pytest.raises(ImageError, match=r"over 9,999 pixels"):  # by FFmpeg
        list(Clip(large, max_pixels=9_999).frames())
    with pytest.raises(ImageError, match=r"frames too large, 3\d\dx96 is over 12,288 pixels"):
        wide = encoded(tmp_path / "wide.mp4", [scene(1)], "mpeg4", "yuv420p", (3, 1))
        list(Clip(wide, max_pixels=SIZE[0] * SIZE[1]).frames())


def test_clips_can_be_read_by_several_threads(tmp_path):
    path, sums = film(tmp_path / "clip.mp4", 10), []

    def read() -> None:
        sums.append([int(one.pixels.sum(dtype=int)) for one in Clip(path).frames()])

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sums) == 4 and all(one == sums[0] for one in sums)


def test_without_the_library_it_is_told_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ModelError, match=r"pip install .*\[video\]"):
        Clip(tmp_path / "clip.mp4")
