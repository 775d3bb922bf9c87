"""What a graph says to rows, however many, and how one that cannot be run is refused."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

import blurdct
from blurdct.errors import ModelError
from blurdct.inference.session import BATCH, Session
from tests.helpers import toys

pytestmark = pytest.mark.filterwarnings("error")


def rows(count: int) -> dict[str, np.ndarray]:
    values = np.random.default_rng(0).normal(3, 3, (count, 18)).astype(np.float32)
    return {"features": values}


@pytest.fixture(scope="module")
def toy() -> Session:
    return Session(toys.graph())


def counting() -> bytes:
    """A graph whose P is the number of rows that it is given at once, in thousands."""
    nodes = [
        helper.make_node("Shape", ["features"], ["shape"]),
        helper.make_node("Gather", ["shape", "first"], ["rows"]),
        helper.make_node("Cast", ["rows"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["number", "thousand"], ["share"]),
        helper.make_node("Expand", ["share", "rows"], ["probability"]),
    ]
    made = helper.make_graph(
        nodes,
        "counting",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 18])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n"])],
        [
            helper.make_tensor("first", TensorProto.INT64, [1], [0]),
            helper.make_tensor("thousand", TensorProto.FLOAT, [], [1000.0]),
        ],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(made, opset_imports=opsets, ir_version=8).SerializeToString()


def test_a_graph_says_what_it_takes_and_gives(toy):
    assert (toy.inputs, toy.outputs) == (("features",), ("probability",))
    assert Session(toys.graph_with_map()).outputs == ("probability", "map")
    places = Session(toys.map_graph())
    assert (places.inputs, places.outputs) == (("cells",), ("map",))
    width = Session(toys.blur_graph())
    assert (width.inputs, width.outputs) == (("features",), ("extent",))
    assert Session(toys.blur_graph(kind=True)).outputs == ("extent", "motion")


def test_a_table_is_answered_a_batch_at_a_time():
    answers = Session(counting()).probabilities(rows(2 * BATCH + 3))
    np.testing.assert_allclose(1000 * answers, [*[BATCH] * 2 * BATCH, 3, 3, 3], rtol=1e-6)


@pytest.mark.parametrize("count", [0, 1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH])
def test_a_row_means_the_same_in_any_company(toy, count):
    given = rows(count)
    answers = toy.probabilities(given)
    assert (answers.shape, answers.dtype) == ((count,), np.float32)
    logits = 2 - given["features"][:, 12] / 2
    np.testing.assert_allclose(answers, 1 / (1 + np.exp(-logits)), atol=1e-6)
    np.testing.assert_array_equal(toy.run(given)["probability"].shape, answers.shape)


def test_rows_that_the_graph_does_not_take_are_left_alone(toy):
    given = rows(3)
    more = {"gradients": np.zeros((2, 1)), **given}
    np.testing.assert_array_equal(toy.probabilities(more), toy.probabilities(given))
    np.testing.assert_array_equal(toy.run(more)["probability"], toy.run(given)["probability"])


@pytest.mark.parametrize("graph", [b"", b"garbage", toys.graph()[:100]])
def test_what_is_no_graph_is_refused_in_one_line(graph):
    with pytest.raises(ModelError, match="^the model's graph cannot be run \\(.+\\)$") as refused:
        Session(graph)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("call", [Session.run, Session.probabilities])
@pytest.mark.parametrize(("graph", "width"), [(toys.graph(), 17), (toys.graph(output="score"), 18)])
def test_rows_of_another_width_and_a_graph_without_p_are_refused_in_one_line(call, graph, width):
    given = {"features": np.zeros((2, width), np.float32)}
    with pytest.raises(ModelError, match="^the model's graph cannot be run \\(.+\\)$") as refused:
        call(Session(graph), given)
    assert "\n" not in str(refused.value)


def saying(value: float, shape: list[int] | None = None, output: str = "probability") -> bytes:
    """A graph that says the same to each row; of another shape if told."""
    rows = [helper.make_node("Shape", ["features"], ["all"])]
    rows.append(helper.make_node("Gather", ["all", "first"], ["rows"]))
    constants = [helper.make_tensor("first", TensorProto.INT64, [1], [0])]
    if shape is not None:
        rows, constants = [], [helper.make_tensor("rows", TensorProto.INT64, [len(shape)], shape)]
    constants.append(helper.make_tensor("value", TensorProto.FLOAT, [1], [value]))
    made = helper.make_graph(
        [*rows, helper.make_node("Expand", ["value", "rows"], [output])],
        "saying",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 18])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        constants,
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(made, opset_imports=opsets, ir_version=8).SerializeToString()


@pytest.mark.parametrize("call", [Session.run, Session.probabilities])
@pytest.mark.parametrize("value", [np.nan, np.inf, -0.01, 1.01, 50])
def test_what_is_no_probability_is_refused_in_one_line(call, value):
    with pytest.raises(ModelError, match=f"gives a probability of {value}.*, which is none of 0"):
        call(Session(saying(value)), rows(3))
    if call is Session.run:
        with pytest.raises(ModelError, match=f"gives a motion of {value}.*, which is none of 0"):
            call(Session(saying(value, output="motion")), rows(3))


@pytest.mark.parametrize("shape", [[2], [3, 1], [0]])
def test_an_answer_for_other_rows_than_were_given_is_refused(shape):
    with pytest.raises(ModelError, match="gives probability of shape"):
        Session(saying(0.5, shape)).run(rows(3))


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.01, 1e7])
def test_an_extent_that_is_no_number_of_pixels_is_refused_in_one_line(value):
    words = "graph gives an extent of .*, which is none of 0 to 1e\\+06$"
    with pytest.raises(ModelError, match=words) as refused:
        Session(saying(value, output="extent")).run(rows(3))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("shape", [[2], [3, 1], [0]])
def test_extents_of_other_rows_than_were_given_are_refused(shape):
    with pytest.raises(ModelError, match="gives extent of shape"):
        Session(saying(0.5, shape, "extent")).run(rows(3))


@pytest.mark.parametrize("value", [0.0, 1.5, 640.0])
def test_an_extent_may_be_any_number_of_pixels(value):
    answers = Session(saying(value, output="extent")).run(rows(BATCH + 1))
    assert answers.keys() == {"extent"}
    np.testing.assert_array_equal(answers["extent"], np.full(BATCH + 1, value, np.float32))


@pytest.mark.parametrize("value", [0.0, 1.0, 1.000001])
def test_rounding_is_forgiven(value):
    assert len(Session(saying(value)).probabilities(rows(3))) == 3


def test_nothing_else_in_the_package_opens_a_graph_but_what_checks_an_exported_one():
    package = Path(blurdct.__file__).parent
    opening = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "InferenceSession(" in path.read_text(encoding="utf-8")
    ]
    assert sorted(opening) == ["export/check.py", "inference/session.py"]
