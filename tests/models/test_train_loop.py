"""The loop that trains networks, on a network of a few weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from torch import nn

from blurdct.errors import ConfigError, ModelError
from blurdct.metrics import roc_auc
from blurdct.models.nn import train_loop
from blurdct.models.nn.devices import device_name
from blurdct.models.nn.fit_context import in_context
from blurdct.models.nn.train_loop import answers
from tests.helpers.toy_networks import (
    RECIPE,
    Numbers,
    Small,
    numbers,
    pictures,
    same,
    train,
    weights_of,
)

pytestmark = pytest.mark.filterwarnings("error")


# It learns, and the same again


def test_it_learns_and_is_ready_to_answer():
    network = train(recipe=replace(RECIPE, epochs=8))
    assert not network.training
    assert {value.device.type for value in network.parameters()} == {"cpu"}
    other = pictures(seed=1)
    assert roc_auc(other.y, answers(network, other.values).numpy()) > 0.9


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_the_same_seed_gives_the_same_weights_and_another_others(optimiser):
    recipe = replace(RECIPE, optimiser=optimiser)
    first = train(recipe=recipe)
    torch.rand(3)  # what chance did elsewhere plays no part
    assert same(first, train(recipe=recipe))
    assert not same(first, train(recipe=replace(recipe, seed=1)))


def test_chance_elsewhere_is_left_alone():
    before = torch.get_rng_state()
    train()
    assert torch.equal(torch.get_rng_state(), before)


def test_what_it_learns_from_stays_as_it_was():
    rows = pictures()
    kept = {name: value.copy() for name, value in vars(rows).items()}
    train(rows)
    for name, value in kept.items():
        np.testing.assert_array_equal(getattr(rows, name), value)


# When it stops


@pytest.fixture
def aucs(monkeypatch):
    """Lets a test say what each epoch's validation AUC is."""

    def say(*values):
        told = iter(values)
        monkeypatch.setattr(train_loop, "roc_auc", lambda y, p: next(told))

    return say


@pytest.mark.parametrize(
    ("values", "done", "best"),
    [
        ((0.6, 0.9, 0.7, 0.8, 0.99, 0.99), 4, 1),  # too late to be seen
        ((0.6, 0.7, 0.8, 0.85, 0.9, 0.95), 6, 5),
        ((0.9, 0.9, 0.9, 0.95, 0.1, 0.1), 3, 0),  # as good is not better
        ((0.2, 0.1, 0.3, 0.1, 0.2, 0.9), 5, 2),
        ((0.0, 0.0, 0.0, 0.0, 0.0, 0.0), 3, 0),
    ],
)
def test_it_stops_when_nothing_gets_better_and_returns_the_best_epoch(
    epochs, aucs, tmp_path, values, done, best
):
    aucs(*values)
    network = train(recipe=replace(RECIPE, epochs=6, patience=2))
    assert len(epochs) == done
    assert all(
        torch.equal(value, epochs[best][name]) for name, value in weights_of(network).items()
    )
    last = epochs[-1]["layers.0.weight"]
    assert (best == done - 1) == torch.equal(network.layers[0].weight, last)


def test_a_fit_that_stopped_early_is_finished(epochs, aucs, tmp_path):
    aucs(0.6, 0.9, 0.7, 0.8)
    recipe = replace(RECIPE, epochs=6, patience=2)
    with in_context(checkpoints=tmp_path):
        network = train(recipe=recipe)
        assert same(train(recipe=recipe), network)  # and no AUC is asked for any more
    assert len(epochs) == 4


@pytest.mark.parametrize("patience", [1, 4])
def test_with_few_scenes_there_is_nothing_to_stop_by(epochs, monkeypatch, patience):
    def forbidden(y, p):
        raise AssertionError("nothing to check by")

    monkeypatch.setattr(train_loop, "roc_auc", forbidden)
    network = train(pictures(scenes=5), replace(RECIPE, patience=patience))
    assert len(epochs) == RECIPE.epochs
    assert torch.equal(network.layers[0].weight, epochs[-1]["layers.0.weight"])


def test_scenes_that_decide_when_to_stop_are_not_learnt_from():
    rows = numbers(60)
    network = train(rows, make=Numbers)
    learnt, asked = set(network.rows(True)), set(network.rows(False))
    assert learnt | asked == set(range(60))
    assert not {rows.groups[row] for row in learnt} & {rows.groups[row] for row in asked}
    assert abs(len(asked) - 60 / train_loop.PARTS) <= 2


def test_rows_that_count_little_do_not_decide_when_to_stop():
    weights = np.where(np.arange(60) % 4 < 2, 1.0, 0.1)
    network = train(numbers(60, weights), make=Numbers)
    asked = set(network.rows(False))
    assert asked
    assert {weights[row] for row in asked} == {1.0}
    assert {weights[row] for row in network.rows(True)} == {1.0, 0.1}


def test_where_the_scenes_kept_aside_are_of_one_label_all_are_learnt_from():
    rows = numbers(60)
    alone = np.zeros(60, int)
    alone[7] = 1
    rows = replace(rows, y=alone, targets=alone[:, None].astype(np.float32))
    network = train(rows, make=Numbers)
    assert set(network.rows(True)) == set(range(60))


# Which rows are shown


def test_an_epoch_shows_every_row_that_counts_full_once_and_in_another_order():
    network = train(numbers(10), replace(RECIPE, epochs=3, batch=5), Numbers)  # five scenes
    shown = np.array(network.rows(True)).reshape(3, 10)
    for one in shown:
        assert sorted(one) == list(range(10))
    assert len({tuple(one) for one in shown}) == 3


def test_a_row_of_a_tenth_of_the_weight_is_shown_a_tenth_as_often():
    weights = np.where(np.arange(4000) % 2, 5.0, 0.5)
    rows = replace(numbers(4000, weights), groups=np.zeros(4000))  # one scene: none kept aside
    network = train(rows, replace(RECIPE, epochs=2, batch=500), Numbers)
    times = np.bincount(network.rows(True), minlength=4000)
    assert set(times[weights == 5]) == {2}
    assert times[weights == 0.5].mean() == pytest.approx(0.2, abs=0.03)


def test_a_row_without_weight_is_never_shown():
    weights = np.where(np.arange(40) % 4 < 2, 1.0, 0.0)
    network = train(numbers(40, weights), make=Numbers)
    assert weights[network.rows(True)].min() == 1


@pytest.mark.parametrize(("count", "sizes"), [(9, [4, 4]), (10, [4, 4, 2]), (3, [3]), (4, [4])])
def test_no_batch_is_of_one_row_which_has_no_variance(count, sizes):
    rows = replace(numbers(count), groups=np.zeros(count))
    network = train(rows, replace(RECIPE, epochs=1, batch=4), Numbers)
    assert [len(rows) for learning, rows in network.seen if learning] == sizes


# What is done to pictures


def places(picture: torch.Tensor) -> list[torch.Tensor]:
    """A picture (3, H, W) in its eight positions."""
    turned = [torch.rot90(picture, quarter, (1, 2)) for quarter in range(4)]
    return turned + [one.flip(2) for one in turned]


def augmented(batch: torch.Tensor, crop: int, seed: int) -> torch.Tensor:
    return train_loop._augmented(batch, crop, torch.Generator().manual_seed(seed))


@given(seed=st.integers(0, 10_000))
def test_augmentation_moves_pixels_and_changes_brightness_but_never_blurs(seed):
    rng = np.random.default_rng(seed)
    batch = torch.from_numpy(rng.random((4, 3, 9, 9), dtype=np.float32))
    before = batch.clone()
    found = augmented(batch, 0, seed)
    assert torch.equal(batch, before)
    for picture, one in zip(batch, found, strict=True):
        values, others = picture.flatten().sort().values, one.flatten().sort().values
        gain = float(others[20] / values[20])  # of one too dark to be clipped
        assert 0.8 - 1e-5 <= gain <= 1.2 + 1e-5
        torch.testing.assert_close(others, (values * gain).clamp(0, 1))
        assert any(torch.allclose(one, (each * gain).clamp(0, 1)) for each in places(picture))


def test_every_position_and_both_brighter_and_darker_occur():
    picture = torch.rand(3, 6, 6, generator=torch.Generator().manual_seed(0)) * 0.8
    found = augmented(picture.expand(200, 3, 6, 6), 0, 0)
    positions = set()
    for one in found:
        scaled = one / one.mean() * picture.mean()
        positions |= {n for n, each in enumerate(places(picture)) if torch.allclose(scaled, each)}
    gains = found.mean(dim=(1, 2, 3)) / picture.mean()
    assert positions == set(range(8))
    assert gains.min() < 0.85 and gains.max() > 1.15


def test_a_picture_that_is_not_square_keeps_its_shape():
    assert augmented(torch.rand(20, 3, 6, 9), 0, 0).shape == (20, 3, 6, 9)


@given(seed=st.integers(0, 1000), crop=st.integers(1, 9))
def test_a_crop_is_cut_out_of_the_picture(seed, crop):
    rng = np.random.default_rng(seed)
    batch = torch.from_numpy(rng.random((2, 3, 9, 9), dtype=np.float32))
    whole, cut = augmented(batch, 0, seed), augmented(batch, crop, seed)
    assert cut.shape == (2, 3, crop, crop)
    windows = whole.unfold(2, crop, 1).unfold(3, crop, 1)  # (2, 3, places, places, crop, crop)
    same = (windows == cut[:, :, None, None]).all(dim=(0, 1, 4, 5))
    assert bool(same.any())


def test_pictures_come_as_channels_between_0_and_1_and_numbers_as_they_are():
    rows = np.zeros((2, 4, 5, 3), np.uint8)
    rows[1, 2, 3] = (255, 51, 0)
    batch = train_loop._batch(rows, torch.device("cpu"))
    assert (batch.shape, batch.dtype) == ((2, 3, 4, 5), torch.float32)
    torch.testing.assert_close(batch[1, :, 2, 3], torch.tensor([1.0, 0.2, 0.0]))
    assert float(batch.sum()) == pytest.approx(1.2)
    values = np.array([[3.5, -1]], np.float32)
    assert train_loop._batch(values, torch.device("cpu")).tolist() == [[3.5, -1]]


# The rate


def test_the_rate_rises_over_the_first_epoch_and_falls_to_nothing():
    factor = train_loop._warm_cosine(steps=10, epochs=20)
    values = np.array([factor(step) for step in range(201)])
    assert values[0] == 0.1
    assert values.argmax() in (9, 10)
    assert values.max() == 1
    assert (np.diff(values[:10]) > 0).all()
    assert (np.diff(values[10:]) < 0).all()
    assert values[-1] == pytest.approx(0, abs=1e-9)
    assert factor(500) == 0  # more steps than were counted on, as rows are drawn


@pytest.mark.parametrize(("steps", "epochs"), [(1, 1), (1, 2), (3, 1)])
def test_the_rate_of_a_short_training_is_above_0(steps, epochs):
    factor = train_loop._warm_cosine(steps, epochs)
    assert all(0 < factor(step) <= 1 for step in range(steps * epochs))


def test_a_weight_may_have_a_decay_of_its_own():
    network = Small()
    network.decays = {"layers.0.weight": 0.5}
    optimiser = train_loop._optimiser(network, replace(RECIPE, weight_decay=0.01))
    names = [name for name, _ in network.named_parameters()]
    decays = [group["weight_decay"] for group in optimiser.param_groups]
    assert dict(zip(names, decays, strict=True)) == {
        name: 0.5 if name == "layers.0.weight" else 0.01 for name in names
    }


# Where and how exactly


def test_a_cuda_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with in_context(device="cuda"), pytest.raises(ConfigError, match="no CUDA device here"):
        train()
    with in_context(device="cpu"):
        assert device_name().startswith("CPU, ")
        train(recipe=replace(RECIPE, epochs=1))


@pytest.fixture
def precision(monkeypatch):
    """Whether each forward pass was in mixed precision: while learning, and while answering."""
    seen = {True: set(), False: set()}

    class Spy(Small):
        def forward(self, pixels):
            on = torch.is_autocast_enabled("cpu")
            seen[self.training].add(torch.get_autocast_dtype("cpu") if on else None)
            return super().forward(pixels)

    def run(capabilities, **changes):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
        with in_context(device="cpu"):
            train(recipe=replace(RECIPE, epochs=1, **changes), make=Spy)
        return seen[True], seen[False]

    return run


@pytest.mark.parametrize("capabilities", [{}, {"amx_bf16": False, "avx512_bf16": True}])
def test_a_processor_without_matrix_units_computes_in_full_precision(precision, capabilities):
    assert precision(capabilities) == ({None}, {None})


def test_a_processor_with_matrix_units_learns_in_mixed_precision(precision):
    learning, answering = precision({"amx_bf16": True})
    assert learning == {torch.bfloat16}
    assert None in answering  # what is returned is looked at in full


def test_a_network_that_gains_nothing_is_trained_in_full_precision(precision):
    assert precision({"amx_bf16": True}, mixed_on_cpu=False) == ({None}, {None})


def test_answers_are_in_full_precision_unless_asked_otherwise(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    seen = []

    class Spy(Small):
        def forward(self, pixels):
            seen.append(torch.is_autocast_enabled("cpu"))
            return super().forward(pixels)

    network = Spy()
    answers(network, pictures(4).values)
    answers(network, pictures(4).values, RECIPE)
    assert seen == [False, True]


def test_answers_come_row_by_row_whatever_their_number():
    network, rows = train(recipe=replace(RECIPE, epochs=1)), pictures(80).values
    whole = answers(network, rows)
    assert (whole.shape, whole.dtype) == ((80,), torch.float32)
    alone = torch.cat([answers(network, rows[n : n + 1]) for n in (0, 40, 79)])
    torch.testing.assert_close(alone, whole[[0, 40, 79]])
    assert answers(network, rows[:0]).shape == (0,)


# Rounding


def test_weights_are_rounded_to_16_bits_which_moves_p_little(monkeypatch):
    rounded = train()
    monkeypatch.setattr(train_loop, "_rounded", lambda network, rows: network)
    exact = train()
    for name, value in rounded.state_dict().items():
        wide = exact.state_dict()[name]
        assert torch.equal(value, wide.half().float() if value.dim() > 1 else wide)
    assert not same(rounded, exact)
    rows = pictures(seed=2).values
    p, q = (torch.sigmoid(answers(network, rows)) for network in (rounded, exact))
    assert float((p - q).abs().max()) < 1e-3


@pytest.mark.parametrize("weight", [1000.26, 1e5])
def test_weights_that_16_bits_hold_too_badly_stay_as_they_are(weight):
    network = nn.Sequential(nn.Linear(1, 1), nn.Flatten(0))
    with torch.no_grad():
        network[0].weight.fill_(weight)
        network[0].bias.fill_(-weight)
    rows = np.ones((3, 1), np.float32)
    train_loop._rounded(network, rows)
    assert network[0].weight.item() == np.float32(weight)
    torch.testing.assert_close(answers(network, rows), torch.zeros(3))


@pytest.mark.parametrize("scenes", [None, 3])
def test_weights_that_run_off_to_infinity_are_one_line(scenes):
    recipe = replace(RECIPE, learning_rate=1e38, optimiser="sgd")
    with pytest.raises(ModelError, match="^Small: training ran off to infinity; a smaller"):
        train(pictures(scenes=scenes), recipe)
