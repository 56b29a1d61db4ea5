import socket

import pytest
import tensorflow_datasets as tfds
from absl import logging

from dsd_tf.data import tfds_builder
from dsd_tf.data.tfds_builder import open_builder
from dsd_tf.errors import UsageError


@pytest.fixture
def no_network(monkeypatch):
    """Proxies that point at a port which refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{taken.getsockname()[1]}")
            monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.setenv("no_proxy", "")
        yield


@pytest.fixture
def network(monkeypatch):
    monkeypatch.setattr(tfds_builder, "reachable", lambda url: True)


def stand_in(monkeypatch, download_and_prepare):
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", download_and_prepare)


def test_a_missing_set_without_a_network_says_how_to_supply_it(tmp_path, no_network, monkeypatch):
    stand_in(monkeypatch, lambda self: pytest.fail("TFDS would retry for minutes"))
    with pytest.raises(UsageError) as caught:
        open_builder("kmnist", str(tmp_path), download=True)
    message = str(caught.value)
    assert message.startswith(f"data set 'kmnist' is not in {tmp_path}/kmnist/")
    assert "no network reaches http://codh.rois.ac.jp/" in message
    assert "--data_dir" in message and "`tfds build kmnist`" in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


def test_the_network_is_given_five_seconds_by_default():
    assert tfds_builder.reachable.__defaults__ == (5.0,)


def test_a_missing_set_is_not_downloaded_against_the_callers_will(tmp_path, network, monkeypatch):
    stand_in(monkeypatch, lambda self: pytest.fail("download was not allowed"))
    with pytest.raises(UsageError, match=f"data set 'kmnist' is not in {tmp_path}/kmnist/.*; name the folder"):
        open_builder("kmnist", str(tmp_path), download=False)


def test_a_missing_set_is_downloaded_where_there_is_a_network(tmp_path, network, monkeypatch, capfd):
    prepared = []

    def download(self):
        print("Downloading and preparing dataset")
        prepared.append(self.name)

    stand_in(monkeypatch, download)
    assert open_builder("kmnist", str(tmp_path), download=True).name == "kmnist"
    assert prepared == ["kmnist"]
    out, err = capfd.readouterr()
    assert out == "" and "Downloading" in err


@pytest.mark.parametrize(
    "error",
    [
        tfds.download.DownloadError("status 404\nand more"),
        OSError("status 404"),
        AssertionError("status 404: files must be downloaded by hand"),
    ],
)
def test_a_failed_download_is_one_line(tmp_path, network, monkeypatch, error):
    def fail(self):
        raise error

    stand_in(monkeypatch, fail)
    with pytest.raises(UsageError, match=r"'kmnist' is not in .* and cannot be prepared \(status 404") as caught:
        open_builder("kmnist", str(tmp_path), download=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name, meant", [("mnits", "mnist"), ("cifar_10", "cifar10"), ("digit", "digits"), ("stl11", "stl10")]
)
def test_an_unknown_name_gets_the_nearest_one(tmp_path, name, meant):
    with pytest.raises(UsageError, match=f"unknown data set '{name}'; did you mean '{meant}'") as caught:
        open_builder(name, str(tmp_path), download=True)
    assert "fashion_mnist" in str(caught.value) and "image_folder" in str(caught.value)


@pytest.mark.parametrize("name", ["cifar10:1.0.0", "cifar10/no_such_config", "no set", ""])
def test_a_name_that_tfds_cannot_open_is_one_line(tmp_path, name):
    with pytest.raises(UsageError) as caught:
        open_builder(name, str(tmp_path), download=True)
    assert "\n" not in str(caught.value) and repr(name) in str(caught.value)


def test_the_users_log_level_is_left_as_it_was(tmp_path):
    logging.set_verbosity(logging.INFO)
    try:
        with pytest.raises(UsageError):
            open_builder("kmnist", str(tmp_path), download=False)
        assert logging.get_verbosity() == logging.INFO
    finally:
        logging.set_verbosity(logging.WARNING)
