import pandas as pd
import pytest

from blurdct.config import TrainConfig
from blurdct.training.training_set import build_training_set
from tests.helpers import toys


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return toys.table(60)


@pytest.fixture(scope="module")
def data(table):
    return build_training_set(table, TrainConfig(folds=4, shuffles=2))
