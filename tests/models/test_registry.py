import pytest

from blurdct.errors import BlurdctError, ConfigError, ModelError
from blurdct.models.registry import BACKENDS, backend, parse_name


@pytest.mark.parametrize("name", BACKENDS)
def test_a_plain_name_carries_no_parameters(name):
    assert parse_name(name) == (name, {})


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("resnet18:task=level,epochs=3", "resnet18", {"task": "level", "epochs": 3}),
        ("resnet18: task = level , epochs=3", "resnet18", {"task": "level", "epochs": 3}),
        ("lcnet:learning_rate=1e-2,head=1280", "lcnet", {"learning_rate": 0.01, "head": 1280}),
        ("laplacian:C=2", "laplacian", {"C": 2}),
        ("lcnet:optimiser=adam", "lcnet", {"optimiser": "adam"}),
        ("stacking:cnn.epochs=3", "stacking", {"cnn": {"epochs": 3}}),
        (
            "stacking:cnn.epochs=3,max_depth=2,cnn.batch=8,tree.max_depth=4",
            "stacking",
            {"cnn": {"epochs": 3, "batch": 8}, "max_depth": 2, "tree": {"max_depth": 4}},
        ),
        ("certh-fusion:certh-cnn.epochs=1", "certh-fusion", {"certh-cnn": {"epochs": 1}}),
    ],
)
def test_parameters_stand_behind_the_name(text, name, parameters):
    assert parse_name(text) == (name, parameters)
    assert backend(name)(**parameters).parameters == {**backend(name)().parameters, **parameters}


def test_a_whole_number_stays_one():
    _, parameters = parse_name("dct-xgb:rounds=20,learning_rate=1")
    assert {name: type(value) for name, value in parameters.items()} == {
        "rounds": int,
        "learning_rate": int,
    }


def test_the_usual_parameters_are_left_as_they_were():
    before = backend("stacking")().parameters
    parse_name("stacking:cnn.epochs=3")
    assert backend("stacking")().parameters == before
    assert before["cnn"] == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("resnet", "no backend 'resnet'; did you mean 'resnet18'"),
        ("resnet:task=level", "no backend 'resnet'; did you mean 'resnet18'"),
        ("", "no backend ''"),
        (":task=level", "no backend ''"),
        ("resnet18:", "expected NAME:KEY=VALUE,..., got ''"),
        ("resnet18:task", "got 'task'"),
        ("resnet18:task=", "got 'task='"),
        ("resnet18:=level", "got '=level'"),
        ("resnet18:task=level,", "got ''"),
        ("resnet18:taks=level", "no parameter 'taks'; known: task, epochs, patience"),
        ("resnet18:cnn.epochs=1", "no parameter 'cnn.epochs'; known: task"),
        ("stacking:epochs=3", "no parameter 'epochs'; known: folds, .*cnn.KEY, tree.KEY"),
        ("stacking:cnn=3", "no parameter 'cnn'; known: .*cnn.KEY"),
        ("stacking:cnn.epoch=3", "no parameter 'epoch'; known: epochs"),
        ("stacking:cnn.=3", "no parameter ''; known: epochs"),
        ("stacking:resnet18.epochs=3", "no parameter 'resnet18.epochs'"),
        ("resnet18:epochs=3,epochs=4", "epochs is given twice"),
        ("stacking:cnn.epochs=3,cnn.epochs=3", "cnn.epochs is given twice"),
        ("resnet18:epochs=2.5", "epochs: expected a whole number, got 2.5"),
        ("resnet18:epochs=true", "epochs: expected a whole number, got true"),
        ("resnet18:epochs=many", "epochs: expected a whole number, got many"),
        ('resnet18:learning_rate="1"', 'learning_rate: expected a number, got "1"'),
        ("resnet18:learning_rate=NaN", "learning_rate: expected a number, got NaN"),
        ("resnet18:learning_rate=1e999", "learning_rate: expected a number, got 1e999"),
    ],
)
def test_what_cannot_be_meant_is_one_line(text, message):
    with pytest.raises(ModelError, match=message) as refused:
        parse_name(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["resnet18:task=colour", "resnet18:epochs=0", "stacking:cnn.epochs=0"]
)
def test_a_value_that_the_backend_refuses_is_refused_at_once(text):
    with pytest.raises(ConfigError, match="expected"):
        parse_name(text)


def test_every_parameter_of_every_backend_can_be_named():
    """Also those of members."""
    for name in BACKENDS:
        for key, value in backend(name)().parameters.items():
            inner = backend(key)().parameters if isinstance(value, dict) else {}
            words = [f"{key}.{one}={own}" for one, own in inner.items()] or [f"{key}={value}"]
            for word in words:
                try:
                    registered, parameters = parse_name(f"{name}:{word}")
                except BlurdctError as error:
                    pytest.fail(f"{name}:{word}: {error}")
                assert registered == name and list(parameters) == [key]
