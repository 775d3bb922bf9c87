import pytest

from blurdct.errors import ConfigError
from blurdct.utils.durations import number_and_unit, seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [("2s", 2), (" 2 S ", 2), ("500ms", 0.5), (".5", 0.5), ("1.", 1), ("2min", 120), ("1h", 3600)],
)
def test_a_span_of_time_is_seconds_whatever_its_unit(text, value):
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "s", "-1s", "1d", "none", "1none", "1e3", "nan", "1s 2s"])
def test_what_is_no_span_of_time_is_refused(text):
    with pytest.raises(ConfigError, match="expected a time such as 2s, 500ms, 2min or 1h, got"):
        seconds(text)


def test_a_number_may_have_any_unit_or_none():
    assert number_and_unit("10 F") == (10, "f")
    assert number_and_unit(".5") == (0.5, "")
    assert number_and_unit("f") is None
