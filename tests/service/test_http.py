"""The service over HTTP: what it answers, what it refuses, and that it never breaks down."""

import asyncio
import io
import json
import logging
import re
import tempfile
import time

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, strategies as st
from PIL import Image

from blurdct.images.reader import read_luma
from blurdct.inference.bundle import load
from blurdct.inference.detector import Detector
from blurdct.inference.heatmap import draw
from blurdct.service.engine import Busy, Engine
from blurdct.service.http.app import create
from blurdct.service.http.uploads import BodyError, GoneError, Held, photographs
from blurdct.service.logs import LOGGER, JsonLines
from blurdct.service.settings import Settings
from blurdct.service.verdicts import FIELDS
from tests.helpers.services import FEW, Stuck, jpeg, measuring

RAW = {"content-type": "image/jpeg"}
FORM = {"content-type": "multipart/form-data; boundary=X"}
FLAT = cv2.imencode(".png", np.full((64, 64), 99, np.uint8))[1].tobytes()


@pytest.fixture(scope="module")
def client():
    with TestClient(create(FEW)) as made:
        yield made


def served(engine: Engine | None = None, **settings) -> TestClient:
    given = Settings(models=("dct-xgb",), **settings)
    return TestClient(create(given, engine or Engine(given)))


def form(*parts: tuple[str, bytes]) -> list:
    return [("files", part) for part in parts]


def test_many_photographs_are_judged_in_their_order(client):
    parts = form(("a.jpg", jpeg(0)), ("ä\u2028.txt", b"no photo"), ("c.jpg", jpeg(1, 3)))
    answer = client.post("/v1/predict", files=parts)
    assert answer.status_code == 200 and answer.json()["model"] == "dct-fusion"
    results = answer.json()["results"]
    assert [one["name"] for one in results] == ["a.jpg", "ä\u2028.txt", "c.jpg"]
    assert [one["error"] for one in results] == ["", "not an image, or of an unknown format", ""]
    verdict = Detector.load().predict(jpeg(1, 3))
    for field in ("probability", "score", "label", "sure", "threshold", "sharp_fraction"):
        assert results[2][field] == getattr(verdict, field)
    assert set(results[2]) == {*FIELDS, "error"}
    assert results[1]["sure"] is results[1]["threshold"] is results[1]["score"] is None


def test_evidence_and_blur_are_told_in_answers_and_in_the_headers_of_a_map(tmp_path):
    settings = measuring(tmp_path / "toy")
    detector = Detector.load(tmp_path / "toy")
    with TestClient(create(settings)) as asked:
        for data in (jpeg(0), jpeg(1, 3)):
            verdict = detector.predict(data)
            (found,) = asked.post("/v1/predict", content=data).json()["results"]
            assert (found["evidence"], found["blur"]) == (verdict.evidence, verdict.blur)
            headers = asked.post("/v1/map", content=data, headers=RAW).headers
            assert float(headers["x-blurdct-evidence"]) == verdict.evidence > 0
            assert float(headers["x-blurdct-blur"]) == verdict.blur > 1
            kinds = (verdict.kind, verdict.kind_probability)
            assert (found["kind"], found["kind_probability"]) == kinds
            assert headers["x-blurdct-kind"] == (verdict.kind or "")
            assert headers["x-blurdct-kind-probability"] == str(kinds[1] or "")
        assert verdict.kind and verdict.label == "blurred"
        (found,) = asked.post("/v1/predict", content=FLAT).json()["results"]
        assert (found["evidence"], found["blur"]) == (0.0, None)
        headers = asked.post("/v1/map", content=FLAT, headers=RAW).headers
        assert (headers["x-blurdct-evidence"], headers["x-blurdct-blur"]) == ("0.0", "")
        answer = asked.post("/v1/predict", content=b"no photo").json()["results"][0]
        assert answer["evidence"] is answer["blur"] is answer["kind"] is None
        described = asked.get("/openapi.json").json()
    fields = described["components"]["schemas"]["Result"]["properties"]
    assert {"evidence", "blur", "kind", "kind_probability"} < fields.keys()


def test_a_body_may_be_the_photo_itself(client):
    answer = client.post("/v1/predict?name=a.jpg", content=jpeg(), headers=RAW)
    assert answer.json()["results"][0]["name"] == "a.jpg"
    plain = client.post("/v1/predict", content=jpeg())
    assert plain.json()["results"][0]["name"] == "photo"
    assert plain.json()["results"][0]["score"] == answer.json()["results"][0]["score"]


def test_model_and_threshold_are_chosen_by_the_request(client):
    best = client.post("/v1/predict?model=best", content=jpeg()).json()
    assert best["model"] == "dct-fusion" and best["results"][0]["sharp_fraction"] is not None
    fast = client.post("/v1/predict?model=fast", content=jpeg()).json()
    assert fast["model"] == "dct-xgb" and fast["results"][0]["sharp_fraction"] is None
    strict = client.post("/v1/predict?threshold=0", content=jpeg()).json()["results"][0]
    assert (strict["label"], strict["threshold"]) == ("blurred", 0)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (RAW, jpeg()),
        (RAW, b""),
        (RAW, b"no photo"),
        (FORM, b"--X\r\n"),
        ({"content-type": "multipart/form-data"}, b"x"),
        (RAW, bytes(40_000_000)),
    ],
)
def test_with_parameters_or_without_the_answer_is_the_same(client, headers, body):
    without, beside = (
        client.post(path, content=body, headers={**headers, "x-request-id": "a"})
        for path in ("/v1/predict", "/v1/predict?name=photo")
    )
    assert (without.status_code, without.json()) == (beside.status_code, beside.json())
    assert without.headers == beside.headers


def test_if_no_photo_can_be_read_the_status_says_so_and_the_reason_stands_there(client):
    answer = client.post("/v1/predict", files=form(("a\n.txt", b"x"), ("b", b"y")))
    assert answer.status_code == 422
    assert [one["error"] for one in answer.json()["results"]] == [
        "not an image, or of an unknown format"
    ] * 2
    assert "not an image" in answer.json()["detail"] and "\n" not in answer.json()["detail"]
    answer = client.post("/v1/map", content=jpeg()[:300], headers=RAW)
    assert answer.status_code == 422 and "photo: " in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "sent", "why"),
    [
        (
            "/v1/predict?model=x",
            {"content": jpeg()},
            "unknown model 'x'; known: dct-fusion, dct-xgb",
        ),
        ("/v1/predict?model=../../etc", {"content": jpeg()}, "unknown model"),
        ("/v1/predict?threshold=80", {"content": jpeg()}, "got 80; did you mean 0.80?"),
        ("/v1/map?threshold=80", {"content": jpeg()}, "got 80; did you mean 0.80?"),
        ("/v1/predict?threshold=101", {"content": jpeg()}, "from 0 to 1, got 101"),
        ("/v1/predict?threshold=-0.1", {"content": jpeg()}, "from 0 to 1, got -0.1"),
        ("/v1/predict?threshold=nan", {"content": jpeg()}, "threshold"),
        ("/v1/predict?threshold=much", {"content": jpeg()}, "expected a number, got 'much'"),
        ("/v1/predict", {}, "no photo"),
        ("/v1/predict", {"content": b"", "headers": FORM}, "it has no end"),
        ("/v1/predict", {"content": b"--X--", "headers": FORM}, "has no file"),
        ("/v1/predict", {"content": b"junk", "headers": FORM}, "do not follow its boundary"),
        ("/v1/predict", {"headers": {"content-type": "multipart/form-data"}}, "boundary"),
        ("/v1/predict", {"data": {"files": "a"}, "files": {"x": ("", b"")}}, None),
        ("/v1/predict", {"files": form(*[("a", b"x")] * 65)}, "more than 64"),
        ("/v1/map", {"files": form(("a", jpeg()), ("b", jpeg()))}, "one photo, not of 2"),
        ("/v1/map?model=dct-xgb", {"content": jpeg()}, "makes no map"),
        ("/v1/predict?treshold=1", {"content": jpeg()}, "unknown parameter 'treshold'; known: mod"),
        ("/v1/map?data=1", {"content": jpeg()}, "unknown parameter 'data'"),
        (
            "/v1/predict",
            {"data": {"threshold": "1"}, "files": form(("a", jpeg()))},
            "threshold is no part of a form: it goes with the URL, ?threshold=",
        ),
        (
            "/v1/map?style=neon",
            {"content": jpeg()},
            "style: expected 'page' or 'overlay', got 'neon'",
        ),
    ],
)
def test_wrong_use_is_told_in_one_line(client, path, sent, why):
    answer = client.post(path, **sent)
    assert answer.status_code == (400 if why else 422)
    assert (why or "not an image") in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]


def test_a_maps_label_goes_by_the_threshold_that_is_asked_for(client):
    data = jpeg(4)
    p = Detector.load("best").predict(data).probability
    for threshold, label in ((p, "blurred"), (p - 0.001, "blurred"), (p + 0.001, "sharp")):
        answer = client.post(f"/v1/map?threshold={threshold}", content=data, headers=RAW)
        assert answer.headers["x-blurdct-label"] == label
        assert float(answer.headers["x-blurdct-threshold"]) == threshold
        verdict = Detector.load("best", threshold=threshold).predict(data)
        assert answer.headers["x-blurdct-sure"] == ("true" if verdict.sure else "false")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_what_balances_load_may_ask_for_the_head_alone(client, path):
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_map_is_a_picture_and_its_headers_are_the_verdict(client):
    data = jpeg(4)
    detector = Detector.load("best")
    verdict, places = detector.predict(data), detector.map(data)
    answer = client.post("/v1/map", content=data, headers=RAW)
    assert answer.headers["content-type"] == "image/png"
    page = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert np.array_equal(page, draw(read_luma(data), places, verdict))
    headers = {name: answer.headers[f"x-blurdct-{name}"] for name in ("score", "label", "sure")}
    sure = "true" if verdict.sure else "false"
    assert headers == {"score": str(verdict.score), "label": verdict.label, "sure": sure}
    assert float(answer.headers["x-blurdct-sharp-fraction"]) == verdict.sharp_fraction
    assert float(answer.headers["x-blurdct-threshold"]) == verdict.threshold
    assert answer.headers["x-blurdct-model"] == "dct-fusion"


@pytest.mark.parametrize("style", ["page", "overlay"])
def test_the_map_of_what_is_unknown_has_no_numbers_in_its_headers(client, style):
    answer = client.post(f"/v1/map?style={style}", content=FLAT)
    assert answer.status_code == 200 and Image.open(io.BytesIO(answer.content)).size
    told = {name: answer.headers[f"x-blurdct-{name}"] for name in ("label", "sure", "threshold")}
    assert told == {"label": "unknown", "sure": "false", "threshold": "0.5"}
    for name in ("score", "probability", "sharp-fraction"):
        assert answer.headers[f"x-blurdct-{name}"] == ""


def test_what_is_unknown_has_a_reason_and_no_numbers(client):
    for path in ("/v1/predict", "/v1/predict?threshold=0", "/v1/predict?model=fast"):
        (found,) = client.post(path, content=FLAT).json()["results"]
        assert (found["label"], found["sure"], found["error"]) == ("unknown", False, "")
        assert found["reason"] and found["threshold"] is not None
        assert found["probability"] is found["score"] is found["sharp_fraction"] is None


def test_an_overlay_has_a_pixel_for_each_cell_in_the_colours_of_the_scale(client):
    answer = client.post("/v1/map?style=overlay", files=form(("a.jpg", jpeg(4))))
    pixels = np.asarray(Image.open(io.BytesIO(answer.content)))
    places = Detector.load("best").map(jpeg(4))
    assert pixels.shape == (*places.shape, 4) and (pixels[..., 3] == 255).all()
    least, most = (
        pixels[np.unravel_index(at, places.shape)] for at in (places.argmin(), places.argmax())
    )
    assert places.max() - places.min() > 0.1
    assert int(most[0]) + most[1] > int(least[0]) + least[1]  # viridis goes from violet to yellow


def test_the_models_are_listed(client):
    answer = client.get("/v1/models").json()
    assert (answer["default"], answer["map"]) == ("dct-fusion", "dct-fusion")
    assert [one["name"] for one in answer["models"]] == ["dct-fusion", "dct-xgb"]
    bundle = load("fast")
    judged, thresholds = bundle.training["judged"], bundle.thresholds
    assert answer["models"][1] == {
        "name": "dct-xgb",
        "size": 512,
        "sees": "512 pixels",
        "has_map": False,
        "threshold": 0.5,
        "sure_sharp": thresholds.sure_sharp,
        "sure_blurred": thresholds.sure_blurred,
        "accuracy": judged["accuracy"],
        "roc_auc": judged["roc_auc"],
        "ms_per_photo": judged["ms_per_photo"],
    }


def test_a_photo_over_the_limit_of_pixels_is_told_so_before_it_is_decoded(client):
    bomb = io.BytesIO()
    Image.new("1", (15_000, 15_000)).save(bomb, "PNG")  # 20 kB that would become 225 MB
    started = time.monotonic()
    answer = client.post("/v1/predict", content=bomb.getvalue())
    assert answer.status_code == 422 and "over the limit" in answer.json()["detail"]
    assert time.monotonic() - started < 2


def test_uploads_stay_in_memory(client, monkeypatch):
    def forbidden(*_, **__):
        raise AssertionError("something was to be written to disk")

    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, forbidden)
    large = jpeg() + bytes(3 << 20)
    answer = client.post("/v1/predict", files=form(("a.jpg", large), ("b.jpg", large)))
    assert answer.status_code == 200 and not any(one["error"] for one in answer.json()["results"])


def test_when_too_many_wait_the_next_one_is_asked_to_come_again():
    engine = Engine(Settings(models=("dct-xgb",), queue=0))
    with served(engine) as client:
        assert client.get("/readyz").status_code == 200
        stuck = Stuck(engine)
        for path in ("/v1/predict", "/v1/map"):
            answer = client.post(path, content=jpeg())
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        stuck.let_go()
        assert client.post("/v1/predict", content=jpeg()).status_code == 200


def test_what_takes_too_long_is_given_up():
    engine = Engine(Settings(models=("dct-xgb",), seconds=0.2))
    with served(engine, seconds=0.2) as client:
        stuck = Stuck(engine)
        answer = client.post("/v1/predict", content=jpeg())
        assert answer.status_code == 504 and "0.2 seconds" in answer.json()["detail"]
        stuck.let_go()
        assert client.post("/v1/predict", content=jpeg()).status_code == 200


def test_a_long_body_is_refused_whatever_it_says_of_its_length():
    with served(max_bytes=10_000, max_buffered=1) as client:
        for path in ("/v1/predict", "/v1/map"):
            assert client.post(path, content=bytes(10_001)).status_code == 413
            pieces = (bytes(1000) for _ in range(1000))
            assert client.post(path, content=pieces).status_code == 413
            assert client.post(path, files=form(("a", bytes(10_000)))).status_code == 413
        assert client.post("/v1/predict", content=jpeg()).status_code == 200
        assert client.post("/v1/predict", content=bytes(10_000)).status_code == 422


def test_without_the_token_nobody_gets_a_verdict():
    with served(token="correct-horse") as client:
        right = {"authorization": "Bearer correct-horse"}
        for path in ("/v1/predict", "/v1/map"):
            for wrong in ({}, {"authorization": "Bearer x"}, {"authorization": "correct-horse"}):
                answer = client.post(path, content=jpeg(), headers=wrong)
                assert answer.status_code == 401 and "token" in answer.json()["detail"]
                assert answer.headers["www-authenticate"] == "Bearer"
            assert client.post(path, content=jpeg(), headers=right).status_code == 200
        for path in ("/v1/models", "/metrics"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers=right).status_code == 200
        for path in ("/healthz", "/readyz", "/openapi.json"):
            assert client.get(path).status_code == 200


def test_pages_of_the_listed_sites_may_ask_and_others_may_not():
    ours, other = {"origin": "https://a.example"}, {"origin": "https://b.example"}
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    with served(origins=("https://a.example",), token="correct-horse") as client:
        assert client.options("/v1/predict", headers={**ours, **asked}).status_code == 200
        assert client.options("/v1/predict", headers={**other, **asked}).status_code == 400
        refused = client.get("/v1/models", headers=ours)  # a page may see that a token is missing
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://a.example"
        assert "access-control-allow-origin" not in client.get("/healthz", headers=other).headers


def test_every_answer_carries_an_id_and_headers_that_keep_pages_apart(client):
    for path in ("/", "/healthz", "/nothing", "/static/nothing.js"):
        answer = client.get(path, headers={"x-request-id": "abc-1"})
        assert answer.headers["x-request-id"] == "abc-1"
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get("/healthz").headers["cache-control"] == "no-store"
    for odd in ("", "a b", "x" * 65):
        made = client.get("/healthz", headers={"x-request-id": odd}).headers["x-request-id"]
        assert made != odd and made.isalnum()


def test_what_is_not_there_is_told_in_json(client):
    assert client.get("/nothing").status_code == 404 and client.get("/nothing").json()["detail"]
    answer = client.get("/v1/predict")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert client.get("/static/..%2fapp.py").status_code == 404
    assert client.get("/docs").status_code == 404  # it would load scripts from elsewhere


def test_each_request_leaves_a_line_without_photo_or_name(client, caplog):
    with caplog.at_level(logging.INFO, LOGGER):
        client.post(
            "/v1/predict?name=secret",
            files=form(("private.jpg", jpeg())),
            headers={"x-request-id": "7"},
        )
    line = JsonLines().format(caplog.records[-1])
    told = json.loads(line)
    assert "\n" not in line and "private" not in line and "secret" not in line
    assert (
        told.items()
        >= {"id": "7", "method": "POST", "path": "/v1/predict", "status": 200, "files": 1}.items()
    )
    assert told["bytes"] > len(jpeg()) and told["seconds"] > 0 and told["time"].endswith("Z")


def test_requests_errors_seconds_photographs_and_the_queue_are_counted(client):
    def count(name: str) -> float:
        text = client.get("/metrics").text
        lines = (line.rpartition(" ") for line in text.splitlines())
        return next((float(value) for key, _, value in lines if key == name), 0.0)

    names = [
        'blurdct_requests_total{path="/v1/predict",status="422"}',
        'blurdct_errors_total{path="/v1/predict",status="422"}',
        'blurdct_seconds_count{path="/v1/predict"}',
        'blurdct_photos_total{label="unreadable"}',
        'blurdct_requests_total{path="other",status="404"}',
    ]
    before = [count(name) for name in names]
    client.post("/v1/predict", content=b"no photo")
    client.get("/made/up/by/somebody")
    assert [count(name) for name in names] == [value + 1 for value in before]
    assert count("blurdct_queue") == 0 and count("blurdct_active") == 1  # that one itself


def test_every_path_is_counted_by_itself_and_made_up_ones_together(client):
    paths = {"/", "/openapi.json", *client.get("/openapi.json").json()["paths"]}
    for path in (*paths, "/made/up", "/static/made_up.js", "/static"):
        client.get(path)
    counted = set(re.findall(r'blurdct_requests_total\{path="(.*?)"', client.get("/metrics").text))
    assert counted == paths | {"other", "/static/"}


def test_the_openapi_document_has_examples_and_every_status(client):
    document = client.get("/openapi.json").json()
    predict = document["paths"]["/v1/predict"]["post"]
    assert {"200", "400", "401", "413", "422", "503", "504"} <= set(predict["responses"])
    assert set(predict["requestBody"]["content"]) == {
        "multipart/form-data",
        "application/octet-stream",
    }
    schemas = document["components"]["schemas"]
    assert schemas["Results"]["examples"][0]["results"][0]["label"] == "blurred"
    shown = client.post("/v1/predict", content=jpeg()).json()["results"][0]
    assert set(schemas["Result"]["properties"]) == set(shown)
    known = client.get("/v1/models").json()["models"][0]
    assert set(schemas["Model"]["properties"]) == set(known)
    for example in schemas["Results"]["examples"][0]["results"]:
        assert set(example) <= set(shown)  # without what is null
    assert set(schemas["Models"]["examples"][0]["models"][0]) == set(known)
    assert set(document["paths"]) == {
        *("/v1/predict", "/v1/map", "/v1/models", "/healthz", "/readyz", "/metrics")
    }
    assert "securitySchemes" not in document["components"]


def test_the_openapi_document_says_where_a_token_is_needed():
    with served(token="secret-secret") as client:
        document = client.get("/openapi.json").json()
    (scheme,) = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    guarded = {
        path
        for path, methods in document["paths"].items()
        for one in methods.values()
        if "security" in one
    }
    assert guarded == {"/v1/predict", "/v1/map", "/v1/models", "/metrics"}


# What comes in, piece by piece


def read(pieces, headers=FORM, held=None, settings=FEW, name=None):
    """What ``photographs`` makes of pieces; None stands for a client who leaves."""
    left = list(pieces)

    async def receive():
        if not left:
            await asyncio.sleep(60)
        piece = left.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    held = held or Held(settings.max_buffered)
    files, total = asyncio.run(photographs(receive, headers, name, settings, held))
    assert held.bytes == total == sum(map(len, pieces))
    return files


BODY = (
    b'--X\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
    b'--X\r\nContent-Disposition: form-data; name="photo"; filename="\xc3\xa4.jpg"\r\n'
    b"Content-Type: image/jpeg\r\n\r\n\xff\xd8\r\n--\r\n-X\x00\r\n"
    b'--X\r\nContent-Disposition: form-data; name="files"\r\n\r\nunnamed\r\n'
    b'--X\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\n\r\n'
    b'--X\r\nContent-Disposition: form-data; name="files"; filename="none.jpg"\r\n\r\n\r\n--X--\r\n'
)
FILES = [("ä.jpg", b"\xff\xd8\r\n--\r\n-X\x00"), ("photo", b"unnamed"), ("none.jpg", b"")]


def test_a_form_is_the_same_wherever_it_is_cut():
    for cut in range(len(BODY)):
        assert read([BODY[:cut], BODY[cut:]]) == FILES
    assert read([BODY[at : at + 1] for at in range(len(BODY))]) == FILES


@given(st.integers(1, len(BODY) - 5))
def test_a_form_that_breaks_off_is_refused(length):
    with pytest.raises(BodyError, match="no end") as refused:
        read([BODY[:length]])
    assert refused.value.status == 400


@given(
    st.lists(st.tuples(st.integers(0, len(BODY)), st.integers(0, 9), st.binary(max_size=9))),
    st.sampled_from(["multipart/form-data; boundary=X", 'multipart/form-data; boundary="', "ä;=;"]),
)
def test_a_mutilated_form_is_files_or_refused_and_nothing_else(changes, kind):
    body = BODY
    for at, removed, added in changes:
        body = body[:at] + added + body[at + removed :]
    held = Held(FEW.max_buffered)
    try:
        files = read([body[:99], body[99:]], {"content-type": kind}, held)
    except BodyError as error:
        assert error.status == 400 and held.bytes == 0
    else:
        assert all(isinstance(name, str) and name for name, _ in files)


def test_no_more_is_taken_in_than_the_limit_allows():
    few = Settings(max_bytes=100, max_buffered=250)
    held = Held(250)
    for headers in ({}, {"content-length": "7"}, {"content-length": "-1"}, FORM):
        with pytest.raises(BodyError) as refused:
            read([b"--X\r\nA: b\r\n\r\n", *[bytes(30)] * 9], headers, held, few)
        assert refused.value.status == 413 and held.bytes == 0
    with pytest.raises(BodyError) as refused:
        read([], {"content-length": "101"}, held, few)  # not one piece was waited for
    assert refused.value.status == 413
    held.bytes = 200  # of others
    with pytest.raises(Busy):
        read([bytes(60)], {}, held, few)
    assert held.bytes == 200


def test_who_sends_too_slowly_is_not_waited_for():
    started = time.monotonic()
    with pytest.raises(BodyError) as refused:
        asyncio.run(_stalled(Settings(seconds=0.1)))
    assert refused.value.status == 408
    with pytest.raises(BodyError) as refused:
        asyncio.run(_stalled(Settings(upload_seconds=0.1), pause=0.02))
    assert refused.value.status == 408 and time.monotonic() - started < 2


async def _stalled(settings, pause=60.0):
    async def receive():
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": b"x", "more_body": True}

    await photographs(receive, {}, None, settings, Held(1 << 30))


def test_who_leaves_is_not_an_error(caplog):
    held = Held(1 << 30)
    with pytest.raises(GoneError):
        read([b"--X\r\n", None], FORM, held)
    assert held.bytes == 0

    async def leave(app):
        messages = [{"type": "http.request", "body": jpeg()}, {"type": "http.disconnect"}]
        sent = []

        async def receive():
            return messages.pop(0)

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/predict",
            "headers": [],
            "query_string": b"",
            "http_version": "1.1",
            "client": ("x", 1),
        }
        await app(scope, receive, send)
        return sent[0]["status"]

    engine = Engine(FEW)
    stuck = Stuck(engine)
    assert asyncio.run(leave(create(FEW, engine))) == 499
    assert engine.waiting == 0  # the place in the queue is free at once
    stuck.let_go()
    engine.close()
