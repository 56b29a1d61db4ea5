"""The .keras file: no optimizer, whole or absent, loaded in safe mode.

test_savedmodel.py reads one without dsd_tf.
"""

from __future__ import annotations

import tracemalloc
import zipfile

import keras
import numpy as np
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.export import keras_file


def test_the_file_gives_the_model_back_uncompiled(tmp_path, model, pixels):
    keras_file.export(model, tmp_path / "net.keras")
    loaded = keras_file.load(tmp_path / "net.keras")
    assert loaded.name == "small"
    assert not loaded.compiled
    assert (loaded.input_shape, loaded.output_shape) == ((None, 8, 8, 1), (None, 10))
    assert np.array_equal(loaded(pixels, training=False), model(pixels, training=False))


def test_the_optimizer_stays_with_the_model_and_out_of_the_file(tmp_path, model):
    keras_file.export(model, tmp_path / "net.keras")
    model.save(tmp_path / "compiled.keras")
    sizes = [(tmp_path / name).stat().st_size for name in ("net.keras", "compiled.keras")]
    slots = sum(slot.numpy().nbytes for slot in model.optimizer.variables)
    assert sizes[1] - sizes[0] > slots
    assert model.compiled


def test_a_sequential_model_can_be_exported(tmp_path):
    model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    keras_file.export(model, tmp_path / "net.keras")
    image = np.ones((1, 2, 2, 1), np.float32)
    assert np.array_equal(keras_file.load(tmp_path / "net.keras")(image), model(image))


@pytest.mark.parametrize("name", ["net", "net.h5", "net.tflite"])
def test_a_name_that_keras_would_not_load_is_refused(tmp_path, model, name):
    with pytest.raises(UsageError, match=f"{name} must end in .keras, as in {name}.keras"):
        keras_file.export(model, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_directory_is_not_replaced(tmp_path, model):
    (tmp_path / "net.keras").mkdir()
    with pytest.raises(UsageError, match="net.keras is a directory"):
        keras_file.export(model, tmp_path / "net.keras")


@pytest.mark.parametrize("short_of", [0, 10_000, "its weights", "all of it"])
def test_a_full_disk_leaves_the_previous_file_intact(tmp_path, model, file_size_limit, short_of):
    path = tmp_path / "net.keras"
    keras_file.export(model, path)
    before = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        sizes = {"its weights": archive.getinfo("model.weights.h5").file_size, "all of it": len(before)}
    with (
        file_size_limit(sizes[short_of] - 1 if short_of in sizes else short_of),
        pytest.raises(UsageError, match="cannot write .*net.keras.* intact"),
    ):
        keras_file.export(model, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_file_is_named_in_one_line(tmp_path, model):
    path = tmp_path / "net.keras"
    keras_file.export(model, path)
    path.write_bytes(path.read_bytes()[:5_000])
    with pytest.raises(UsageError, match="net.keras cannot be loaded as a .keras file: ") as error:
        keras_file.load(path)
    assert "\n" not in str(error.value)


def test_code_in_a_file_is_not_run(tmp_path):
    path = tmp_path / "net.keras"
    image = keras.Input((1,))
    keras.Model(image, keras.layers.Lambda(lambda x: x + 1)(image)).save(path)
    with pytest.raises(UsageError, match="net.keras cannot be loaded as a .keras file: .*Lambda"):
        keras_file.load(path)


@pytest.mark.parametrize("name", ["absent.keras", "notes.txt"])
def test_what_is_no_network_is_named(tmp_path, name):
    (tmp_path / "notes.txt").write_text("no network")
    with pytest.raises(UsageError, match=f"{name} is neither a .keras file nor a SavedModel directory"):
        keras_file.load(tmp_path / name)


def test_the_file_holds_dense_weights_once(tmp_path, model):
    keras_file.export(model, tmp_path / "net.keras")
    with zipfile.ZipFile(tmp_path / "net.keras") as archive:
        size = archive.getinfo("model.weights.h5").file_size
    dense = sum(weight.numpy().nbytes for weight in model.weights)
    assert dense < size < dense + 30_000


def test_the_weights_are_never_in_memory_all_at_once(tmp_path):
    image = keras.Input((100,))
    x = image
    for _ in range(30):
        x = keras.layers.Dense(100, use_bias=False)(x)
    model = keras.Model(image, x)
    keras_file.export(model, tmp_path / "first.keras")  # imports and caches
    tracemalloc.start()
    keras_file.export(model, tmp_path / "net.keras")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30 * 40_000
