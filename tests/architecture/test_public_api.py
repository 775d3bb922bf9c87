"""What a user may import: the faces of the package, and that they keep their promise."""

import ast
import subprocess
import sys
from importlib import import_module

import pytest

from tests.helpers.layers import FACES, MODULES, ROOT

# The names that scripts of users have; each is where it always was.
PROMISED = {
    "": "FEATURES Detector Prediction SizeVerdict image_features block_statistics read_luma "
    "judge_sizes score_frame BlurdctError ConfigError ImageError ModelError __version__",
    "errors": "BlurdctError ConfigError ImageError ModelError",
    "config": "ReadConfig SynthConfig TrainConfig from_dict load_toml",
    "results": "COLUMNS form open_csv read verdicts write",
    "metrics": "at_cutoff average_precision by_cutoff calibration_error confusion curves interval "
    "mean_of reliability resampled_roc_auc roc_auc summary threshold_at_fnr threshold_at_fpr "
    "tpr_at_fpr",
    "images": "MIN_SIDE Source find_photos is_photo read_least read_luma read_rgb read_sized",
    "features": "BANDS FEATURES STATISTICS band_statistics block_statistics coefficient_strips "
    "image_features",
    "torch": "FEATURES block_statistics image_features",
    "inference": "Bundle Detector load",
    "models": "BACKENDS Backend backend completed parse_name seeded",
    "scan": "Summary scan",
    "video": "COLUMNS Clip Frame Step save_frames score sharpest step",
    "report": "write_report",
    "sklearn": "BlurClassifier BlurFeatures",
}


def face(name):
    return import_module(f"blurdct.{name}".rstrip("."))


PUBLIC = sorted(name for name in FACES if getattr(face(name), "__all__", ()))
# Their one function is all that they are about, and no face hands it on.
ONE_THING = ("parallel.cores", "models.contrasts")


def submodules(name):
    """The modules and folders directly in a folder of the package."""
    below = f"{name}." if name else ""
    inside = {other.removeprefix(below) for other in MODULES if other.startswith(below)}
    return {other.partition(".")[0] for other in inside}


def promised(name):
    return [(name, one) for one in PROMISED[name].split()]


@pytest.mark.parametrize(
    ("name", "promise"), [pair for name in PROMISED for pair in promised(name)]
)
def test_names_that_users_have_in_their_scripts_are_where_they_were(name, promise):
    assert hasattr(face(name), promise)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_face_hands_on_all_that_it_names_and_says_what_each_is(name):
    shown = face(name)
    assert sorted(shown.__all__) == sorted(set(shown.__all__))
    for public in shown.__all__:
        found = getattr(shown, public)
        # constants and types have their words beside them in the source
        if getattr(found, "__module__", "").startswith("blurdct"):
            assert (found.__doc__ or "").strip(), public
        assert public in dir(shown)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_face_has_no_name_that_is_a_module_in_its_folder(name):
    # which of the two it would be depends on what was imported before
    assert not set(face(name).__all__) & submodules(name)


@pytest.mark.parametrize("name", sorted(name for name in MODULES if not name.startswith("cli.")))
def test_no_function_is_called_as_the_module_that_it_stands_in(name):
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    own = name.rpartition(".")[2]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = {node.name for node in tree.body if isinstance(node, kinds)}
    if name not in ONE_THING:
        assert own not in names


@pytest.mark.parametrize("name", PUBLIC)
def test_type_checkers_see_the_names_that_a_face_hands_on(name):
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    seen = [alias.asname for node in block.body for alias in node.names]
    assert sorted(seen) == sorted(face(name).__all__)


def test_a_name_that_no_face_has_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'blurdct.images' has no attribute 'nothing'"):
        _ = face("images").nothing


def test_a_face_imports_none_of_its_modules_before_it_is_asked():
    code = """
import sys
import blurdct, blurdct.images, blurdct.inference, blurdct.training, blurdct.evaluation
print(sorted(set(sys.modules) & {"numpy", "cv2", "onnxruntime", "pandas", "torch", "sklearn"}))
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.stdout.strip() == "[]", run.stderr
