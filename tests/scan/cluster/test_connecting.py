"""Addresses at which there is no cluster, and a Python without Ray."""

import socket
import sys

import pytest

from blurdct.errors import ConfigError
from blurdct.scan.cluster.connecting import _refusal, connected, need_ray


def refused(address):
    pytest.importorskip("ray")
    with pytest.raises(ConfigError) as caught, connected(address, None):
        pass
    return str(caught.value)


def test_a_python_without_ray_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(ConfigError, match="--engine ray needs Ray: .*install"):
        need_ray()


@pytest.mark.parametrize("address", ["10.0.0.1", "here:port", ":1", "host:99999"])
def test_what_is_no_address_is_refused(address):
    assert refused(address) == (
        f"--address {address}: expected auto or HOST:PORT, such as 10.0.0.1:6379"
    )


def test_an_address_where_nobody_listens_is_refused_at_once():
    with socket.socket() as taken:  # and so nobody else's
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        words = refused(address)
    assert words.startswith(f"--address {address}: no Ray cluster there (")
    assert "ray start --head" in words


def test_a_client_far_away_is_sent_to_ray_job_submit(monkeypatch):
    assert "ray job submit" in refused("ray://host:10001")
    monkeypatch.setenv("RAY_ADDRESS", "ray://host:10001")  # as the option
    assert "ray job submit" in refused(None)


@pytest.mark.parametrize(
    ("address", "error", "words"),
    [
        ("auto", ConnectionError("Could not find any running Ray instance."), "ray start --head"),
        (
            "h:1",
            RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 1\n Python: 2"),
            "other versions than here (The cluster was started with: Ray: 1 Python: 2); install",
        ),
        ("h:1", RuntimeError("Can't find a `node_ip_address` of this node"), "no part of that"),
        (None, RuntimeError("something"), "Ray does not start (something)"),
    ],
)
def test_what_ray_says_becomes_a_line_that_says_what_to_do(address, error, words):
    line = str(_refusal(address, error))
    assert words in line and "\n" not in line
