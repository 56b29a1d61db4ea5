"""What stripping takes out of a SavedModel's graph, and what it must leave."""

from __future__ import annotations

import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from dsd_tf.export.saved_graph import strip_graph


class Adder(tf.Module):
    """x + weight, through an inner function, a constant that is captured, and a branch."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable(2.0, name="weight")
        self.captured = tf.constant(10.0)
        self.inner = tf.function(lambda x: x + self.weight)
        self.serve = tf.function(self._serve, input_signature=[tf.TensorSpec([None], name="x")])

    def _serve(self, x):
        shifted = tf.cond(tf.reduce_sum(x) > 0, lambda: x + self.captured, lambda: x - self.captured)
        return self.inner(shifted)


@pytest.fixture
def folder(tmp_path):
    adder = Adder()
    tf.saved_model.save(adder, str(tmp_path), signatures={"serve": adder.serve})
    return tmp_path


def graph_of(folder):
    (meta,) = SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs
    return meta


def functions(folder):
    return [function.signature.name for function in graph_of(folder).graph_def.library.function]


def operations(folder):
    return {operation.name for operation in graph_of(folder).meta_info_def.stripped_op_list.op}


def test_the_stripped_model_computes_the_same(folder):
    strip_graph(folder / "saved_model.pb")
    loaded = tf.saved_model.load(str(folder))
    for call in (loaded.serve, lambda x: loaded.signatures["serve"](x=x)["output_0"]):
        assert call(tf.constant([1.0, 3.0])).numpy().tolist() == [13, 15]
        assert call(tf.constant([-1.0])).numpy().tolist() == [-9]


def test_saving_anew_is_dropped_and_restoring_is_kept(folder):
    before = functions(folder)
    strip_graph(folder / "saved_model.pb")
    dropped = set(before) - set(functions(folder))
    assert [name.startswith("__inference__traced_save") for name in dropped] == [True]
    assert any(name.startswith("__inference__traced_restore") for name in functions(folder))


def test_every_node_that_is_left_has_its_inputs_and_functions(folder):
    strip_graph(folder / "saved_model.pb")
    graph = graph_of(folder).graph_def
    names = {node.name for node in graph.node}
    assert all(name.strip("^").split(":")[0] in names for node in graph.node for name in node.input)
    called = {node.attr["f"].func.name for node in graph.node if "f" in node.attr}
    assert called <= set(functions(folder))


def test_operations_that_are_still_used_stay_listed(folder):
    before = operations(folder)
    strip_graph(folder / "saved_model.pb")
    graph = graph_of(folder).graph_def
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    assert operations(folder) == before & {node.op for body in bodies for node in body}
    assert "SaveV2" in before - operations(folder)


def test_stripping_twice_changes_nothing_more(folder):
    strip_graph(folder / "saved_model.pb")
    once = (folder / "saved_model.pb").read_bytes()
    strip_graph(folder / "saved_model.pb")
    assert SavedModel.FromString((folder / "saved_model.pb").read_bytes()) == SavedModel.FromString(once)
