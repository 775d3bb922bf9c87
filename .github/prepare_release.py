"""Before a release is built: is it the version that its tag says, and where does it come from?

The repository does not know its own address; what is published gets that of the one that publishes.

Example: python .github/prepare_release.py v0.1.0 https://github.com/OWNER/blurdct
"""

import argparse
import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

PLACES = {
    "Source": "{url}",
    "Documentation": "{url}/blob/{tag}/docs/index.md",
    "Changelog": "{url}/blob/{tag}/CHANGELOG.md",
    "Issues": "{url}/issues",
}


def main() -> None:
    """Check, write the addresses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tag", help="of the release, such as v0.1.0")
    parser.add_argument("url", help="of the repository")
    parser.add_argument("--root", type=Path, default=Path(), help="the checkout")
    args = parser.parse_args()
    if why := wrong(args.root, args.tag, args.url):
        sys.exit(f"error: {why}")
    write_urls(args.root, args.tag, args.url.rstrip("/"))
    print(f"{args.tag} of {args.url}")


def wrong(root: Path, tag: str, url: str) -> str:
    """Why this is not to be released; empty if it may be."""
    where = urlsplit(url)
    if where.scheme != "https" or not where.netloc or not re.fullmatch(r"[\w./~-]+", where.path):
        return f"expected the https address of a repository, got {url}"
    version = re.search(r'"(.+)"', _text(root, "blurdct/_version.py").partition("__version__")[2])
    if version is None or tag != f"v{version[1]}":
        return f"the tag is {tag}, the version {version[1] if version else 'missing'}"
    if not re.search(rf"^## \[?{re.escape(version[1])}\b", _text(root, "CHANGELOG.md"), re.M):
        return f"CHANGELOG.md has no heading for {version[1]}"
    if not re.search(rf"^version: {re.escape(version[1])}$", _text(root, "CITATION.cff"), re.M):
        return f"CITATION.cff is of another version than {version[1]}"
    return ""


def write_urls(root: Path, tag: str, url: str) -> None:
    """Into pyproject.toml and CITATION.cff, unless somebody has written them there."""
    project, citation = root / "pyproject.toml", root / "CITATION.cff"
    text = project.read_text(encoding="utf-8")
    if "urls" not in tomllib.loads(text)["project"]:
        lines = [f'{name} = "{place.format(url=url, tag=tag)}"' for name, place in PLACES.items()]
        table = "\n".join(["[project.urls]", *lines, "", ""])
        text = text.replace("[project.scripts]\n", f"{table}[project.scripts]\n", 1)
        project.write_text(text, encoding="utf-8")
    text = citation.read_text(encoding="utf-8")
    if "repository-code:" not in text:
        citation.write_text(f"{text}repository-code: {url}\n", encoding="utf-8")


def _text(root: Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
