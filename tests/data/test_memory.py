from types import SimpleNamespace

import psutil
import pytest

from dsd_tf.data.memory import check_fits
from dsd_tf.errors import UsageError


@pytest.fixture
def available(monkeypatch):
    def set_available(size: int) -> None:
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=size))

    return set_available


def test_a_set_that_fits_three_times_passes(available):
    available(3 * 100 * 12)
    check_fits("small", 100, (2, 2, 3))


def test_a_set_one_byte_too_large_is_refused(available):
    available(3 * 100 * 12 - 1)
    with pytest.raises(UsageError):
        check_fits("small", 100, (2, 2, 3))


def test_the_refusal_names_the_sizes_and_the_ways_out(available):
    available(8 * 10**9)
    with pytest.raises(UsageError) as caught:
        check_fits("imagenet2012", 1_281_167, (224, 224, 3))
    assert str(caught.value) == (
        "data set 'imagenet2012' needs 578.6 GB of memory (1281167 images of 224x224x3 bytes, up to 3 times) "
        "and 8.0 GB is available; take fewer with --train_examples or smaller ones with --image_size"
    )
