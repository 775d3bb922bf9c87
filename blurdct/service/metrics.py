"""Counts and times of a service for Prometheus, over all its processes."""

import glob
import os
import re
from contextlib import suppress

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from ..crew import alive
from .settings import COUNTS

BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)  # seconds

REQUESTS = Counter("blurdct_requests", "Requests by path and status.", ["path", "status"])
ERRORS = Counter("blurdct_errors", "Requests with a status of 400 and more.", ["path", "status"])
SECONDS = Histogram("blurdct_seconds", "From request to answer.", ["path"], buckets=BUCKETS)
BYTES = Counter("blurdct_received_bytes", "Bytes of the bodies of requests.")
PHOTOS = Counter("blurdct_photos", "Photographs by label; those without: unreadable.", ["label"])
ACTIVE = Gauge("blurdct_active", "Requests in progress.", multiprocess_mode="livesum")
QUEUE = Gauge("blurdct_queue", "Requests that wait for a thread.", multiprocess_mode="livesum")

TYPE = CONTENT_TYPE_LATEST


def exposition() -> bytes:
    """All of them as text; those of all processes if they share a folder."""
    folder = os.environ.get(COUNTS)  # where the library looks, too, when it is imported
    if not folder:
        return generate_latest(REGISTRY)
    for path in glob.glob(os.path.join(folder, "gauge_live*.db")):
        number = re.search(r"(\d+)\.db$", path)
        if number and not alive(int(number[1])):  # what it waited for is no longer waited for
            with suppress(OSError):
                mark_process_dead(int(number[1]), folder)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)
    return generate_latest(registry)
