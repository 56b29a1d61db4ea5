"""A run on people's labels, from the published file to the record."""

from __future__ import annotations

import shutil

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.runner import run
from dsd_tf.settings import Settings


def test_a_run_on_peoples_labels_reports_their_noise_and_is_bound_to_their_file(real_data, tmp_path):
    file = shutil.copy(real_data / "noise" / "CIFAR-10_human.pt", tmp_path / "labels.pt")
    settings = Settings(
        dataset="cifar10",
        data_dir=str(real_data / "tfds"),
        train_examples=400,
        validation_fraction=0.01,
        width=0.1,
        epochs=1,
        label_noise_kind="worst",
        label_noise_file=str(file),
    )
    path = tmp_path / "run"
    [record] = run(settings, str(path))["results"]["phases"]
    assert record["label_noise"]["rate"] == pytest.approx(0.4021, abs=0.07)
    (path / "summary.json").unlink()
    with open(file, "ab") as handle:
        handle.write(b"\0")
    with pytest.raises(UsageError, match="--label_noise_file=.*labels.pt is not what the run in .* began with"):
        run(settings, str(path))
