"""Programs as TFMOT's documentation and examples write them, with the import changed and nothing else."""

import tempfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import dsd_tf as tfmot

input_shape = [20]
x_train = np.random.default_rng(0).normal(size=(64, 20)).astype("float32")
y_train = keras.utils.to_categorical(np.random.default_rng(0).integers(0, 20, 64), num_classes=20)


@pytest.fixture(autouse=True)
def _temporary_files(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def setup_model():
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(20), keras.layers.Flatten()])


def kept(model):
    return np.count_nonzero(model.layers[0].kernel.numpy())


def test_pruning_a_whole_model_and_exporting_it():
    base_model = setup_model()
    model_for_pruning = tfmot.sparsity.keras.prune_low_magnitude(base_model)
    log_dir = tempfile.mkdtemp()
    callbacks = [
        tfmot.sparsity.keras.UpdatePruningStep(),
        tfmot.sparsity.keras.PruningSummaries(log_dir=log_dir),
    ]
    model_for_pruning.compile(loss=keras.losses.categorical_crossentropy, optimizer="adam", metrics=["accuracy"])
    model_for_pruning.fit(x_train, y_train, callbacks=callbacks, epochs=2, verbose=0)
    model_for_export = tfmot.sparsity.keras.strip_pruning(model_for_pruning)
    assert kept(model_for_export) == 200


def test_pruning_some_layers_by_cloning():
    base_model = setup_model()

    def apply_pruning_to_dense(layer):
        if isinstance(layer, keras.layers.Dense):
            return tfmot.sparsity.keras.prune_low_magnitude(layer)
        return layer

    model_for_pruning = keras.models.clone_model(base_model, clone_function=apply_pruning_to_dense)
    model_for_pruning.compile(optimizer="adam", loss="categorical_crossentropy")
    with pytest.raises(ValueError, match="UpdatePruningStep"):
        model_for_pruning.fit(x_train, y_train, verbose=0)
    model_for_pruning.fit(x_train, y_train, verbose=0, callbacks=[tfmot.sparsity.keras.UpdatePruningStep()])
    assert kept(model_for_pruning) == 200


def test_pruning_layers_of_a_functional_model():
    i = keras.Input(shape=(20,))
    x = tfmot.sparsity.keras.prune_low_magnitude(keras.layers.Dense(10))(i)
    o = keras.layers.Flatten()(x)
    model_for_pruning = keras.Model(inputs=i, outputs=o)
    model_for_pruning.compile(optimizer="adam", loss="mse")
    model_for_pruning.fit(x_train, y_train[:, :10], verbose=0, callbacks=[tfmot.sparsity.keras.UpdatePruningStep()])
    assert np.count_nonzero(model_for_pruning.layers[1].kernel.numpy()) == 100


class MyDenseLayer(keras.layers.Dense, tfmot.sparsity.keras.PrunableLayer):
    def get_prunable_weights(self):
        # Prune bias also, though that usually harms model accuracy too much.
        return [self.kernel, self.bias]


def test_pruning_a_custom_layer_bias_included():
    model_for_pruning = keras.Sequential(
        [
            keras.Input(input_shape),
            tfmot.sparsity.keras.prune_low_magnitude(MyDenseLayer(20)),
            keras.layers.Flatten(),
        ]
    )
    model_for_pruning.compile(optimizer="adam", loss="categorical_crossentropy")
    model_for_pruning.fit(x_train, y_train, verbose=0, callbacks=[tfmot.sparsity.keras.UpdatePruningStep()])
    assert kept(model_for_pruning) == 200
    assert np.count_nonzero(model_for_pruning.layers[0].bias.numpy()) == 10


def test_a_custom_training_loop():
    model_for_pruning = tfmot.sparsity.keras.prune_low_magnitude(setup_model())
    loss = keras.losses.categorical_crossentropy
    optimizer = keras.optimizers.Adam()
    log_dir = tempfile.mkdtemp()
    unused_arg = -1
    epochs = 2
    batches = 1

    model_for_pruning.optimizer = optimizer
    step_callback = tfmot.sparsity.keras.UpdatePruningStep()
    step_callback.set_model(model_for_pruning)
    log_callback = tfmot.sparsity.keras.PruningSummaries(log_dir=log_dir)
    log_callback.set_model(model_for_pruning)

    step_callback.on_train_begin()
    for _ in range(epochs):
        log_callback.on_epoch_begin(epoch=unused_arg)
        for _ in range(batches):
            step_callback.on_train_batch_begin(batch=unused_arg)
            with tf.GradientTape() as tape:
                logits = model_for_pruning(x_train, training=True)
                loss_value = loss(y_train, logits)
                grads = tape.gradient(loss_value, model_for_pruning.trainable_variables)
                optimizer.apply_gradients(zip(grads, model_for_pruning.trainable_variables, strict=True))
        step_callback.on_epoch_end(batch=unused_arg)
    assert kept(model_for_pruning) == 200


def test_saving_and_loading_in_a_prune_scope():
    model_for_pruning = tfmot.sparsity.keras.prune_low_magnitude(setup_model())
    _, keras_model_file = tempfile.mkstemp(".keras")
    model_for_pruning.save(keras_model_file, include_optimizer=True)
    with tfmot.sparsity.keras.prune_scope():
        loaded_model = keras.models.load_model(keras_model_file)
    assert (loaded_model.layers[0].kernel.numpy() == model_for_pruning.layers[0].kernel.numpy()).all()


def test_the_tutorial_for_a_trained_digit_classifier():
    model = keras.Sequential(
        [
            keras.layers.InputLayer(shape=(10, 10)),
            keras.layers.Reshape(target_shape=(10, 10, 1)),
            keras.layers.Conv2D(filters=4, kernel_size=(3, 3), activation="relu"),
            keras.layers.MaxPooling2D(pool_size=(2, 2)),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    train_images = np.random.default_rng(0).uniform(size=(64, 10, 10)).astype("float32")
    train_labels = np.random.default_rng(0).integers(0, 10, 64)
    model.fit(train_images, train_labels, epochs=1, validation_split=0.1, verbose=0)

    prune_low_magnitude = tfmot.sparsity.keras.prune_low_magnitude
    batch_size = 8
    epochs = 2
    validation_split = 0.1
    num_images = train_images.shape[0] * (1 - validation_split)
    end_step = np.ceil(num_images / batch_size).astype(np.int32) * epochs
    pruning_params = {
        "pruning_schedule": tfmot.sparsity.keras.PolynomialDecay(
            initial_sparsity=0.50, final_sparsity=0.80, begin_step=0, end_step=end_step
        )
    }
    model_for_pruning = prune_low_magnitude(model, **pruning_params)
    model_for_pruning.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    model_for_pruning.summary(print_fn=lambda line: None)
    callbacks = [
        tfmot.sparsity.keras.UpdatePruningStep(),
        tfmot.sparsity.keras.PruningSummaries(log_dir=tempfile.mkdtemp()),
    ]
    model_for_pruning.fit(
        train_images,
        train_labels,
        batch_size=batch_size,
        epochs=epochs,
        validation_split=validation_split,
        callbacks=callbacks,
        verbose=0,
    )
    model_for_pruning.evaluate(train_images, train_labels, verbose=0)
    model_for_export = tfmot.sparsity.keras.strip_pruning(model_for_pruning)
    kernels = [w.numpy() for w in model_for_export.trainable_weights if len(w.shape) > 1]
    assert [np.count_nonzero(kernel) for kernel in kernels] == [round(36 * 0.2), round(640 * 0.2)]
    _, keras_file = tempfile.mkstemp(".keras")
    keras.models.save_model(model_for_export, keras_file, include_optimizer=False)


def test_the_layerwise_example():
    def build_layerwise_model(input_shape, **pruning_params):
        return keras.Sequential(
            [
                tfmot.sparsity.keras.prune_low_magnitude(
                    keras.layers.Conv2D(4, 5, padding="same", activation="relu"),
                    input_shape=input_shape,
                    **pruning_params,
                ),
                keras.layers.MaxPooling2D((2, 2), (2, 2), padding="same"),
                keras.layers.BatchNormalization(),
                keras.layers.Flatten(),
                tfmot.sparsity.keras.prune_low_magnitude(keras.layers.Dense(8, activation="relu"), **pruning_params),
                keras.layers.Dropout(0.4),
                tfmot.sparsity.keras.prune_low_magnitude(keras.layers.Dense(3, activation="softmax"), **pruning_params),
            ]
        )

    pruning_params = {"pruning_schedule": tfmot.sparsity.keras.ConstantSparsity(0.75, begin_step=2, frequency=2)}
    model = build_layerwise_model((8, 8, 1), **pruning_params)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    x, y = np.ones((32, 8, 8, 1), "float32"), keras.utils.to_categorical(np.arange(32) % 3)
    model.fit(x, y, batch_size=8, epochs=1, verbose=0, callbacks=[tfmot.sparsity.keras.UpdatePruningStep()])
    kernels = [w.numpy() for w in model.trainable_weights if len(w.shape) > 1]
    assert [np.count_nonzero(kernel) for kernel in kernels] == [25, 128, 6]
