"""InnerProduct: a dense layer over everything but the batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import KerasTensor, layers

from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.layers.rule import Rule, Shapes, apply
from dsd_tf.caffe.names import Names


@dataclass(frozen=True)
class InnerProduct(Rule):
    """Caffe flattens maps channel by channel, Keras pixel by pixel: the kernel's rows are permuted."""

    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        parameters = self.message.message("inner_product_param")
        shape = self.single(bottoms)
        outputs = parameters.integer("num_output", 0)
        if not outputs or self.axis(parameters, shape) != 1:
            raise self.layer.error(f"num_output {outputs} must be positive and axis 1")
        kernel = (outputs, math.prod(shape))
        blobs = [kernel[::-1] if parameters.flag("transpose", False) else kernel, (outputs,)]
        return Shapes([(outputs,)], blobs[: 1 + parameters.flag("bias_term", True)])

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        x = bottoms[0]
        transposed = self.message.message("inner_product_param").flag("transpose", False)
        kernel = blobs[0] if transposed else blobs[0].T
        outputs = kernel.shape[1]
        if len(x.shape) == 4:
            _, height, width, channels = x.shape
            kernel = kernel.reshape(channels, height, width, outputs).transpose(1, 2, 0, 3)
        if len(x.shape) > 2:
            x = layers.Flatten(name=names("flatten"))(x)
        dense = layers.Dense(outputs, use_bias=len(blobs) > 1, name=names())
        return [apply(dense, x, [kernel, *blobs[1:]])]
