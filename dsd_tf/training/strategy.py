"""Which devices a run trains on."""

from __future__ import annotations

import functools

import tensorflow as tf

from dsd_tf.errors import UsageError


def make_strategy(name: str, replicas: int) -> tf.distribute.Strategy:
    """The strategy of that name: "one_device", or "mirrored" over all GPUs.

    Without a GPU "mirrored" splits the CPU into `replicas` logical devices, which is for testing: they share its cores.

    Raises:
        UsageError: if TensorFlow already set up its devices another way.
    """
    if name == "one_device":
        return tf.distribute.get_strategy()
    # not the logical ones: asking for those sets TensorFlow up, and the CPU cannot be split any more
    gpus = tf.config.list_physical_devices("GPU")
    return _mirrored(tuple(f"GPU:{index}" for index in range(len(gpus))) or _logical_cpus(replicas))


@functools.cache
def _mirrored(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    """One per process and devices: strategies of their own number their exchanges alike, and mix them up."""
    return tf.distribute.MirroredStrategy(devices)


def _logical_cpus(count: int) -> tuple[str, ...]:
    cpu = tf.config.list_physical_devices("CPU")[0]
    if len(tf.config.get_logical_device_configuration(cpu) or []) != count:
        try:
            tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
        except RuntimeError as error:
            raise UsageError(
                f"--strategy=mirrored needs {count} logical CPU devices, but TensorFlow is already set up: {error}"
            ) from error
    return tuple(f"CPU:{index}" for index in range(count))
