"""Sparsity written for TensorBoard, read back from the event file."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.granularity import SingleWeights
from dsd_tf.sparsity.schedules import StepwiseLevels
from dsd_tf.training.callbacks.pruning_summaries import PruningSummaries
from dsd_tf.training.callbacks.update_pruning_step import UpdatePruningStep
from dsd_tf.training.rules import magnitude_rule, set_rule

X, Y = np.ones((32, 5), "float32"), np.ones((32, 2), "float32")


def pruned_model():
    model = keras.Sequential([layers.Input((5,)), layers.Dense(4, name="a"), layers.Dense(2, name="b")])
    set_rule(model.layers[0], magnitude_rule(StepwiseLevels([2, 4], [0.5, 0.75]), SingleWeights()))
    model.compile("sgd", "mse")
    return model


def fit(model, *callbacks, epochs=2):
    model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, callbacks=list(callbacks))


def written(folder):
    """(name, step, value, plugin) of every summary in the folder's event file."""
    (path,) = (folder / "metrics").glob("events.out.tfevents.*")
    found = []
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        event = tf.compat.v1.Event.FromString(record)
        for value in event.summary.value:
            plugin = value.metadata.plugin_data.plugin_name
            found.append((value.tag, event.step, tf.make_ndarray(value.tensor).item(), plugin))
    return found


def test_sparsities_are_written_each_epoch_and_at_the_end(tmp_path):
    fit(pruned_model(), UpdatePruningStep(), PruningSummaries(str(tmp_path)))
    scalars = [(tag, step, value) for tag, step, value, _ in written(tmp_path) if tag == "a/kernel/sparsity"]
    assert scalars == [
        ("a/kernel/sparsity", 0, 0.0),
        ("a/kernel/sparsity", 4, 0.75),
        ("a/kernel/sparsity", 8, 0.75),
    ]
    totals = [value for tag, _, value, _ in written(tmp_path) if tag == "sparsity"]
    assert totals == pytest.approx([0, 15 / 28, 15 / 28])


def test_summaries_are_scalars_to_tensorboard(tmp_path):
    fit(pruned_model(), UpdatePruningStep(), PruningSummaries(str(tmp_path)))
    assert {plugin for *_, plugin in written(tmp_path)} == {"scalars"}


@pytest.mark.parametrize(("frequency", "steps"), [("batch", [0, 1, 2, 3, 4]), (2, [0, 2, 4])])
def test_summaries_can_be_written_every_so_many_batches(tmp_path, frequency, steps):
    fit(pruned_model(), UpdatePruningStep(), PruningSummaries(str(tmp_path), frequency), epochs=1)
    assert sorted({step for _, step, *_ in written(tmp_path)}) == steps


def test_a_model_without_masks_is_left_alone_and_nothing_is_written(tmp_path):
    model = keras.Sequential([layers.Input((5,)), layers.Dense(2)])
    model.compile("sgd", "mse")
    fit(model, PruningSummaries(str(tmp_path)))
    assert type(model.optimizer) is keras.optimizers.SGD
    assert not list((tmp_path / "metrics").glob("*")) or written(tmp_path) == []


@pytest.mark.parametrize("log_dir", ["", None, 3])
def test_a_log_dir_that_is_no_path_is_refused(log_dir):
    with pytest.raises(UsageError, match="log_dir"):
        PruningSummaries(log_dir)


@pytest.mark.parametrize("frequency", ["step", 0, 1.5])
def test_an_unknown_update_frequency_is_refused(tmp_path, frequency):
    with pytest.raises(UsageError, match="update_freq"):
        PruningSummaries(str(tmp_path), frequency)
