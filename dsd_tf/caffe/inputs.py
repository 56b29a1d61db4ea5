"""Where a Caffe network's data enters: top-level `input` fields, Input layers, and data layers."""

from __future__ import annotations

from dsd_tf.caffe.message import Message

Shape = tuple[int, ...]
"""Of one example, without the batch axis: (channels, height, width) for images, (features,) for vectors."""

SOURCES = ("Input", "Data", "ImageData", "DummyData", "MemoryData", "HDF5Data", "WindowData")


def declared(net: Message) -> list[tuple[str, Shape]]:
    """The inputs that a network names at its top level, by `input_dim` (four each) or `input_shape`."""
    names, flat = net.strings("input"), net.integers("input_dim", least=1)
    if not names:
        return []
    if flat and net.has("input_shape"):
        raise net.error("both input_dim and input_shape are given; Caffe accepts only one of them")
    if flat and len(flat) != 4 * len(names):
        raise net.error(f"{len(names)} inputs need {4 * len(names)} input_dim (batch, channels, height, width each)")
    if flat:
        shapes = [tuple(flat[start + 1 : start + 4]) for start in range(0, len(flat), 4)]
    else:
        shapes = [_shape(message) for message in net.messages("input_shape")]
    if len(shapes) != len(names):
        raise net.error(f"{len(names)} inputs but {len(shapes)} input_shape; each input needs one")
    return list(zip(names, shapes, strict=True))


def shapes_of(kind: str, layer: Message, tops: int) -> list[Shape]:
    """Shapes of a source layer's first tops; what it has beyond them are labels."""
    if kind == "Input":
        given = layer.message("input_param").messages("shape")
        if len(given) not in (1, tops):
            raise layer.error(f"{tops} tops but {len(given)} shapes; give one for all, or one each")
        return [_shape(message) for message in (given * tops if len(given) == 1 else given)]
    if kind == "DummyData" and (given := layer.message("dummy_data_param").messages("shape")):
        return [_shape(given[0])]
    transformation = layer.message("transform_param")
    side = transformation.integer("crop_size", 0)
    if not side:
        raise layer.error(f"the {kind} layer does not tell its image size (crop_size); use the deploy prototxt")
    return [(1 if transformation.flag("force_gray", False) else 3, side, side)]


def _shape(message: Message) -> Shape:
    dims = message.integers("dim", least=1)
    if len(dims) < 2:
        raise message.error(f"a shape needs the batch size and at least one more dim, found {len(dims)}")
    return tuple(dims[1:])
