import pytest

from blurdct.inference.thresholds import Thresholds
from blurdct.video.plot import plot_scores


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (0.0, "0:00.0"),
        (12.5, "0:12.5"),
        (59.94, "0:59.9"),
        (59.96, "1:00.0"),
        (119.97, "2:00.0"),
        (3599.96, "1:00:00.0"),
        (7325.04, "2:02:05.0"),
    ],
)
def test_a_marked_frame_tells_its_time_as_a_clock_does(time, shown):
    row = {"time": time, "score": 7.0, "label": "clear"}
    text = plot_scores([row], Thresholds(0.2, 0.8), "a clip", [row])
    assert f"<title>{shown}: 7.0</title>" in text


def test_no_tick_shows_sixty_seconds():
    rows = [{"time": time, "score": 7.0, "label": "clear"} for time in (54.6, 64.6)]
    text = plot_scores(rows, Thresholds(0.2, 0.8), "a clip")
    assert ">1:00</text>" in text
    assert ":60" not in text
