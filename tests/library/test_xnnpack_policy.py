"""Which models XNNPACK could run sparse, and what is pruned in them."""

import keras
import pytest
from keras import layers

import dsd_tf
from dsd_tf.training.rules import ruled_kernels


def mobile(*inner, head=None, stem_padding=1, stem_stride=2):
    inputs = keras.Input((16, 16, 3))
    x = layers.ZeroPadding2D(stem_padding)(inputs)
    x = layers.Conv2D(4, 3, strides=stem_stride, name="stem")(x)
    for layer in inner:
        x = layer(x)
    x = (head or layers.GlobalAveragePooling2D(keepdims=True))(x)
    return keras.Model(inputs, layers.Dense(2, name="classes")(layers.Flatten()(x)))


def separable(**depthwise):
    return [
        layers.DepthwiseConv2D(3, **{"padding": "same", **depthwise}),
        layers.BatchNormalization(),
        layers.ReLU(6.0),
        layers.Conv2D(8, 1, name="pointwise"),
        layers.Activation("relu"),
    ]


def test_only_one_by_one_convolutions_are_pruned():
    model = mobile(*separable())
    dsd_tf.prune_low_magnitude(model, pruning_policy=dsd_tf.PruneForLatencyOnXNNPack())
    assert [kernel.name for kernel, rule in ruled_kernels(model) if rule] == ["pointwise/kernel"]


def test_residual_blocks_padded_strides_and_two_branches_are_supported():
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, strides=2)(layers.ZeroPadding2D(1)(inputs))
    x = layers.Add()([x, layers.Conv2D(8, 1)(x)])
    x = x + layers.Conv2D(8, 1, activation="relu")(x)
    x = layers.DepthwiseConv2D(5, strides=2)(layers.ZeroPadding2D(2)(x))
    branches = [layers.Dense(n)(layers.GlobalAveragePooling2D(keepdims=True)(x)) for n in (2, 3)]
    dsd_tf.PruneForLatencyOnXNNPack().ensure_model_supports_pruning(keras.Model(inputs, branches))


def sequential():
    return keras.Sequential([layers.Input((16, 16, 3)), layers.ZeroPadding2D(1), layers.Conv2D(4, 3, strides=2)])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: mobile(*separable(), stem_padding=2), "3x3 Conv2D of stride 2"),
        (lambda: mobile(*separable(), stem_stride=1), "3x3 Conv2D of stride 2"),
        (lambda: mobile(*separable(), head=layers.GlobalMaxPooling2D()), "GlobalAveragePooling2D"),
        (sequential, "GlobalAveragePooling2D"),
        (lambda: mobile(layers.Conv2D(4, 3, padding="same")), "type Conv2D is not supported"),
        (lambda: mobile(layers.Activation("tanh")), "type Activation is not supported"),
        (lambda: mobile(*separable(depth_multiplier=2)), "type DepthwiseConv2D is not supported"),
        (lambda: mobile(*separable(strides=2)), "type DepthwiseConv2D is not supported"),
        (lambda: keras.Sequential([layers.Conv2D(4, 3)]), "and built"),
    ],
)
def test_other_models_are_refused_with_the_reason(model, message):
    with pytest.raises(ValueError, match=message):
        dsd_tf.prune_low_magnitude(model(), pruning_policy=dsd_tf.PruneForLatencyOnXNNPack())
