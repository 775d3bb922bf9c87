import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest

from blurdct.errors import ConfigError, ImageError
from blurdct.scan import archives, remote
from blurdct.scan.items import Item, open_photo
from blurdct.scan.sources import photographs
from tests.helpers import toys
from tests.helpers.image_files import encode

pytest.importorskip("fsspec")
pytest.importorskip("aiohttp")
pytestmark = pytest.mark.filterwarnings("error")

PHOTO = encode(toys.photo(0))
ENDLESS = 10_000_000  # bytes after which even a server without end gives up


class Server(BaseHTTPRequestHandler):
    """Answers what it was not asked for."""

    sent = 0

    def log_message(self, *_):
        pass

    def do_GET(self):
        name, _, rest = self.path[1:].partition("/")
        port = self.server.server_port
        if name == "to":  # /to/HOST/...
            host, _, path = rest.partition("/")
            host = f"{host}:{port}" if ":" not in host else host
            self.send_response(302)
            self.send_header("Location", f"http://{host}/{path}")
            self.end_headers()
            return
        if name.isdecimal():  # /403/...
            self.send_response(int(name))
            self.end_headers()
            return
        self.send_response(206 if name == "lies" else 200)
        if name == "page":
            self.answer(b"\n<!DOCTYPE html><p>a photo</p>")
        elif name == "packed":
            self.send_header("Content-Encoding", "gzip")
            self.answer(PHOTO)
        elif name == "photos.zip":
            archive = BytesIO()
            with zipfile.ZipFile(archive, "w") as made:
                made.writestr("a.jpg", PHOTO)
            self.answer(archive.getvalue())
        elif name == "photo":
            self.answer(PHOTO)
        else:
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            Server.sent = 0
            try:
                while Server.sent < ENDLESS:
                    Server.sent += self.wfile.write(bytes(50_000))
            except OSError:  # nobody listens any more
                pass

    def do_HEAD(self):
        self.do_GET()

    def answer(self, data):
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(remote, "LIMIT", 300_000)
    monkeypatch.setattr(archives, "LIMIT", 300_000)


@pytest.mark.parametrize("kind", ["endless", "lies"])
def test_the_limit_counts_what_a_server_really_sends(server, small, kind):
    with pytest.raises(ImageError, match=f"^{server}/{kind}/a.jpg: too large, over 300,000 bytes$"):
        open_photo(Item(f"{server}/{kind}/a.jpg"))
    assert Server.sent < ENDLESS


@pytest.mark.parametrize("name", ["a.jpg", "a.zip", "a.tar", "folder/"])
@pytest.mark.parametrize(
    ("status", "why"),
    [(401, "the server says 401 Unauthorized"), (403, "says 403 Forbidden"), (503, "says 503 ")],
)
def test_what_a_server_refuses_is_not_said_to_be_missing(server, status, why, name):
    url = f"{server}/{status}/{name}"
    (item,) = photographs([url])
    with pytest.raises(ImageError) as refused:
        open_photo(item)
    said = "searched" if name == "folder/" else "read"
    assert str(refused.value).startswith(f"{url}: cannot be {said} (") and why in str(refused.value)
    assert "url=" not in str(refused.value)


@pytest.mark.parametrize("name", ["a.jpg", "a.zip"])
def test_a_file_that_is_not_there_and_a_server_that_is_not_there_are_told_apart(server, name):
    places = {
        f"{server}/404": "no such file",
        "http://127.0.0.1:1": "cannot be read (nothing answers",
    }
    for place, why in places.items():
        (item,) = photographs([f"{place}/{name}"])
        with pytest.raises(ImageError) as refused:
            open_photo(item)
        assert str(refused.value).startswith(f"{place}/{name}: {why}")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nosuch://x/a.jpg", "cannot be reached (no such kind of URL is known)"),
        ("github://x", "says too little for a URL of its kind"),
    ],
)
def test_a_url_that_no_driver_takes_is_refused_in_plain_words(url, why):
    with pytest.raises(ConfigError) as refused:
        photographs([url])
    assert str(refused.value) == f"{url}: {why}"


@pytest.mark.parametrize("source", ["endless/", "lies/photos.zip", "endless/photos.zip"])
def test_neither_a_listing_nor_an_archive_is_read_without_end(server, small, source):
    (item,) = photographs([f"{server}/{source}"])
    assert item.error.startswith(f"{server}/{source}: ")
    assert Server.sent < ENDLESS


def test_a_server_may_lead_to_another_place_on_its_own_host(server):
    host = server.removeprefix("http://")
    assert open_photo(Item(f"{server}/to/{host}/photo/a.jpg")) == PHOTO


@pytest.mark.parametrize("place", ["localhost", "127.0.0.1:1", "169.254.169.254:80"])
def test_another_host_is_not_asked_unless_it_is_allowed(server, place):
    url = f"{server}/to/{place}/photo/a.jpg"
    host = place.rpartition(":")[0] if ":" in place else place
    with pytest.raises(ImageError) as caught:
        open_photo(Item(url))
    line = str(caught.value)
    assert line.startswith(f"{url}: leads to another host, http://{place}")
    assert line.endswith(f"--allow-host {host} follows it")


def test_a_host_that_is_allowed_is_followed(server, monkeypatch):
    monkeypatch.setenv(remote.ALLOWED, "cdn.example.org")
    remote.allow_hosts(["LOCALHOST"])
    assert open_photo(Item(f"{server}/to/localhost/photo/a.jpg")) == PHOTO
    with pytest.raises(ImageError, match="another host"):
        open_photo(Item(f"{server}/to/127.0.0.1:1/photo/a.jpg"))


def test_an_archive_behind_another_host_says_so(server, monkeypatch):
    url = f"{server}/to/localhost/photos.zip"
    (item,) = photographs([url])
    assert item.error.startswith(f"{url}: leads to another host, http://localhost:")
    monkeypatch.setenv(remote.ALLOWED, "localhost")
    (item,) = photographs([url])
    assert item.path == f"{url}::a.jpg" and open_photo(item) == PHOTO


@pytest.mark.parametrize(
    ("old", "new", "allowed", "follows"),
    [
        ("http://a.org/1", "https://a.org/2", "", True),
        ("https://a.org:8443/1", "https://a.org:8443/2", "", True),
        ("http://a.org/1", "http://a.org:6379/", "", False),
        ("http://a.org/1", "https://www.a.org/1", "", False),
        ("http://a.org/1", "ftp://a.org/1", "*", False),
        ("http://a.org/1", "https://x.amazonaws.com/1", "b.org, *.amazonaws.com", True),
        ("http://a.org/1", "https://amazonaws.com.evil.org/1", "*.amazonaws.com", False),
        ("http://a.org/1", "http://any.where.org/1", "*", True),
        ("http://a.org/1", "http://127.0.0.1/1", "*", False),
        ("http://a.org/1", "http://localhost/1", "*", False),
        ("http://a.org/1", "http://[::1]/1", "*", False),
        ("http://a.org/1", "http://10.0.0.1/1", "10.0.0.1", True),
    ],
)
def test_where_a_redirect_may_lead(monkeypatch, old, new, allowed, follows):
    from yarl import URL

    monkeypatch.setenv(remote.ALLOWED, allowed)
    assert remote._may_follow(URL(old), URL(new)) == follows


def test_a_page_is_no_photo_and_said_to_be_one(server):
    with pytest.raises(ImageError, match="/page/a.jpg: a web page, not a photo; name the URL of"):
        open_photo(Item(f"{server}/page/a.jpg"))


def test_packed_bytes_are_not_unpacked_on_the_way(server):
    assert open_photo(Item(f"{server}/packed/a.jpg")) == PHOTO
