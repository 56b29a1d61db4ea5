"""Which devices a run trains on."""

from __future__ import annotations

import functools
import signal

import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.workers.cluster import Cluster


def make_strategy(name: str, replicas: int, cluster: Cluster | None = None) -> tf.distribute.Strategy:
    """The strategy of that name: "one_device", "mirrored" over all GPUs, or "multi_worker" over those of a cluster.

    "auto" is the last of these that there are devices for; so is "multi_worker" without a `cluster`, which is the name
    of a cluster of one. Without a GPU "mirrored" splits the CPU into `replicas` logical devices, which is for testing:
    they share its cores. With a cluster nothing may have been computed before, and all its workers have to call this.

    Raises:
        UsageError: if TensorFlow already set up its devices another way.
    """
    if cluster is not None:
        return _multi_worker(cluster)
    # not the logical ones: asking for those sets TensorFlow up, and the CPU cannot be split any more
    gpus = tf.config.list_physical_devices("GPU")
    if name == "one_device" or (name != "mirrored" and len(gpus) < 2):
        return tf.distribute.get_strategy()
    return _mirrored(tuple(f"GPU:{index}" for index in range(len(gpus))) or _logical_cpus(replicas))


def _multi_worker(cluster: Cluster) -> tf.distribute.Strategy:
    at_termination = signal.getsignal(signal.SIGTERM)
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(
            cluster_resolver=tf.distribute.cluster_resolver.SimpleClusterResolver(
                tf.train.ClusterSpec({"worker": list(cluster.workers)}),
                task_type="worker",
                task_id=cluster.index,
                rpc_layer="grpc",
            )
        )
    except RuntimeError as error:
        raise UsageError(f"{cluster.name(cluster.index)} cannot join the others in TensorFlow: {error}") from error
    finally:
        # TensorFlow notes a termination for whoever asks it, and the process would go on
        signal.signal(signal.SIGTERM, at_termination)


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
