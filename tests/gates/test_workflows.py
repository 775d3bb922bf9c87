"""The workflows and what they run, as far as that can be seen without GitHub."""

import re
import runpy
import shutil
import subprocess
import sys
import tomllib

import check_jsonschema
import pytest
import yaml
from click.testing import CliRunner

import blurdct
from tests.helpers.pages import ROOT

SCRIPT = ROOT / ".github" / "prepare_release.py"
URL = "https://github.com/OWNER/blurdct"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LOADED = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in WORKFLOWS}


def test_files_of_github_and_the_citation_are_of_the_published_form():
    kinds = {
        "github-workflows": WORKFLOWS,
        "github-actions": [ROOT / "action.yml"],
        "citation-file-format": [ROOT / "CITATION.cff"],
    }
    for kind, files in kinds.items():
        words = ["--builtin-schema", f"vendor.{kind}", *map(str, files)]
        done = CliRunner().invoke(check_jsonschema.main, words)
        assert done.exit_code == 0, done.output


def test_every_job_has_a_limit_of_time_and_no_more_rights_than_it_uses():
    for name, workflow in LOADED.items():
        assert workflow["permissions"] == {"contents": "read"}, name
        assert all("timeout-minutes" in job for job in workflow["jobs"].values()), name
    jobs = LOADED["release"]["jobs"]
    rights = {name: job["permissions"] for name, job in jobs.items() if "permissions" in job}
    assert rights == {"publish": {"id-token": "write"}, "release": {"contents": "write"}}


def test_publishing_needs_no_password_and_all_that_was_built():
    jobs = LOADED["release"]["jobs"]
    assert set(jobs["publish"]["needs"]) == {"source", "compiled", "plain", "attached"}
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert "secrets." not in text and "password" not in str(jobs)
    made = re.findall(r"name: (dist-\S+)", text)
    assert made.count("dist-source") == 3 and "dist-plain" in made


def test_tests_run_on_all_pythons_and_systems_that_are_promised():
    jobs = LOADED["test"]["jobs"]
    pythons = jobs["test"]["strategy"]["matrix"]["python"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert pythons == promised == ["3.11", "3.12", "3.13", "3.14"]
    systems = jobs["systems"]["strategy"]["matrix"]
    assert systems["system"] == ["macos-latest", "windows-latest"]
    assert systems["python"] == [pythons[0], pythons[-1]]
    (tests,) = [step["run"] for step in jobs["systems"]["steps"] if "pytest" in step.get("run", "")]
    assert all((ROOT / name).exists() for name in re.findall(r"\btests/\S+", tests))


@pytest.fixture
def tree(tmp_path):
    """What a release is prepared from."""
    (tmp_path / "blurdct").mkdir()
    for name in ("pyproject.toml", "CHANGELOG.md", "CITATION.cff", "blurdct/_version.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_release_gets_the_addresses_of_whoever_publishes_it(tree):
    tag = f"v{blurdct.__version__}"
    words = (sys.executable, str(SCRIPT), tag, URL, "--root", str(tree))
    for _ in range(2):  # what stands there stays
        subprocess.run(words, check=True, capture_output=True)
        project = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        assert project["urls"]["Source"] == URL
        assert project["urls"]["Changelog"] == f"{URL}/blob/{tag}/CHANGELOG.md"
        assert project["scripts"] == {"blurdct": "blurdct.cli:main"}
        citation = yaml.safe_load((tree / "CITATION.cff").read_text(encoding="utf-8"))
        assert citation["repository-code"] == URL
        assert str(citation["version"]) == blurdct.__version__


@pytest.mark.parametrize(
    ("tag", "url", "reason"),
    [
        ("v9.9.9", URL, f"the tag is v9.9.9, the version {blurdct.__version__}"),
        (f"v{blurdct.__version__}", 'https://x.org/a"\nb', "expected the https address"),
        (f"v{blurdct.__version__}", "http://x.org/a/b", "expected the https address"),
    ],
)
def test_what_does_not_fit_is_not_released(tree, tag, url, reason):
    wrong = runpy.run_path(str(SCRIPT))["wrong"]
    assert wrong(tree, tag, url).startswith(reason)


@pytest.mark.parametrize(("name", "cut"), [("CHANGELOG.md", "\n## "), ("CITATION.cff", "version")])
def test_neither_is_a_version_that_changelog_or_citation_do_not_know(tree, name, cut):
    wrong = runpy.run_path(str(SCRIPT))["wrong"]
    tag = f"v{blurdct.__version__}"
    assert wrong(tree, tag, URL) == ""
    text = (tree / name).read_text(encoding="utf-8")
    (tree / name).write_text(text.replace(cut, f"{cut}x"), encoding="utf-8")
    assert wrong(tree, tag, URL).startswith(name)
