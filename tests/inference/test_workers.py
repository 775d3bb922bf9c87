"""Many photographs, one answer for each, and what a worker process keeps from one to the next."""

import os
from functools import partial

import pytest

from blurdct.errors import ImageError
from blurdct.inference import workers
from blurdct.inference.workers import answer_each, in_worker, keep
from blurdct.parallel.pool import ordered_map


class Loaded:
    """Something that is to be sent to a process once; it notes how often it was."""

    def __init__(self, name):
        self.name = name

    def __reduce__(self):
        return _arrived, (self.name,)


arrivals = []


def _arrived(name):
    arrivals.append(name)
    return Loaded(name)


def judge(loaded, photo):
    if photo == "bad":
        raise ImageError("bad: no photo")
    return loaded.name, photo, len(arrivals), os.getpid()


def joined(first, second, item):
    return f"{first}{second}{item}"


def test_what_is_kept_comes_before_every_item():
    keep("a", 1)
    assert [in_worker(joined, item) for item in "xy"] == ["a1x", "a1y"]
    keep("b", 2)
    assert in_worker(joined, "x") == "b2x"


def test_processes_keep_what_they_were_given_at_their_start():
    made = ordered_map(partial(in_worker, joined), "wxyz", 2, 1, keep, ("a", 1))
    assert list(made) == ["a1w", "a1x", "a1y", "a1z"]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_stands_in_the_place_of_its_photo(workers):
    first, error, second = answer_each(judge, Loaded("m"), ["0", "bad", "1"], workers)
    assert [first[:2], second[:2]] == [("m", "0"), ("m", "1")]
    assert isinstance(error, ImageError) and str(error) == "bad: no photo"


def fatal(loaded, photo):
    if photo == "bomb":
        os._exit(1)
    return photo


def test_a_photo_that_kills_its_processes_has_an_error_and_the_others_an_answer():
    photos = [str(number) for number in range(20)]
    photos[9] = "bomb"
    answers = list(answer_each(fatal, Loaded("m"), photos, 2, 4))
    error = answers[9]
    assert isinstance(error, ImageError) and str(error) == "bomb: the worker process died on it"
    assert [*answers[:9], *answers[10:]] == [*photos[:9], *photos[10:]]


def test_a_model_is_sent_to_each_process_once_however_many_photos_there_are():
    photos = [str(number) for number in range(12)]
    answers = list(answer_each(judge, Loaded("m"), photos, 2, chunk=2))
    assert [answer[1] for answer in answers] == photos
    assert {answer[2] for answer in answers} == {1}
    assert os.getpid() not in {answer[3] for answer in answers}


def test_on_one_core_there_is_no_other_process_and_models_take_turns(monkeypatch):
    monkeypatch.setattr(workers, "cores", lambda: 1)
    both = (answer_each(judge, Loaded(name), ["0", "1"], None) for name in "mn")
    for one, other in zip(*both, strict=True):
        assert (one[0], other[0]) == ("m", "n")
        assert one[3] == other[3] == os.getpid()


@pytest.mark.parametrize("photos", ["photo.jpg", b"photo.jpg"])
def test_one_path_in_place_of_several_is_refused(photos):
    with pytest.raises(ValueError, match="expected several paths, got one string; judge takes one"):
        next(answer_each(judge, Loaded("m"), photos))
