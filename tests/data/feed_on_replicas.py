"""Run by test_feed.py: on two replicas, and with deterministic operations, the feed is that of one device."""

import keras
import numpy as np
import tensorflow as tf

from dsd_tf.data.feed import TrainFeed
from dsd_tf.data.images import Images


def feed() -> TrainFeed:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3), dtype=np.uint8)
    return TrainFeed(Images(pixels, np.arange(30, dtype=np.int32)), 8, seed=0, augmentation="crop_flip")


def assert_same(batches, expected) -> None:
    for batch, wanted in zip(batches, expected, strict=True):
        for got, value in zip(batch, wanted, strict=True):
            np.testing.assert_array_equal(got, value)


def gathered(distributed: tf.distribute.DistributedDataset, strategy: tf.distribute.Strategy):
    for batch in distributed:
        yield [np.concatenate(strategy.experimental_local_results(part)) for part in batch]


cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
expected = list(feed().dataset().as_numpy_iterator())
assert [len(labels) for _, labels in expected] == [8, 8, 8, 6]

tf.config.experimental.enable_op_determinism()
assert_same(feed().dataset().as_numpy_iterator(), expected)

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    dataset = feed().dataset()
    assert_same(gathered(strategy.experimental_distribute_dataset(dataset), strategy), expected)
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(30)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(dataset, epochs=2, verbose=0)
assert int(model.optimizer.iterations.numpy()) == 8
