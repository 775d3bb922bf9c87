"""Many photographs, one answer for each, and what a worker process keeps from one to the next."""

import os
from functools import partial

import pytest

from blurdct.errors import ImageError, ModelError
from blurdct.inference import workers
from blurdct.inference.workers import BATCH, answer_each, in_worker, judge_looks, keep
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


class Spoilt:
    """Looks at words; fails on ``nan``, and on all that it is asked about together with it."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def verdicts(self, looks):
        self.asked.append(looks)
        if "nan" in looks:
            raise ModelError("nan")
        return [word.upper() for word in looks]


def test_looks_are_judged_some_at_once_and_come_back_in_order(monkeypatch):
    monkeypatch.setattr(workers, "PAUSE", 60.0)
    detector, words = Spoilt(), [f"w{number}" for number in range(19)]
    words[3] = None
    found = list(judge_looks(detector, enumerate(words)))
    assert found == [(n, word and word.upper()) for n, word in enumerate(words)]
    assert [len(few) for few in detector.asked] == [BATCH - 1, BATCH, 3]


def test_where_the_model_fails_on_one_the_others_have_their_verdicts():
    found = [one for _, one in judge_looks(Spoilt(), enumerate(["a", "nan", "b"]))]
    assert found[::2] == ["A", "B"] and isinstance(found[1], ModelError)


def test_what_came_before_an_error_is_judged_before_it_is_raised():
    def looked():
        yield 0, "a"
        raise ValueError("no more")

    stream = judge_looks(Spoilt(), looked())
    assert next(stream) == (0, "A")
    with pytest.raises(ValueError, match="no more"):
        next(stream)


def test_whoever_waits_does_not_wait_for_the_rest(monkeypatch):
    monkeypatch.setattr(workers, "PAUSE", 0.0)
    taken = []
    looked = ((n, taken.append(n) or "a") for n in range(5))
    assert next(judge_looks(Spoilt(), looked)) == (0, "A") and taken == [0]
