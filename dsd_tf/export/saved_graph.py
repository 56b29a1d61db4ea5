"""Taking out of a SavedModel's graph what neither inference nor restoring needs.

For a small network `tf.saved_model.save` writes more graph than fits in a few per cent of its weights. A
third of it is for saving the variables again, a twentieth are shapes that follow from what else it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableSequence
from itertools import chain
from pathlib import Path
from typing import Any

from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel


def strip_graph(path: Path) -> None:
    """Rewrite the saved_model.pb at `path` without what only training tools use.

    It loads, restores and serves as before, in TensorFlow 2, TensorFlow Serving and `tf.compat.v1` alike.
    """
    saved = SavedModel.FromString(path.read_bytes())
    for graph in saved.meta_graphs:
        _strip(graph)
    path.write_bytes(saved.SerializeToString())


def _strip(saved: MetaGraphDef) -> None:
    graph = saved.graph_def
    _drop_nodes(graph, _ends(saved))
    _drop_functions(graph, saved.object_graph_def.concrete_functions)
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    for node in chain(*bodies):
        # loading infers them anew, except for calls; what a function returns are identities
        if node.op != "Identity" and not any(_calls([node])):
            node.attr.pop("_output_shapes", None)
    used = {node.op for node in chain(*bodies)}
    _keep(saved.meta_info_def.stripped_op_list.op, lambda operation: operation.name in used)


def _ends(saved: MetaGraphDef) -> Iterator[str]:
    """Names of the nodes that loaders ask for: to restore, of signatures, constants of the object graph."""
    yield saved.saver_def.restore_op_name
    yield _node(saved.saver_def.filename_tensor_name)
    for signature in saved.signature_def.values():
        tensors = chain(signature.inputs.values(), signature.outputs.values())
        yield from (_node(tensor.name) for tensor in tensors)
    for node in saved.object_graph_def.nodes:
        if node.HasField("constant"):
            yield node.constant.operation


def _drop_nodes(graph: GraphDef, ends: Iterable[str]) -> None:
    inputs = {node.name: [_node(name) for name in node.input] for node in graph.node}
    needed = _reachable(ends, inputs)
    _keep(graph.node, lambda node: node.name in needed)


def _drop_functions(graph: GraphDef, ends: Iterable[str]) -> None:
    calls = {function.signature.name: list(_calls(function.node_def)) for function in graph.library.function}
    needed = _reachable([*ends, *_calls(graph.node)], calls)
    _keep(graph.library.function, lambda function: function.signature.name in needed)


def _calls(nodes: Iterable[Any]) -> Iterator[str]:
    for value in chain.from_iterable(node.attr.values() for node in nodes):
        yield from (function.name for function in (value.func, *value.list.func) if function.name)


def _reachable(ends: Iterable[str], following: dict[str, list[str]]) -> set[str]:
    reached, todo = set(), list(ends)
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += following[name]
    return reached


def _node(name: str) -> str:
    """The node of a tensor ("node:0"), of a control input ("^node"), or of itself."""
    return name.removeprefix("^").partition(":")[0]


def _keep(messages: MutableSequence[Any], wanted: Callable[[Any], bool]) -> None:
    for index in reversed(range(len(messages))):
        if not wanted(messages[index]):
            del messages[index]
