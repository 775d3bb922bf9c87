"""What a service says: a line of JSON for each request and each event; no photo, no name of one."""

import json
import logging
import time
from typing import Any

LOGGER = "blurdct.service"


class JsonLines(logging.Formatter):
    """A record as a line of JSON: time, level, message or what stands in its ``fields``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, ASCII."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        entry: dict[str, Any] = {"time": f"{at}.{int(record.msecs):03}Z"}
        fields = getattr(record, "fields", None)
        if fields is None:
            entry |= {"level": record.levelname.lower(), "message": record.getMessage()}
        else:
            entry |= fields
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return json.dumps(entry)


# For ``logging.config``, in every process. To standard output: the command has sent the other one
# away, because decoders remark on damaged files there.
CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": f"{__name__}.JsonLines"}},
    "handlers": {
        "out": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "lines",
        }
    },
    "loggers": {
        name: {"handlers": ["out"], "level": "INFO", "propagate": False}
        for name in (LOGGER, "uvicorn")
    },
}
