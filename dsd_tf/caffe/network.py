"""The inference graph of a prototxt: the TEST phase, every value made once, nothing that only trains."""

from __future__ import annotations

from dataclasses import dataclass, field

from dsd_tf.caffe import inputs
from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.message import Message
from dsd_tf.caffe.phase import in_test_phase
from dsd_tf.caffe.upgrade import upgraded_layers

_MEASURES = ("Accuracy", "Silence", "HDF5Output")


@dataclass(frozen=True, eq=False)
class Value:
    """What one layer computes. In-place layers make a new one under the old name: equality is identity."""

    name: str


@dataclass(frozen=True, eq=False)
class Layer:
    name: str
    kind: str
    message: Message
    bottoms: tuple[Value, ...]
    tops: tuple[Value, ...]

    def error(self, problem: str) -> CaffeError:
        """An error that names the layer, its type and its place in the file."""
        return self.message.error(f"layer {self.name!r} ({self.kind}): {problem}")


@dataclass(frozen=True)
class Ignored:
    """A layer that has no part in the inference model, and why."""

    name: str
    kind: str
    reason: str


@dataclass(frozen=True)
class Network:
    """`layers` are in computing order; `means` is what the data layer subtracts from each channel."""

    name: str
    inputs: dict[Value, Shape]
    layers: list[Layer]
    outputs: list[Value]
    ignored: list[Ignored]
    means: tuple[float, ...]


def build_network(net: Message) -> Network:
    """The inference network that a prototxt describes.

    The outputs are the values that no layer reads. Of those that losses read, the ones with the largest loss
    weight stay: auxiliary classifiers go. Raises CaffeError for a missing bottom, a cycle, a blob made twice,
    or no output.
    """
    graph = _Graph()
    for name, shape in inputs.declared(net):
        graph.add_input(name, shape)
    layers = upgraded_layers(net)
    later = {top: layer.string("name") for layer in layers for top in layer.strings("top")}
    state = net.message("state")
    for message in layers:
        name, kind = message.string("name") or message.string("type"), message.string("type")
        if not kind:
            raise message.error(f"layer {name!r} has no type")
        if in_test_phase(message, state):
            graph.add(name, kind, message, later)
        else:
            graph.ignored.append(Ignored(name, kind, "belongs to the TRAIN phase or another stage"))
    return graph.finished(net)


@dataclass
class _Graph:
    inputs: dict[Value, Shape] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    current: dict[str, Value] = field(default_factory=dict)
    labels: set[Value] = field(default_factory=set)
    silenced: set[Value] = field(default_factory=set)
    loss_weights: dict[Value, float] = field(default_factory=dict)
    means: tuple[float, ...] = ()

    def add_input(self, name: str, shape: Shape) -> None:
        self.current[name] = Value(name)
        self.inputs[self.current[name]] = shape

    def add(self, name: str, kind: str, message: Message, later: dict[str, str]) -> None:
        bottoms = tuple(self._bottom(name, message, bottom, later) for bottom in message.strings("bottom"))
        tops = self._tops(name, message)
        layer = Layer(name, kind, message, bottoms, tops)
        if kind == "Split":
            self.current.update({top.name: self._single_bottom(layer) for top in tops})
            self.ignored.append(Ignored(name, kind, "only gives its bottom other names"))
        elif kind in inputs.SOURCES:
            self._add_source(layer)
        elif kind in _MEASURES or kind.endswith("Loss"):
            self._drop(layer, "not part of inference")
        elif self.labels.intersection(bottoms):
            self._drop(layer, "depends on labels or losses")
        else:
            self.layers.append(layer)

    def finished(self, net: Message) -> Network:
        """The network without what no output needs."""
        if not self.inputs:
            raise net.error("the network has no input: give `input` and `input_shape`, or an Input or Data layer")
        outputs = self._outputs(net)
        needed = set(outputs)
        kept: list[Layer] = []
        for layer in reversed(self.layers):
            if needed.intersection(layer.tops):
                needed.update(layer.bottoms)
                kept.append(layer)
            else:
                self.ignored.append(Ignored(layer.name, layer.kind, "no output depends on it (auxiliary or silenced)"))
        used = {value: shape for value, shape in self.inputs.items() if value in needed}
        return Network(net.string("name"), used, kept[::-1], outputs, self.ignored, self.means)

    def _bottom(self, name: str, message: Message, bottom: str, later: dict[str, str]) -> Value:
        if bottom in self.current:
            return self.current[bottom]
        hint = f"; layer {later[bottom]!r} comes later or not at all in this phase" if bottom in later else ""
        raise message.error(f"layer {name!r}: no earlier layer makes its bottom {bottom!r}{hint}")

    def _tops(self, name: str, message: Message) -> tuple[Value, ...]:
        names, bottoms = message.strings("top"), message.strings("bottom")
        for index, top in enumerate(names):
            in_place = bottoms[index : index + 1] == [top]
            if (top in self.current and not in_place) or top in names[:index]:
                raise message.error(f"layer {name!r}: its top {top!r} is already made by another layer")
        tops = tuple(Value(top) for top in names)
        self.current.update(zip(names, tops, strict=True))
        return tops

    def _single_bottom(self, layer: Layer) -> Value:
        if len(layer.bottoms) != 1:
            raise layer.error(f"expected one bottom, found {len(layer.bottoms)}")
        return layer.bottoms[0]

    def _add_source(self, layer: Layer) -> None:
        shapes = inputs.shapes_of(layer.kind, layer.message, len(layer.tops))
        for top, shape in zip(layer.tops, shapes, strict=False):
            self.inputs[top] = shape
        self.labels.update(layer.tops[len(shapes) :])
        self.means = tuple(layer.message.message("transform_param").numbers("mean_value")) or self.means
        if layer.kind != "Input":
            self.ignored.append(Ignored(layer.name, layer.kind, "its first top is the model's input"))

    def _drop(self, layer: Layer, reason: str) -> None:
        self.labels.update(layer.tops)
        if layer.kind == "Silence":
            self.silenced.update(layer.bottoms)
        elif layer.bottoms:
            default = 1.0 if layer.kind.endswith("Loss") else 0.0
            weight = max(layer.message.numbers("loss_weight"), default=default)
            scores = layer.bottoms[0]
            self.loss_weights[scores] = max(weight, self.loss_weights.get(scores, 0.0))
        self.ignored.append(Ignored(layer.name, layer.kind, reason))

    def _outputs(self, net: Message) -> list[Value]:
        made = [top for layer in self.layers for top in layer.tops]
        read = {bottom for layer in self.layers for bottom in layer.bottoms} | self.silenced
        largest = max(self.loss_weights.values(), default=0.0)
        ends = [value for value in made if value not in read]
        outputs = [value for value in ends if self.loss_weights.get(value, largest) == largest]
        if not outputs:
            raise net.error("the network has no output: no layer is left once data, loss and accuracy layers are gone")
        return outputs
