"""A Ray cluster of two machines that are this one, an S3 server, and one that keeps studies."""

import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
STORE = 80 << 20  # bytes of each machine's object store; Ray wants 75 MB at least
# What happens in the processes that judge, by the name of the photo.
HARM = """
import os, sys
if "--multiprocessing-fork" in sys.orig_argv:
    try:
        from blurdct.scan import worker
    except ImportError:
        pass
    else:
        real = worker.open_photo
        def harmful(item):
            if "deadly" in item.path:
                os.abort()
            if "endless" in item.path:
                import time
                time.sleep(600)
            if "slow" in item.path:
                import time
                time.sleep(0.02)
            return real(item)
        worker.open_photo = harmful
"""
# A machine that is gone is missed after some seconds, not after half a minute; one that is only
# slow, as those here are while other tests run, is not.
WATCHFUL = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 60_000,
    "health_check_failure_threshold": 3,
}


@contextmanager
def two_machines(folder: Path) -> Iterator[Any]:
    """The cluster, connected to; a core each.

    Args:
        folder: For what processes of the cluster load first.
    """
    import ray
    from ray.cluster_utils import Cluster

    (folder / "sitecustomize.py").write_text(HARM)
    places = [str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(places))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_BACKEND_LOG_LEVEL", "fatal")
        one = {"num_cpus": 1, "object_store_memory": STORE}
        head = {**one, "include_dashboard": False, "_system_config": WATCHFUL}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            cluster.add_node(**one)
            ray.init(cluster.address, logging_level=logging.ERROR, log_to_driver=False)
            yield cluster
        finally:
            ray.shutdown()
            cluster.shutdown()


@contextmanager
def s3_server(bucket: str) -> Iterator[str]:
    """An S3 server at a free port of this machine, with a bucket; its address.

    Variables of the environment lead to it whoever starts meanwhile.
    """
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        try:
            boto3.client("s3").create_bucket(Bucket=bucket)
            yield f"http://{host}:{port}"
        finally:
            server.stop()


@contextmanager
def storage_server(folder: Path) -> Iterator[str]:
    """The URL of Optuna's storage server, which keeps a study in SQLite."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "from optuna.storages import get_storage, run_grpc_proxy_server as run; "
    code += f"run(get_storage('sqlite:///{folder / 'served.db'}'), port={port})"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(600):
                with suppress(OSError):
                    socket.create_connection(("localhost", port), 1).close()
                    break
                time.sleep(0.1)
            yield f"grpc://localhost:{port}"
        finally:
            process.terminate()
