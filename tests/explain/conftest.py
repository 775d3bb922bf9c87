"""Explanations that several tests look at; each takes a third of a second."""

import pytest

from blurdct.explain import Explanation, explain_photo
from blurdct.features.photo import Photo
from blurdct.inference.detector import Detector
from tests.helpers.pages import ROOT

SAMPLE = ROOT / "data" / "sample"


@pytest.fixture(scope="session")
def detector() -> Detector:
    return Detector.load("best")


@pytest.fixture(scope="session")
def ladybird(detector) -> Photo:
    """A small sharp subject before a soft ground."""
    return Photo(SAMPLE / "sharp" / "ladybird.jpg", detector.config, "ladybird.jpg")


@pytest.fixture(scope="session")
def explained(detector, ladybird) -> Explanation:
    return explain_photo(detector, ladybird)
