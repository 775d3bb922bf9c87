# blurdct as a service: HTTP on 8000, or Thrift on 9099 (see compose.yaml). Every dependency is a
# wheel; only blurdct's own kernel is compiled, and the image that is left has neither pip nor a
# compiler.
#
#   docker build --tag blurdct .
#   docker run --rm --read-only --tmpfs /tmp --publish 127.0.0.1:8000:8000 blurdct

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml setup.py MANIFEST.in constraints.txt README.md LICENSE ./
COPY docs/man docs/man
COPY blurdct blurdct
RUN python -m venv --without-pip /opt/blurdct \
    && python -m pip --python /opt/blurdct/bin/python install --no-cache-dir \
        --disable-pip-version-check --only-binary :all: \
        --constraint constraints.txt ".[serve,formats]" \
    && /opt/blurdct/bin/python -m compileall -q /opt/blurdct/lib

FROM python:3.11-slim-bookworm
# The base image's own pip goes; nothing of a system is missing.
RUN python -m pip uninstall --yes --quiet --root-user-action ignore setuptools wheel pip \
    && useradd --uid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin blurdct
COPY --from=build /opt/blurdct /opt/blurdct
# With a fixed threshold, glibc gives the memory of a large photo back when it was judged.
ENV PATH=/opt/blurdct/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_MMAP_THRESHOLD_=8388608 \
    ORT_DISABLE_TELEMETRY=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000 9099
# Of HTTP; a container that speaks Thrift has its own in compose.yaml.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=8); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["blurdct"]
# A worker for each core that the system shows would be too many where a limit of cores is set.
CMD ["serve", "--http", "0.0.0.0:8000", "--workers", "2"]
