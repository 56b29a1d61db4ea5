"""EDropout's training step: beside a plain one, and beside one that masks kernels for one state after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from benchmarks.measures.rows import Row, ratio_row
from benchmarks.measures.turns import seconds, take_turns
from dsd_tf.edropout.callback import EDropout
from dsd_tf.edropout.energy import energy
from dsd_tf.edropout.gates import GateRegistry
from dsd_tf.edropout.options import SearchOptions
from dsd_tf.edropout.search import UnitSearch
from dsd_tf.models.build import build_model
from dsd_tf.models.options import ModelOptions
from dsd_tf.training.optimizer_factory import adadelta

OPTIONS = SearchOptions()
# of the time of the loop: to be three times as fast
TARGETS = {"plain": 6.0, "loop": 1 / 3}


def measure(quick: bool) -> Iterator[Row]:
    batch, width, rounds = (32, 0.25, 3) if quick else (128, 1.0, 7)
    taken = take_turns({name: seconds(step) for name, step in _steps(batch, width).items()}, rounds)
    title = f"ResNet-18{'' if width == 1 else f' x {width:g}'}, 32x32, batch {batch}"
    what = f"{OPTIONS.population} states, parents judged anew"
    for other, named in (("plain", "a plain step"), ("loop", "masking kernels state by state")):
        yield ratio_row(
            f"{title}: EDropout step, {what}",
            taken["search"],
            taken[other],
            to=named,
            unit="ms/step",
            scale=1e3,
            target=TARGETS[other],
        )
    frozen = taken["frozen"], taken["plain"]
    yield ratio_row(f"{title}: EDropout step, frozen", *frozen, to="a plain step", unit="ms/step", scale=1e3)


def _steps(batch: int, width: float) -> dict[str, Callable[[], object]]:
    images = tf.random.stateless_uniform((batch, 32, 32, 3), [0, 0])
    labels = tf.random.stateless_uniform((batch,), [0, 1], 0, 10, tf.int32)
    data = images, labels
    plain, looping = _model(width), _model(width)
    return {
        "plain": _step(plain, data),
        "search": _search_step(_model(width), data, freeze=False),
        "frozen": _search_step(_model(width), data, freeze=True),
        "loop": _loop_step(looping, data),
    }


def _model(width: float) -> keras.Model:
    model = build_model("resnet18", (32, 32, 3), 10, ModelOptions(width=width), 0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(adadelta(1.0, 1e-5, False, 0.0, False), loss, jit_compile=False)
    return model


def _step(model: keras.Model, data: tuple[tf.Tensor, tf.Tensor]) -> Callable[[], object]:
    step = tf.function(lambda: model.train_step(data))
    return lambda: step()["loss"].numpy()


def _search_step(model: keras.Model, data: tuple[tf.Tensor, tf.Tensor], freeze: bool) -> Callable[[], object]:
    search = UnitSearch(model, OPTIONS, len(data[1]))
    EDropout(search, freeze_epoch=1).set_model(model)
    if freeze:
        search.freeze()
    return _step(model, data)


def _loop_step(model: keras.Model, data: tuple[tf.Tensor, tf.Tensor]) -> Callable[[], object]:
    """The published code's way: kernels multiplied by masks and put back, a forward pass, for every state."""
    search, (images, labels) = UnitSearch(model, OPTIONS, len(data[1])), data
    energy_of = tf.function(lambda: energy(model(images, training=True), labels))
    step, stream = _step(model, data), np.random.default_rng(0)

    def loop() -> object:
        for _ in range(OPTIONS.evaluations):
            kept = _mask_kernels(search.registry, stream.random(search.registry.size) < OPTIONS.probability)
            energy_of().numpy()
            for kernel, values in kept:
                kernel.assign(values)
        return step()

    return loop


def _mask_kernels(registry: GateRegistry, state: np.ndarray) -> list[tuple[keras.Variable, np.ndarray]]:
    """Zero what belongs to units that are off; returns the kernels with the values they had."""
    kept = []
    for gate in registry.gates:
        kernel, on = gate.layer.kernel, state[gate.bits].astype(np.float32)
        kept.append((kernel, kernel.numpy()))
        kernel.assign(kernel * (on[:, None] if gate.of_inputs else on))
    return kept
