"""What each Caffe layer computes, one file per family; `RULES` finds them by Caffe's type name."""

from __future__ import annotations

from dsd_tf.caffe.layers.activations import ELU, Dropout, Power, PReLU, ReLU, Sigmoid, Softmax, TanH
from dsd_tf.caffe.layers.batch_norm import BatchNorm, Bias, Scale
from dsd_tf.caffe.layers.combining import Concat, Eltwise, Slice
from dsd_tf.caffe.layers.convolution import Convolution
from dsd_tf.caffe.layers.deconvolution import Deconvolution
from dsd_tf.caffe.layers.inner_product import InnerProduct
from dsd_tf.caffe.layers.lrn import LRN
from dsd_tf.caffe.layers.pooling import Pooling
from dsd_tf.caffe.layers.reshaping import Flatten, Reshape
from dsd_tf.caffe.layers.rule import Rule

RULES: dict[str, type[Rule]] = {
    rule.__name__: rule
    for rule in (
        BatchNorm,
        Bias,
        Concat,
        Convolution,
        Deconvolution,
        Dropout,
        ELU,
        Eltwise,
        Flatten,
        InnerProduct,
        LRN,
        PReLU,
        Pooling,
        Power,
        ReLU,
        Reshape,
        Scale,
        Sigmoid,
        Slice,
        Softmax,
        TanH,
    )
}
"""By the name that prototxt files give in `type`."""
