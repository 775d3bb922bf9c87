"""Settings of a service: where they come from, and what is refused."""

import pickle

import pytest

from blurdct.errors import ConfigError
from blurdct.service.settings import PREFIX, Settings, describe

WRONG = [
    ("queue", "-1", "expected at least 0, got -1"),
    ("queue", "many", "expected a whole number, got 'many'"),
    ("threads", "0", "expected at least 1, got 0"),
    ("max_bytes", "0", "expected at least 1, got 0"),
    ("max_buffered", "0", "expected at least 1, got 0"),
    ("max_files", "1.5", "expected a whole number, got '1.5'"),
    ("seconds", "soon", "expected a number, got 'soon'"),
    ("seconds", "nan", "expected a time over 0, got nan"),
    ("seconds", "0", "expected a time over 0, got 0"),
    ("upload_seconds", "inf", "expected a time over 0, got inf"),
    ("token", "short", "expected 8 or more letters, digits and signs"),
    ("token", "with a blank", "expected 8 or more letters, digits and signs"),
    ("token", "\xe4" * 9, "expected 8 or more letters, digits and signs"),
    (
        "origins",
        "https://a.example/",
        "expected http(s)://HOST[:PORT] or *, got 'https://a.example/'",
    ),
    ("origins", "a.example", "expected http(s)://HOST[:PORT] or *, got 'a.example'"),
    ("threshold", "80", "expected P(blurred) from 0 to 1, got 80; did you mean 0.80?"),
    ("threshold", "-0.1", "expected P(blurred) from 0 to 1, got -0.1"),
    ("threshold", "nan", "expected P(blurred) from 0 to 1, got nan"),
    ("threshold", "high", "expected a number, got 'high'"),
    ("max_fpr", "1", "expected a share from 0 to 0.5, got 1; did you mean 0.01?"),
    ("max_fpr", "-1", "expected a share from 0 to 0.5, got -1"),
    ("max_fpr", "nan", "expected a share from 0 to 0.5, got nan"),
    ("max_fpr", "few", "expected a number, got 'few'"),
    ("origins", "null", "expected http(s)://HOST[:PORT] or *, got 'null'"),
]


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    for setting in describe():
        monkeypatch.delenv(setting.variable, raising=False)


def test_settings_come_from_options_before_the_environment_before_defaults(monkeypatch):
    defaults = Settings()
    there = {
        "QUEUE": "7",
        "SECONDS": " 2.5 ",
        "ORIGINS": "https://a.example, https://b.example,",
        "TOKEN": "12345678\n",  # as files of secrets end
        "MAX_FILES": "",
        "MODEL": " ",
    }
    for name, value in there.items():
        monkeypatch.setenv(PREFIX + name, value)
    settings = Settings(queue=3, max_bytes=None)
    assert (settings.queue, settings.seconds, settings.token) == (3, 2.5, "12345678")
    assert settings.origins == ("https://a.example", "https://b.example")
    assert (settings.max_files, settings.max_bytes) == (defaults.max_files, defaults.max_bytes)
    assert settings.model == defaults.model
    assert "12345678" not in repr(settings) + str(settings)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("model", 5, "expected a text"),
        ("token", 12345678, "expected a text"),
        ("models", 5, "expected a list of texts"),
    ],
)
def test_a_value_of_another_type_is_refused_without_words_of_a_library(name, value, why):
    with pytest.raises(ConfigError) as refused:
        Settings(**{name: value})
    assert str(refused.value) == f"{name}: {why}"


@pytest.mark.parametrize(("name", "value", "why"), WRONG)
def test_what_cannot_be_is_refused_in_one_line_by_the_name_it_came_under(
    monkeypatch, name, value, why
):
    with pytest.raises(ConfigError) as refused:
        Settings(**{name: value})
    assert str(refused.value) == f"{name}: {why}"
    monkeypatch.setenv(PREFIX + name.upper(), value)
    with pytest.raises(ConfigError) as refused:
        Settings()
    assert str(refused.value) == f"{PREFIX}{name.upper()}: {why}"


def test_a_threshold_and_a_share_of_false_positives_exclude_each_other(monkeypatch):
    with pytest.raises(ConfigError, match="^threshold and max_fpr: one or the other$"):
        Settings(threshold=0.8, max_fpr=0.01)
    monkeypatch.setenv(PREFIX + "THRESHOLD", "0.8")
    monkeypatch.setenv(PREFIX + "MAX_FPR", "0.01")
    names = "^BLURDCT_THRESHOLD and BLURDCT_MAX_FPR: one or the other$"
    with pytest.raises(ConfigError, match=names):
        Settings()


def test_what_is_given_of_the_two_wins_over_the_variable_of_the_other(monkeypatch):
    monkeypatch.setenv(PREFIX + "THRESHOLD", "0.8")
    settings = Settings(max_fpr=0.01)
    assert (settings.threshold, settings.max_fpr) == (None, 0.01)
    assert pickle.loads(pickle.dumps(settings)) == settings
    monkeypatch.delenv(PREFIX + "THRESHOLD")
    monkeypatch.setenv(PREFIX + "MAX_FPR", "0.01")
    assert Settings().max_fpr == 0.01
    assert (Settings(threshold=0).threshold, Settings(threshold=0).max_fpr) == (0, None)


def test_a_wrong_variable_does_not_matter_where_something_else_is_given(monkeypatch):
    monkeypatch.setenv(PREFIX + "QUEUE", "many")
    assert Settings(queue=3).queue == 3


def test_an_empty_token_that_is_given_is_not_none():
    with pytest.raises(ConfigError, match="token"):
        Settings(token="")


def test_an_unknown_setting_is_refused():
    with pytest.raises(ConfigError, match="^quue: no such setting; known: model,.*origins$"):
        Settings(quue=3)


def test_settings_stay_what_they_were_read_as_also_in_another_process(monkeypatch):
    settings = Settings(queue=3)
    monkeypatch.setenv(PREFIX + "QUEUE", "7")
    monkeypatch.setenv(PREFIX + "THREADS", "7")
    assert pickle.loads(pickle.dumps(settings)) == settings
    with pytest.raises(ValueError, match="frozen"):
        settings.queue = 7


def test_every_setting_is_described_and_its_default_can_be_written_as_a_variable(monkeypatch):
    described = describe()
    assert [one.variable for one in described] == [
        PREFIX + n.upper() for n in Settings.model_fields
    ]
    assert all(one.description.endswith(".") and one.kind for one in described)
    kinds = {one.variable.removeprefix(PREFIX): one.kind for one in described}
    assert (kinds["MODEL"], kinds["QUEUE"]) == ("text", "whole number")
    assert (kinds["SECONDS"], kinds["ORIGINS"]) == ("number", "list")
    assert (kinds["THRESHOLD"], kinds["MAX_FPR"]) == ("number", "number")
    before = Settings()
    for one in described:
        monkeypatch.setenv(one.variable, one.default)
    assert Settings() == before
