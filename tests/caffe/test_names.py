"""Keras names from Caffe names."""

from __future__ import annotations

import keras
import pytest

from dsd_tf.caffe.names import Names, keras_name


@pytest.mark.parametrize(
    ("caffe", "name"),
    [
        ("conv1", "conv1"),
        ("fire2/expand1x1", "fire2_expand1x1"),
        ("a b:c", "a_b_c"),
        ("_x", "layer_x"),
        ("", "layer"),
        ("é", "layer_"),
    ],
)
def test_names_become_what_tensorflow_accepts(caffe, name):
    assert keras_name(caffe) == name
    assert keras.layers.ReLU(name=name)(keras.Input((2,))).shape == (None, 2)


def test_no_name_is_given_twice():
    taken: set[str] = set()
    first, second = Names("a/b", taken), Names("a_b", taken)
    assert [first(), first("pad"), second(), second("pad")] == ["a_b", "a_b_pad", "a_b_2", "a_b_pad_2"]
    assert second.given == ["a_b_2", "a_b_pad_2"]
