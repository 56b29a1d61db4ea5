"""What the Ray engine says before it has a cluster; on a cluster it is tested where studies are killed."""

from __future__ import annotations

import socket
import sys

import pytest

from dsd_tf import registry
from dsd_tf.errors import UsageError
from dsd_tf.studies.engine import EngineOptions


def make(address: str):
    return registry.resolve("--engine", registry.ENGINES, "ray")(EngineOptions(ray_address=address))


def test_without_ray_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "dsd_tf.studies.ray_engine", raising=False)
    with pytest.raises(UsageError, match="Ray is not installed; run: pip install"):
        make("")


def test_an_address_where_nothing_listens_is_refused_at_once():
    pytest.importorskip("ray")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(UsageError, match=f"no Ray cluster at --ray_address={address} .*refused"):
            make(address)


@pytest.mark.parametrize("address", ["127.0.0.1:seventy", "127.0.0.1:70000000", "nonsense"])
def test_an_address_that_is_none_is_refused(address):
    pytest.importorskip("ray")
    with pytest.raises(UsageError, match=address):
        make(address)
