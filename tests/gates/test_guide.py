"""The guide on gates names hooks, inputs and outcomes as they are."""

import yaml

from tests.helpers.pages import ROOT, blocks

PAGE = "docs/guides/gates.md"
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def shown() -> list[dict]:
    return [
        yaml.safe_load(block.text)
        for block in blocks()
        if block.page == PAGE and block.language == "yaml"
    ]


def test_the_hook_and_the_inputs_of_the_guide_exist():
    hooks, workflow = shown()
    assert [one["id"] for one in hooks["repos"][0]["hooks"]] == [one["id"] for one in HOOKS]
    *_, step = workflow["jobs"]["pictures"]["steps"]
    assert set(step["with"]) <= set(ACTION["inputs"])
    assert step["uses"].replace("@", "#").startswith("OWNER/blurdct#v")
    assert hooks["repos"][0]["rev"] == step["uses"].partition("@")[2]


def test_every_input_is_handed_to_a_step():
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert all(f"${{{{ inputs.{name} }}}}" in text for name in ACTION["inputs"])


def test_words_say_a_kind_only_if_a_model_tells_one():
    (gate,) = (block.text for block in blocks() if block.text.startswith("# gate.py"))
    names: dict = {"__name__": "gate"}
    exec(gate, names)  # it is the guide's own code
    words = names["words"]
    assert words(6.2, "motion") == "blurred by motion, about 6 pixels; hold still"
    assert words(6.2) == "blurred, about 6 pixels; hold still, let it focus, add light"
    assert words(None) == words(1.2) == "blurred; hold still, let it focus, add light"
