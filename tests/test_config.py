import dataclasses
import os

import pytest

from blurdct.config import ReadConfig, SynthConfig, from_dict, load_toml
from blurdct.errors import BlurdctError, ConfigError

CONFIGS = [ReadConfig, SynthConfig]


@pytest.mark.parametrize("kind", CONFIGS)
def test_defaults_round_trip_through_a_dict(kind):
    assert from_dict(kind, dataclasses.asdict(kind())) == kind()
    assert from_dict(kind, {}) == kind()


def test_settings_given_replace_defaults():
    assert from_dict(ReadConfig, {"size": 64}) == ReadConfig(size=64)
    assert from_dict(SynthConfig, {"test_share": 0.5, "seed": 7}) == SynthConfig(
        test_share=0.5, seed=7
    )


@pytest.mark.parametrize("kind", CONFIGS)
def test_unknown_keys_are_refused_with_the_known_ones_named(kind):
    with pytest.raises(ConfigError) as caught:
        from_dict(kind, {"sise": 64, "colour": True})
    names = ", ".join(field.name for field in dataclasses.fields(kind))
    assert str(caught.value) == f"{kind.__name__}: unknown colour, sise; known: {names}"


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (ReadConfig, {"size": "64"}, "size: expected a whole number, got '64'"),
        (ReadConfig, {"size": 64.0}, "size: expected a whole number, got 64.0"),
        (ReadConfig, {"size": True}, "size: expected a whole number, got True"),
        (ReadConfig, {"size": None}, "size: expected a whole number, got None"),
        (SynthConfig, {"pages": 2.5}, "pages: expected a whole number, got 2.5"),
        (SynthConfig, {"recipe": 3}, "recipe: expected a text, got 3"),
        (SynthConfig, {"test_share": "a tenth"}, "test_share: expected a number, got 'a tenth'"),
        (SynthConfig, {"test_share": False}, "test_share: expected a number, got False"),
    ],
)
def test_values_of_the_wrong_type_are_refused(kind, values, message):
    with pytest.raises(ConfigError) as caught:
        from_dict(kind, values)
    assert str(caught.value) == message


def test_a_whole_number_will_do_for_a_float():
    assert from_dict(SynthConfig, {"test_share": 0}).test_share == 0


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (ReadConfig, {"size": 15}),
        (ReadConfig, {"size": -512}),
        (ReadConfig, {"max_pixels": 0}),
        (SynthConfig, {"sharp_copies": -1}),
        (SynthConfig, {"blurred_copies": -1}),
        (SynthConfig, {"varied_copies": -1}),
        (SynthConfig, {"lights_copies": -1}),
        (SynthConfig, {"pages": -1}),
        (SynthConfig, {"test_share": -0.1}),
        (SynthConfig, {"test_share": 1.0}),
        (SynthConfig, {"test_share": float("nan")}),
    ],
)
def test_values_out_of_range_are_refused_by_name(kind, values):
    (name,) = values
    for make in (lambda: from_dict(kind, values), lambda: kind(**values)):
        with pytest.raises(ConfigError, match=name):
            make()


@pytest.mark.parametrize("kind", CONFIGS)
def test_settings_cannot_be_changed(kind):
    config = kind()
    for field in dataclasses.fields(kind):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(config, field.name, 1)


def test_toml_comes_in_as_tables(tmp_path):
    path = tmp_path / "blurdct.toml"
    path.write_text('[read]\nsize = 64\n[synth]\nrecipe = "seed"\n', encoding="utf-8")
    for given in (path, str(path)):
        tables = load_toml(given)
        assert from_dict(ReadConfig, tables["read"]) == ReadConfig(size=64)
        assert from_dict(SynthConfig, tables["synth"]) == SynthConfig(recipe="seed")


@pytest.mark.parametrize(
    "content", [b"size 64", b"size = ", b"a = 1\na = 2", b"\xff\xfe\x00", b'name = "caf\xe9"']
)
def test_a_file_that_is_no_toml_is_refused_by_name(tmp_path, content):
    path = tmp_path / "blurdct.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_toml(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_or_a_folder_is_refused_by_name(tmp_path):
    for path in (tmp_path / "missing.toml", tmp_path, os.fspath(tmp_path / "null\0byte")):
        with pytest.raises(ConfigError) as caught:
            load_toml(path)
        assert str(caught.value).startswith(f"{path}: ")


def test_a_bad_setting_is_one_of_our_errors():
    with pytest.raises(BlurdctError):
        ReadConfig(size=0)
