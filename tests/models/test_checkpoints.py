"""A fit that is interrupted goes on where it was; what it is known by; its context."""

from dataclasses import replace

import numpy as np
import pytest

from blurdct.models.nn import checkpoints
from blurdct.models.nn.checkpoints import digest, hash_of
from blurdct.models.nn.fit_context import USUAL, current_context, in_context
from tests.helpers.toy_networks import RECIPE, pictures, same, train

pytestmark = pytest.mark.filterwarnings("error")


class InterruptError(Exception):
    """Somebody pulled the plug."""


def until(last: int):
    """A progress bar that goes no further than so many epochs."""

    def progress(items, total, title):
        for number, item in enumerate(items):
            if number == last:
                raise InterruptError
            yield item

    return progress


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
@pytest.mark.parametrize("done", [1, 2, 3])
def test_an_interrupted_fit_goes_on_to_the_weights_of_an_uninterrupted_one(
    tmp_path, epochs, optimiser, done
):
    recipe = replace(RECIPE, optimiser=optimiser)
    whole, count = train(recipe=recipe), len(epochs)
    epochs.clear()
    with in_context(checkpoints=tmp_path, progress=until(done)), pytest.raises(InterruptError):
        train(recipe=recipe)
    assert len(epochs) == done < count
    with in_context(checkpoints=tmp_path):
        assert same(train(recipe=recipe), whole)
    assert len(epochs) == count


def test_a_finished_fit_is_not_done_again_and_its_time_is_known(tmp_path, epochs):
    times = []
    for _ in range(2):
        spent = []
        with in_context(checkpoints=tmp_path, spent=spent):
            network = train()
        assert len(epochs) == RECIPE.epochs
        times += spent
    assert len(times) == 2
    assert times[0] == times[1] > 0
    with in_context(checkpoints=tmp_path / "other"):
        assert same(network, train())
    assert len(epochs) == 2 * RECIPE.epochs


def test_the_time_of_an_interrupted_run_counts(tmp_path, monkeypatch):
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(checkpoints.time, "perf_counter", lambda: float(next(clock)))
    with in_context(checkpoints=tmp_path, progress=until(2)), pytest.raises(InterruptError):
        train()
    spent = []
    with in_context(checkpoints=tmp_path, spent=spent):
        train()
    assert spent == [10.0 * RECIPE.epochs]


def test_another_fit_has_another_checkpoint(tmp_path, epochs):
    rows = pictures()
    moved = replace(rows, values=rows.values[::-1].copy())
    turned = replace(rows, targets=1 - rows.targets)
    weighed = replace(rows, weights=np.where(rows.y == 1, 1.0, 0.5))
    scenes = replace(rows, groups=rows.groups[::-1].copy())
    with in_context(checkpoints=tmp_path):
        train(rows)
        for number, (other, changes) in enumerate(
            [
                (rows, {"recipe": replace(RECIPE, epochs=3)}),
                (rows, {"recipe": replace(RECIPE, learning_rate=0.01)}),
                (rows, {"recipe": replace(RECIPE, seed=1)}),
                (rows, {"name": "Other"}),
                (rows, {"about": {"label_smoothing": 0.1}}),
                (moved, {}),
                (turned, {}),
                (weighed, {}),
                (scenes, {}),
            ],
            start=2,
        ):
            before = len(epochs)
            train(other, **changes)
            assert len(epochs) > before
            assert len(list(tmp_path.iterdir())) == number


def test_nothing_is_kept_where_there_is_no_folder_for_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train()
    assert list(tmp_path.iterdir()) == []


# Digests and contexts


def test_a_digest_tells_numbers_shapes_and_types_apart():
    array = np.arange(6, dtype=np.float32)
    others = [array + 1, array.reshape(2, 3), array.astype(np.int32), array[:5], array[::-1]]
    assert len({digest(one) for one in (array, *others)}) == 6
    assert digest(array) == digest(array.copy()) == digest(np.repeat(array, 2)[::2])
    assert digest(array, array) != digest(array)
    words = np.array(["a", "bc"], dtype=object)
    assert digest(words) == digest(words.copy()) != digest(words[::-1])
    # the same on every machine, or checkpoints that were carried along would be for nothing
    assert digest(np.arange(3, dtype=np.int64)) == "6abff76d1cfea3b7d61dd07c"


def test_a_seed_out_of_several_things_is_the_same_everywhere():
    assert hash_of(0, 1) == hash_of(0, 1) != hash_of(1, 0)
    assert all(0 <= hash_of(0, epoch) < 2**32 for epoch in range(50))


def test_circumstances_hold_within_their_block_alone(tmp_path):
    assert current_context() == USUAL
    with in_context(device="cpu"):
        with in_context(checkpoints=tmp_path) as now:
            assert (now.device, now.checkpoints) == ("cpu", tmp_path)
            assert current_context() == now
        assert current_context().checkpoints is None
        assert current_context().device == "cpu"
    with pytest.raises(InterruptError), in_context(device="cpu"):
        raise InterruptError
    assert current_context() == USUAL


def test_progress_is_told_how_many_epochs_of_which_model_are_left(tmp_path):
    told = []

    def progress(items, total, title):
        told.append((total, title))
        return until(1)(items, total, title) if len(told) == 1 else items

    with in_context(checkpoints=tmp_path, progress=progress):
        with pytest.raises(InterruptError):
            train(name="Tiny")
        for _ in range(2):
            train(name="Tiny")
    assert told == [(4, "Tiny: epochs"), (3, "Tiny: epochs"), (0, "Tiny: epochs")]
