"""Dockerfile and compose.yaml: what they name is there, and nothing runs as root."""

import ast
import inspect
import re
import shlex
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from blurdct.cli.app import COMMANDS
from blurdct.cli.commands.serve import HTTP, serve
from blurdct.cli.options import address
from blurdct.service.settings import PREFIX, Settings
from blurdct.service.thrift.idl import PORT

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile: name and words, lines that go on joined, comments left out."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", text)
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


FILE = instructions()
LAST = FILE[max(at for at, (name, _) in enumerate(FILE) if name == "FROM") :]


def words(name: str) -> list[str]:
    """Of the last instruction of that name in the image that is left."""
    return ast.literal_eval([rest for found, rest in LAST if found == name][-1])


def commands() -> dict[str, list[str]]:
    """What is run, without the program's name."""
    return {"Dockerfile": words("CMD"), **{name: one["command"] for name, one in SERVICES.items()}}


def test_what_is_copied_into_the_image_is_there_and_not_ignored():
    sources = [
        source
        for name, rest in FILE
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    kept = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.M)
    assert {*sources, *kept} == {*sources} == {*kept}
    assert all((ROOT / source).exists() for source in sources)
    assert {PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml"} <= {*sources}


def test_what_is_ignored_is_everything_else_and_no_module():
    ignored = [line for line in (ROOT / ".dockerignore").read_text().split("\n") if line[:1] == "*"]
    assert ignored[0] == "*"
    for path in (ROOT / "blurdct").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert not any(fnmatch(f"x/{path.name}", pattern) for pattern in ignored[1:]), path


def test_the_extras_exist_and_the_versions_are_the_tested_ones():
    (install,) = (
        rest
        for name, rest in FILE
        if name == "RUN" and " install " in rest and "pip" in rest and "apt" not in rest
    )
    said = shlex.split(install)
    (extras,) = (re.fullmatch(r"\.\[(.+)\]", word)[1] for word in said if word.startswith(".["))
    assert set(extras.split(",")) == {"serve", "formats"} <= set(PROJECT["optional-dependencies"])
    assert said[said.index("--constraint") + 1] == "constraints.txt"
    assert said[said.index("--only-binary") + 1] == ":all:"  # so that no compiler is needed


def test_the_python_of_the_image_is_one_that_the_project_supports():
    (wanted,) = re.findall(r">=3\.(\d+)", PROJECT["requires-python"])
    images = [rest.split()[0] for name, rest in FILE if name == "FROM"]
    assert len(set(images)) == 1  # or the environment would not fit
    assert int(re.match(r"python:3\.(\d+)-slim", images[0])[1]) >= int(wanted)


def test_the_image_does_not_run_as_root_and_holds_no_compiler():
    (user,) = (rest for name, rest in LAST if name == "USER")
    assert int(user.split(":")[0]) > 0 and int(user.split(":")[1]) > 0
    text = " ".join(rest for _, rest in LAST)
    assert not re.search(r"build-essential|\bgcc\b|\bg\+\+|python3?-dev|\bapt\b", text)
    assert not re.search(r"\bcurl\b|\bADD\b", " ".join(rest for _, rest in FILE))


@pytest.mark.parametrize("name", commands())
def test_what_is_run_are_options_that_serve_has(name):
    assert words("ENTRYPOINT") == list(PROJECT["scripts"])
    command, *options = commands()[name]
    assert command in COMMANDS
    known = {f"--{known.replace('_', '-')}" for known in inspect.signature(serve).parameters}
    assert {option for option in options if option.startswith("-")} <= known


def test_ports_are_the_default_ones_and_open_to_this_computer_alone():
    ports = {"--http": address(HTTP, "--http")[1], "--thrift": PORT}
    (exposed,) = (rest for name, rest in LAST if name == "EXPOSE")
    assert {int(port) for port in exposed.split()} == set(ports.values())
    for name, command in commands().items():
        option, where = command[1:3]
        assert address(where, option) == ("0.0.0.0", ports[option])
        if name in SERVICES:
            assert SERVICES[name]["ports"] == [f"127.0.0.1:{ports[option]}:{ports[option]}"]


def test_settings_of_the_containers_are_settings_of_the_service(monkeypatch):
    for service in SERVICES.values():
        given = {
            name: re.sub(r"\$\{.*\}", "", value) for name, value in service["environment"].items()
        }
        assert all(name.removeprefix(PREFIX).lower() in Settings.model_fields for name in given)
        with monkeypatch.context() as patched:
            for name, value in given.items():
                patched.setenv(name, value)
            settings = Settings()
        assert settings != Settings()


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_do_little_and_take_little(name):
    service = SERVICES[name]
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"] and service["cpus"] and service["pids_limit"]
    assert [place.split(":")[0] for place in service["tmpfs"]] == ["/tmp"]
    assert not {"privileged", "volumes", "network_mode", "cap_add"} & set(service)
    workers = service["command"][service["command"].index("--workers") + 1]
    assert int(workers) == service["cpus"]
    grace = int(service["stop_grace_period"].removesuffix("s"))
    assert grace > Settings().seconds + 5  # what is in flight is finished


def test_checks_of_health_are_python_that_compiles_and_ask_the_right_port():
    (image,) = (rest for name, rest in LAST if name == "HEALTHCHECK")
    program, option, code = ast.literal_eval(image.split("CMD", 1)[1].strip())
    assert (program, option) == ("python", "-c") and str(address(HTTP, "--http")[1]) in code
    compile(code, "Dockerfile", "exec")
    _, *said, code = SERVICES["thrift"]["healthcheck"]["test"]
    assert said == ["python", "-c"] and str(PORT) in code
    compile(code, "compose.yaml", "exec")
