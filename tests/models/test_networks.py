"""The networks: the shapes that were published, weights that were, and what each of them learns."""

import pickle
import struct

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from scipy.stats import spearmanr

from blurdct.errors import ConfigError, ModelError
from blurdct.metrics import roc_auc
from blurdct.models import certh_cnn
from blurdct.models.base import TrainingRows
from blurdct.models.lcnet import LCNet
from blurdct.models.nn import network
from blurdct.models.nn.fit_context import in_context
from blurdct.models.nn.network import load_published
from blurdct.models.registry import backend, parse_name
from blurdct.models.resnet18 import BLURRED, SEVERE, ResNet18

pytestmark = pytest.mark.filterwarnings("error")

NETWORKS = ("cnn", "resnet18", "certh-cnn", "lcnet")
LEVELS = 10


def pictures(count: int, side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise, and less of it the more a picture is blurred; and how blurred it is, 0..9."""
    rng = np.random.default_rng(seed)
    levels = np.arange(count) % LEVELS
    deviation = 60 * (1 - levels / LEVELS) * rng.uniform(0.8, 1.2, count)
    noise = rng.standard_normal((count, side, side, 3)) * deviation[:, None, None, None]
    return np.clip(128 + noise, 0, 255).astype(np.uint8), levels


def learnt(text: str, side: int, y: np.ndarray, levels=None, count: int = 40):
    """A network after learning from small pictures, and its P for others of the same kind."""
    name, parameters = parse_name(text)
    model = backend(name)(**parameters)
    (view,) = model.views
    shown, _ = pictures(count, side, 0)
    model.fit(TrainingRows({view: shown}, y, np.arange(count) // 2, np.ones(count), levels))
    return model, model.predict_proba({view: pictures(count, side, 1)[0]})


# Names and shapes, as they were published


def norm(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    """The entries of a batch normalisation."""
    entries = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{entry}": (channels,) for entry in entries} | {
        f"{name}.num_batches_tracked": ()
    }


def torchvision_resnet18() -> dict[str, tuple[int, ...]]:
    """Names and shapes in the file of torchvision's ``resnet18``, written down by hand."""
    shapes = {"conv1.weight": (64, 3, 7, 7), **norm("bn1", 64)}
    before = 64
    for layer, after in enumerate((64, 128, 256, 512), start=1):
        for block in (0, 1):
            at = f"layer{layer}.{block}"
            shapes[f"{at}.conv1.weight"] = (after, before, 3, 3)
            shapes |= norm(f"{at}.bn1", after)
            shapes[f"{at}.conv2.weight"] = (after, after, 3, 3)
            shapes |= norm(f"{at}.bn2", after)
            if layer > 1 and block == 0:
                shapes[f"{at}.downsample.0.weight"] = (after, before, 1, 1)
                shapes |= norm(f"{at}.downsample.1", after)
            before = after
    return shapes | {"fc.weight": (1000, 512), "fc.bias": (1000,)}


def timm_lcnet_100() -> dict[str, tuple[int, ...]]:
    """Names and shapes in the file of timm's ``lcnet_100``, written down by hand."""
    shapes = {"conv_stem.weight": (16, 3, 3, 3), **norm("bn1", 16)}
    stages = [
        [(3, 16, 32)],
        [(3, 32, 64), (3, 64, 64)],
        [(3, 64, 128), (3, 128, 128)],
        [(3, 128, 256), (5, 256, 256)],
        [(5, 256, 256)] * 4,
        [(5, 256, 512), (5, 512, 512)],
    ]
    for stage, blocks in enumerate(stages):
        for block, (kernel, before, after) in enumerate(blocks):
            at = f"blocks.{stage}.{block}"
            shapes[f"{at}.conv_dw.weight"] = (before, 1, kernel, kernel)
            shapes |= norm(f"{at}.bn1", before)
            if stage == 5:
                shapes[f"{at}.se.conv_reduce.weight"] = (before // 4, before, 1, 1)
                shapes[f"{at}.se.conv_reduce.bias"] = (before // 4,)
                shapes[f"{at}.se.conv_expand.weight"] = (before, before // 4, 1, 1)
                shapes[f"{at}.se.conv_expand.bias"] = (before,)
            shapes[f"{at}.conv_pw.weight"] = (after, before, 1, 1)
            shapes |= norm(f"{at}.bn2", after)
    shapes |= {"conv_head.weight": (1280, 512, 1, 1), "conv_head.bias": (1280,)}
    return shapes | {"classifier.weight": (1000, 1280), "classifier.bias": (1000,)}


PUBLISHED = {  # by name with parameters: the file's entries, and those that the network leaves
    "resnet18": (torchvision_resnet18(), ("fc.",)),
    "lcnet": (timm_lcnet_100(), ("classifier.", "conv_head.")),
    "lcnet:head=1280": (timm_lcnet_100(), ("classifier.",)),
}


@pytest.fixture(scope="module", params=PUBLISHED)
def published(request, tmp_path_factory):
    """A network's name, what a file of published weights holds, and what is left of that."""
    shapes, left = PUBLISHED[request.param]
    rng = np.random.default_rng(0)
    weights = {
        name: torch.tensor(7) if name.endswith("tracked")
        else torch.from_numpy(rng.standard_normal(shape).astype(np.float32))
        for name, shape in shapes.items()
    }  # fmt: skip
    return request.param, weights, left


def made(text: str) -> network.Network:
    """An unfitted network by its name with parameters."""
    name, parameters = parse_name(text)
    model = backend(name)(**parameters)
    assert isinstance(model, network.Network)
    return model


def started(text: str, file, monkeypatch) -> dict[str, torch.Tensor]:
    """What training begins with."""
    monkeypatch.setattr(network, "train_network", lambda name, make, *rest: make())
    model = made(text)
    with in_context(weights=file), torch.random.fork_rng():
        torch.manual_seed(0)
        shown = {model.views[0]: pictures(4, 32, 0)[0]}
        model.fit(TrainingRows(shown, np.arange(4) % 2, np.arange(4), np.ones(4)))
    return model.network.state_dict()


def test_the_file_of_resnet18_is_as_large_as_the_one_published():
    resnet = torchvision_resnet18()
    assert len(resnet) == 122
    tracked = [name for name in resnet if name.endswith("tracked")]
    assert len(tracked) == 20
    learnt_ones = [
        int(np.prod(shape))
        for name, shape in resnet.items()
        if not name.endswith(("tracked", "running_mean", "running_var"))
    ]
    assert sum(learnt_ones) == 11_689_512  # as torchvision states


def test_a_network_has_the_published_names_and_shapes_but_for_its_head(published):
    text, weights, left = published
    own = {name: value.shape for name, value in made(text).module().state_dict().items()}
    expected = {name: value.shape for name, value in weights.items() if not name.startswith(left)}
    assert {name: own[name] for name in own if not name.startswith(left)} == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [("lcnet", 1_017_186), ("resnet18", 11_242_305), ("cnn", 150_081), ("certh-cnn", 42_053_730)],
)
def test_a_network_has_as_many_weights_as_it_should(text, count):
    with torch.device("meta"):  # shapes alone
        weights = made(text).module().parameters()
    assert sum(value.numel() for value in weights) == count


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_published_weights_arrive_and_the_head_stays_its_own(
    published, ending, tmp_path, monkeypatch
):
    text, weights, left = published
    file = tmp_path / f"weights{ending}"
    if ending == ".pth":
        torch.save(weights, file)
    else:
        from safetensors.torch import save_file

        save_file(weights, file)
    before, after = started(text, None, monkeypatch), started(text, file, monkeypatch)
    for name, value in after.items():
        if name.startswith(left) or name.endswith("tracked"):
            torch.testing.assert_close(value, before[name], rtol=0, atol=0)
        else:
            torch.testing.assert_close(value, weights[name], rtol=0, atol=0)
            assert not torch.equal(value, before[name])


def test_what_older_files_lack_or_wrap_or_halve_is_no_hindrance(tmp_path):
    shapes = torchvision_resnet18()
    weights = {
        name: torch.full(shape, 0.5, dtype=torch.float16)
        for name, shape in shapes.items()
        if not name.endswith("tracked")
    }
    torch.save({"epoch": 90, "state_dict": weights}, tmp_path / "checkpoint.pth")
    module = ResNet18().module()
    load_published(module, tmp_path / "checkpoint.pth", "fc")
    assert module.layer4[1].conv2.weight.dtype == torch.float32
    assert (module.layer4[1].conv2.weight == 0.5).all()


def refusal(file, model: network.Network) -> str:
    """The line with which a file of weights is refused; the network is not touched."""
    module = model.module()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with pytest.raises(ModelError) as caught:
        load_published(module, file, model.head)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
    message = str(caught.value)
    assert message.startswith(f"{file}: ")
    assert "\n" not in message
    return message.removeprefix(f"{file}: ")


def lcnet_weights(**changes) -> dict:
    """Zeros as published, some entries otherwise; None leaves one out."""
    shapes = timm_lcnet_100() | changes
    return {name: torch.zeros(shape) for name, shape in shapes.items() if shape is not None}


def test_weights_that_lack_a_layer_or_have_it_otherwise_are_refused(tmp_path):
    file = tmp_path / "weights.pth"
    left = ("classifier.", "conv_head.")
    body = [n for n in timm_lcnet_100() if not n.endswith("tracked") and not n.startswith(left)]
    torch.save(lcnet_weights(**{"blocks.5.1.se.conv_reduce.bias": None}), file)
    words = f"of {len(body)} are missing or of another shape, such as"
    start = "not the weights of this network; "
    assert refusal(file, LCNet()) == f"{start}1 {words} blocks.5.1.se.conv_reduce.bias"
    torch.save(lcnet_weights(**{"bn1.weight": (17,), "bn1.bias": (17,)}), file)
    assert refusal(file, LCNet()) == f"{start}2 {words} bn1.weight"
    torch.save(lcnet_weights(), file)
    assert refusal(file, LCNet(head=640)).endswith("such as conv_head.weight")
    assert refusal(file, ResNet18()).endswith("such as conv1.weight")


class Code:
    """What a pickle would do when it is loaded."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return open, (str(self.file), "w")


def test_code_in_a_file_of_weights_is_never_run(tmp_path):
    trace = tmp_path / "trace"
    torch.save({**lcnet_weights(), "extra": Code(trace)}, tmp_path / "a.pth")
    (tmp_path / "b.pth").write_bytes(pickle.dumps({"conv_stem.weight": Code(trace)}))
    (tmp_path / "c.safetensors").write_bytes((tmp_path / "a.pth").read_bytes())
    for name in ("a.pth", "b.pth"):
        line = refusal(tmp_path / name, LCNet())
        assert line == "holds something else than tensors, or is damaged"
    refusal(tmp_path / "c.safetensors", LCNet())
    assert not trace.exists()
    with open(tmp_path / "b.pth", "rb") as file:  # the trap itself works
        pickle.load(file)["conv_stem.weight"].close()
    assert trace.exists()


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"words",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 2) + b"{}",
    ],
)
def test_a_file_of_anything_else_is_refused(tmp_path, ending, data):
    file = tmp_path / f"weights{ending}"
    file.write_bytes(data)
    refusal(file, LCNet())


@pytest.mark.parametrize(
    "held", [torch.zeros(3), [torch.zeros(3)], {}, {"conv_stem.weight": 3.0}, {"state_dict": [1]}]
)
def test_tensors_that_are_no_weights_by_name_are_refused(tmp_path, held):
    torch.save(held, tmp_path / "weights.pth")
    assert refusal(tmp_path / "weights.pth", LCNet()).startswith("not the weights of this network")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "no such file" in refusal(tmp_path / "gone.pth", LCNet())
    assert refusal(tmp_path / "gone.safetensors", LCNet())
    assert refusal(tmp_path, LCNet())


# What they are made with


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"patience": 0}, {"batch": 0}, {"learning_rate": 0}, {"learning_rate": -1}],
)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_parameter_out_of_its_range_is_refused_before_training(name, wrong):
    with pytest.raises(ConfigError, match="expected 1 or more; learning_rate: over 0"):
        backend(name)(**wrong)


def test_an_unknown_optimiser_or_task_is_refused():
    with pytest.raises(ConfigError, match="optimiser: expected adam or sgd, got 'adma'"):
        LCNet(optimiser="adma")
    known = "task: expected one of binary, severity, level, got 'levels'"
    with pytest.raises(ConfigError, match=known):
        ResNet18(task="levels")


@pytest.mark.parametrize("crop", [-1, 33])
def test_a_crop_larger_than_the_picture_is_refused(crop):
    black = {"rgb256": np.zeros((4, 32, 32, 3), np.uint8)}
    rows = TrainingRows(black, np.arange(4) % 2, np.arange(4), np.ones(4))
    with pytest.raises(ConfigError, match=f"crop: expected 0..32 pixels, got {crop}"):
        backend("cnn")(crop=crop).fit(rows)


# What they learn


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("cnn:epochs=3,batch=8,crop=32,learning_rate=1e-3", 48),
        ("resnet18:epochs=3,batch=8", 32),
        ("lcnet:epochs=16,batch=4,learning_rate=5e-3", 64),
        ("certh-cnn:epochs=2,batch=8", 96),
    ],
)
def test_a_network_tells_noise_from_less_noise_after_a_few_epochs(text, side, monkeypatch):
    monkeypatch.setattr(certh_cnn, "WIDTH", 64)
    levels = np.arange(40) % LEVELS
    _, p = learnt(text, side, (levels >= 5).astype(int))
    assert roc_auc(levels >= 5, p) > 0.8


@pytest.mark.parametrize("task", BLURRED)
def test_severity_and_level_rank_by_the_strength_of_blur(task):
    levels = np.arange(40) % LEVELS
    text = f"resnet18:task={task},epochs=3,batch=8,learning_rate=3e-4"
    model, p = learnt(text, 32, (levels > 0).astype(int), levels)
    assert spearmanr(levels, p)[0] > 0.7
    # P is the sigmoid of the output less its middle, so the order of the outputs is that of P
    assert model.network.middle == BLURRED[task][2]


# The tasks of resnet18


def test_the_class_is_learnt_whatever_is_known_of_levels():
    y = np.array([0, 1, 1])
    targets = ResNet18().targets(y, np.array([0, -1, 7]))
    np.testing.assert_array_equal(targets, [[0], [1], [1]])
    assert targets.dtype == np.float32


@pytest.mark.parametrize(
    ("task", "y", "level", "least", "most"),
    [
        ("severity", 0, 0, 0, 0),
        ("severity", 0, -1, 0, 0),
        ("severity", 0, 5, 0, 0),  # a sharp photo has no blur, whatever a table says
        ("severity", 1, -1, 1, 2),
        ("severity", 1, 0, 1, 1),
        ("severity", 1, SEVERE - 1, 1, 1),
        ("severity", 1, SEVERE, 2, 2),
        ("severity", 1, 9, 2, 2),
        ("level", 0, 0, 0, 0),
        ("level", 0, -1, 0, 0),
        ("level", 1, -1, 1, 9),
        ("level", 1, 0, 1, 1),  # blur of the weakest level is blur
        ("level", 1, 4, 4, 4),
        ("level", 1, 9, 9, 9),
    ],
)
def test_what_is_right_for_a_photo_is_an_interval(task, y, level, least, most):
    targets = ResNet18(task=task).targets(np.array([y]), np.array([level]))
    np.testing.assert_array_equal(targets, [[least, most]])
    assert targets.dtype == np.float32


@pytest.mark.parametrize("task", BLURRED)
def test_the_loss_is_zero_within_the_interval_and_its_squared_distance_outside(task):
    least, most, middle = BLURRED[task]
    value = torch.tensor([least, (least + most) / 2, most, least - 2, most + 3], requires_grad=True)
    targets = torch.tensor([[least, most]] * 5)
    loss = ResNet18(task=task).loss(value - middle, targets)
    torch.testing.assert_close(loss, torch.tensor([0.0, 0.0, 0.0, 4.0, 9.0]))
    loss.sum().backward()
    torch.testing.assert_close(value.grad, torch.tensor([0.0, 0.0, 0.0, -4.0, 6.0]))


def test_the_middle_lies_between_sharp_and_blurred():
    for least, most, middle in BLURRED.values():
        assert 0 < middle < most
        assert middle <= least + 1


def test_smoothed_labels_cost_least_at_their_own_odds():
    targets, output = torch.ones((1, 1)), torch.linspace(-5, 5, 1001)
    loss = LCNet(label_smoothing=0.1).loss(output, targets.expand(1001, 1))
    best = torch.sigmoid(output[loss.argmin()])
    assert float(best) == pytest.approx(0.95, abs=0.005)
    plain = LCNet(label_smoothing=0).loss(output, targets.expand(1001, 1))
    assert bool((plain.diff() < 0).all())


# What is stored


def test_the_graph_holds_weights_in_16_bits_and_answers_as_the_model_does():
    levels = np.arange(20) % LEVELS
    model, _ = learnt("resnet18:epochs=1,batch=8", 32, (levels >= 5).astype(int), count=20)
    shape = (224, 224, 3)  # which the graph says
    rows, _ = pictures(2, shape[0], 2)
    graph = onnx.load_from_string(model.to_onnx())
    stored = {one.name: numpy_helper.to_array(one) for one in graph.graph.initializer}
    large = [value for value in stored.values() if value.ndim > 1 and value.size > 16]
    assert len(large) >= 22
    assert {value.dtype for value in large} == {np.dtype(np.float16)}
    expected = model.predict_proba({"rgb224": rows})
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    answer = session.run(["probability"], {"rgb224": rows})[0]
    np.testing.assert_allclose(answer, expected, atol=1e-5)
    weights = sum(value.numel() for value in model.network.parameters())
    assert graph.ByteSize() < 2.05 * weights


@pytest.mark.slow
def test_the_networks_of_published_width_are_trained_and_exported_too():
    """Elsewhere in the tests their dense layers are narrow."""
    rng = np.random.default_rng(0)
    inputs = {
        "rgb96": rng.integers(0, 256, (8, 96, 96, 3), dtype=np.uint8),
        "laplacian": rng.uniform(1, 1e3, (8, 1)).astype(np.float32),
    }
    _, parameters = parse_name("certh-fusion:epochs=1,certh-cnn.epochs=1")
    model = backend("certh-fusion")(**parameters)
    model.fit(TrainingRows(inputs, np.arange(8) % 2, np.arange(8) // 2, np.ones(8)))
    graph = model.to_onnx()
    assert 240e6 < len(graph) < 250e6  # 16 bits each: two members and the dense layers
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    answer = session.run(["probability"], inputs)[0]
    np.testing.assert_allclose(answer, model.predict_proba(inputs), atol=1e-4)
