import pytest
import torch

from blurdct.models.nn import train_loop
from tests.helpers.toy_networks import weights_of


@pytest.fixture
def epochs(monkeypatch) -> list[dict[str, torch.Tensor]]:
    """The weights after each epoch that is learnt; nothing is rounded."""
    after = []
    learn = train_loop._epoch

    def epoch(network, *arguments):
        learn(network, *arguments)
        after.append(weights_of(network))

    monkeypatch.setattr(train_loop, "_epoch", epoch)
    monkeypatch.setattr(train_loop, "_rounded", lambda network, rows: network)
    return after
