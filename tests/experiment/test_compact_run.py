"""What compaction of a run's network is reported to bring."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dsd_tf.compression.compact import Compacted, compact
from dsd_tf.errors import UsageError
from dsd_tf.experiment import compact_run
from dsd_tf.experiment.compact_run import compact_checked, compaction_figures
from dsd_tf.experiment.export_run import export_run
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.export import keras_file
from dsd_tf.settings import Settings


@pytest.fixture(scope="module")
def filter_run(watched, tmp_path_factory):
    """Magnitude pruning of whole filters, half of them."""
    settings = Settings(
        dataset="digits",
        train_examples=200,
        model="vgg_like",
        depth=2,
        width_log2=3,
        method="one_shot",
        retrain="finetune",
        granularity="filter",
        allocation="uniform",
        protect_last=True,
        sparsity=0.5,
        epochs=1,
        batch_size=50,
    )
    return watched(settings, tmp_path_factory.mktemp("filters") / "run")


def test_filter_pruning_exports_as_a_smaller_network_that_says_the_same(filter_run, tmp_path):
    result = export_run(filter_run.path, "keras", tmp_path / "small.keras", compact=True)
    figures = result["compact"]
    small, network = keras_file.load(tmp_path / "small.keras"), FinishedRun(filter_run.path).network()
    images = np.random.default_rng(1).random((20, *network.input_shape[1:]), dtype=np.float32)
    expected = np.asarray(network(images))
    assert np.abs(expected - np.asarray(small(images))).max() < 1e-5 * np.abs(expected).max()
    assert figures["parameters"] == [network.count_params(), small.count_params()]
    assert figures["parameters"][1] < 0.5 * figures["parameters"][0]
    assert figures["flops"][1] < 0.5 * figures["flops"][0]
    assert figures["keras_bytes"][1] == pytest.approx(result["bytes"], rel=0.01)
    assert figures["max_difference"] < 1e-4
    assert figures["left"] == {}
    for latency in figures["latency"].values():
        assert all(milliseconds > 0 for milliseconds in latency["milliseconds"])
    assert result["variables_bytes"] == 4 * small.count_params()


def test_without_it_nothing_is_said_of_it(filter_run, tmp_path):
    assert "compact" not in export_run(filter_run.path, "keras", tmp_path / "net.keras")


def test_by_default_it_goes_beside_the_plain_export(filter_run, monkeypatch):
    monkeypatch.setattr(compact_run, "compaction_figures", lambda *given: {})
    result = export_run(filter_run.path, "litert", compact=True)
    assert result["path"] == str(filter_run.path / "export" / "level01-compact.tflite")


def network(scale: float) -> keras.Model:
    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Dense(2)(x), name="dense")
    model.set_weights([np.full((3, 2), scale), np.zeros(2)])
    return model


def test_a_compaction_that_changes_what_a_network_says_is_refused(monkeypatch):
    monkeypatch.setattr(compact_run, "compact", lambda model: Compacted(network(1.001), {}, {}))
    with pytest.raises(UsageError, match="compaction changes the outputs of dense by 0.00[0-9]+; export it as it is"):
        compact_checked(network(1.0))


def test_what_rounding_does_to_the_outputs_of_the_network_itself_is_no_change(monkeypatch):
    def steep(offset: float) -> keras.Model:
        x = keras.Input((3,))
        model = keras.Model(x, keras.ops.sin(keras.layers.Dense(2)(x)))
        model.set_weights([np.full((3, 2), 1000.0), np.full(2, offset)])
        return model

    monkeypatch.setattr(compact_run, "compact", lambda model: Compacted(steep(1e-4), {}, {}))
    assert compact_checked(steep(0.0))[1] > 5e-5
    monkeypatch.setattr(compact_run, "compact", lambda model: Compacted(steep(1e-2), {}, {}))
    with pytest.raises(UsageError, match="compaction changes the outputs"):
        compact_checked(steep(0.0))


def test_figures_are_before_and_after():
    model = network(1.0)
    figures = compaction_figures(model, compact(model), 0.0)
    assert figures["parameters"] == [8, 8]
    assert figures["units"] == {model.layers[1].name: [2, 2]}
