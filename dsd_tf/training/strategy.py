"""Which devices a run trains on."""

from __future__ import annotations

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
    gpus = tf.config.list_logical_devices("GPU")
    if gpus:
        return tf.distribute.MirroredStrategy([gpu.name for gpu in gpus])
    return tf.distribute.MirroredStrategy(_logical_cpus(replicas))


def _logical_cpus(count: int) -> list[str]:
    cpu = tf.config.list_physical_devices("CPU")[0]
    if len(tf.config.get_logical_device_configuration(cpu) or []) != count:
        try:
            tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
        except RuntimeError as error:
            raise UsageError(
                f"--strategy=mirrored needs {count} logical CPU devices, but TensorFlow is already set up: {error}"
            ) from error
    return [f"CPU:{index}" for index in range(count)]
