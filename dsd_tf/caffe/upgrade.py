"""Old prototxt formats in today's terms: V0 layers (2013), V1 layers (2014) and top-level inputs.

The rules are those of Caffe's own upgrade tool (src/caffe/util/upgrade_proto.cpp); fields that do not matter
for inference (fillers, learning rates) are carried along unread.
"""

from __future__ import annotations

from dsd_tf.caffe.message import Entry, Message, Scalar
from dsd_tf.errors import unknown

# In the order of V1LayerParameter's enum: a type may also be given as its number.
_V1_TYPES = {
    "NONE": "None",
    "ACCURACY": "Accuracy",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONVOLUTION": "Convolution",
    "DATA": "Data",
    "DROPOUT": "Dropout",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "POOLING": "Pooling",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split",
    "TANH": "TanH",
    "WINDOW_DATA": "WindowData",
    "ELTWISE": "Eltwise",
    "POWER": "Power",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "HINGE_LOSS": "HingeLoss",
    "MEMORY_DATA": "MemoryData",
    "ARGMAX": "ArgMax",
    "THRESHOLD": "Threshold",
    "DUMMY_DATA": "DummyData",
    "SLICE": "Slice",
    "MVN": "MVN",
    "ABSVAL": "AbsVal",
    "SILENCE": "Silence",
    "CONTRASTIVE_LOSS": "ContrastiveLoss",
    "EXP": "Exp",
    "DECONVOLUTION": "Deconvolution",
}
_V0_WORDS = {
    "conv": "CONVOLUTION",
    "innerproduct": "INNER_PRODUCT",
    "pool": "POOLING",
    "images": "IMAGE_DATA",
} | {word.lower(): word for word in _V1_TYPES}
_V0_PARAMETERS = {
    "conv": "convolution_param",
    "innerproduct": "inner_product_param",
    "pool": "pooling_param",
    "lrn": "lrn_param",
    "dropout": "dropout_param",
    "concat": "concat_param",
}
_V0_RENAMED = {"biasterm": "bias_term", "kernelsize": "kernel_size"}
_TRANSFORMATIONS = {
    "scale": "scale",
    "meanfile": "mean_file",
    "mean_file": "mean_file",
    "cropsize": "crop_size",
    "crop_size": "crop_size",
    "mirror": "mirror",
}


def upgraded_layers(net: Message) -> list[Message]:
    """The network's layers as V2 messages. Raises CaffeError for mixed formats and unknown types."""
    old = net.messages("layers")
    if not old:
        return net.messages("layer")
    if net.has("layer"):
        raise net.messages("layer")[0].error("both `layer` and `layers` are used; Caffe accepts only one of them")
    if any(layer.has("layer") for layer in old):
        old = [_v0_to_v1(layer) for layer in _fold_padding(old)]
    return [_v1_to_v2(layer) for layer in old]


def _v1_to_v2(layer: Message) -> Message:
    word = layer.choice("type", tuple(_V1_TYPES), "NONE")
    new = _copy(layer, "type")
    _add_string(new, "type", _V1_TYPES[word])
    for data in ("data_param", "image_data_param"):
        if layer.has(data):
            _move_transformations(layer.message(data), new)
    return new


def _v0_to_v1(layer: Message) -> Message:
    old = layer.message("layer")
    kind = old.string("type")
    if kind not in _V0_WORDS:
        raise old.error(str(unknown("V0 layer type", kind, _V0_WORDS)))
    new = _copy(layer, "layer")
    if old.has("name"):
        _add_string(new, "name", old.string("name"))
    new.fields["type"] = [Entry(Scalar(_V0_WORDS[kind], quoted=False), old.offset)]
    parameters = Message(old.source, old.offset)
    for name, entries in old.fields.items():
        parameters.fields[_V0_RENAMED.get(name, name)] = entries
    if kind in _V0_PARAMETERS:
        new.add(_V0_PARAMETERS[kind], parameters, old.offset)
    _move_transformations(old, new)
    return new


def _fold_padding(layers: list[Message]) -> list[Message]:
    """Layers without V0's padding layers, whose pad and input go to the convolutions and pools they feed."""
    padding: dict[str, Message] = {}
    kept = []
    for layer in layers:
        if layer.message("layer").string("type") == "padding":
            if len(layer.strings("bottom")) != 1 or len(layer.strings("top")) != 1:
                raise layer.error("a padding layer has one bottom and one top")
            padding[layer.string("top")] = layer
            continue
        bottoms = layer.strings("bottom")
        kept.append(_padded(layer, padding[bottoms[0]]) if bottoms[:1] and bottoms[0] in padding else layer)
        for top in layer.strings("top"):
            padding.pop(top, None)
    return kept


def _padded(layer: Message, padding: Message) -> Message:
    inner = layer.message("layer")
    if inner.string("type") not in ("conv", "pool") or len(layer.strings("bottom")) != 1:
        raise layer.error("only a convolution or a pool with one bottom can read a padding layer")
    new, new_inner = _copy(layer, "bottom", "layer"), _copy(inner, "pad")
    new_inner.fields["pad"] = padding.message("layer").fields.get("pad", [])
    new.add("layer", new_inner, inner.offset)
    new.fields["bottom"] = padding.fields["bottom"]
    return new


def _move_transformations(old: Message, new: Message) -> None:
    moved = {_TRANSFORMATIONS[name]: entries for name, entries in old.fields.items() if name in _TRANSFORMATIONS}
    if moved:
        merged = new.message("transform_param").fields | moved
        new.fields["transform_param"] = [Entry(Message(old.source, old.offset, merged), old.offset)]


def _copy(message: Message, *without: str) -> Message:
    kept = {name: list(entries) for name, entries in message.fields.items() if name not in without}
    return Message(message.source, message.offset, kept)


def _add_string(message: Message, name: str, text: str) -> None:
    message.fields[name] = [Entry(Scalar(text, quoted=True), message.offset)]
