"""A run of --method=edropout on a network with batch normalisation: its records, its two networks, going on."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dsd_tf.compression.compact import compact
from dsd_tf.edropout.find_gates import find_gates
from dsd_tf.edropout.forward import gates_in
from dsd_tf.edropout.options import SearchOptions
from dsd_tf.edropout.search import UnitSearch
from dsd_tf.errors import UsageError
from dsd_tf.experiment.checkpoints import Checkpoints
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.experiment.runner import run as run_settings
from dsd_tf.experiment.state import pack, restore
from dsd_tf.experiment.workbench import load_images
from dsd_tf.files import read_arrays
from dsd_tf.settings import Settings
from dsd_tf.training.evaluation import Evaluator

SETTINGS = Settings(
    dataset="digits",
    train_examples=200,
    model="vgg_like",
    depth=1,
    width_log2=3,
    method="edropout",
    epochs=4,
    batch_size=50,
    optimizer="adadelta",
    lr=1.0,
    weight_decay=1e-5,
    checkpoint_seconds=0,
)


@pytest.fixture(scope="module")
def run(watched, tmp_path_factory):
    return watched(SETTINGS, tmp_path_factory.mktemp("units") / "run")


@pytest.fixture(scope="module")
def records(run):
    return {record["phase"]: record for record in run.results["phases"]}


def test_its_records_tell_which_units_are_left_and_what_the_search_took(run, records):
    units = {name: record["units"] for name, record in records.items()}
    size = sum(gate["units"] for gate in units["full"]["gates"])
    assert units["full"]["on"] == units["full"]["bits"] == size
    assert units["full"]["published_ratio"] == 1.0
    assert units["pruned"]["on"] == sum(gate["on"] for gate in units["pruned"]["gates"]) < size
    assert 0 < units["pruned"]["published_ratio"] < 1
    assert units["pruned"]["frozen"]
    # 8 steps of 50 examples in which 8 states and 8 candidates were compared
    assert units["pruned"]["search_flops"] == 8 * 50 * 16 * records["full"]["dense_flops"]


def test_its_epochs_tell_of_the_search_until_it_is_frozen(run):
    epochs = run.lines("metrics.jsonl")
    assert [epoch["frozen"] for epoch in epochs] == [False, False, True, True]
    assert ["energy_best" in epoch for epoch in epochs] == [True, True, False, False]
    assert all(epoch["energy_best"] <= epoch["energy_mean"] for epoch in epochs[:2])
    assert epochs[2]["units_on"] == epochs[3]["units_on"]


def test_the_pruned_network_has_the_chosen_units_alone_and_can_be_made_small(run, records):
    network = FinishedRun(run.path).network("pruned")
    on = {gate["name"]: gate["on"] for gate in records["pruned"]["units"]["gates"]}
    registry, compacted = find_gates(network), compact(network)
    outputs = [gate for gate in registry.gates if not gate.of_inputs]
    assert len(outputs) > 1
    for gate in outputs:
        kernel = gate.layer.kernel.numpy().reshape(-1, gate.units)
        assert np.count_nonzero(kernel.any(axis=0)) == on[gate.name] == compacted.units[gate.name][1]
    images = load_images(SETTINGS).test
    small, big = (Evaluator(model, images, 100)() for model in (compacted.model, network))
    assert small.top1 == big.top1
    assert small.loss == pytest.approx(big.loss, rel=1e-4)


def test_the_full_network_has_all_units_and_the_weights_of_the_training(run):
    full, trained = run.weights("full"), run.weights("edropout")
    network = FinishedRun(run.path).network("full")
    statistics = {
        id(weight)
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
        for weight in layer.non_trainable_weights
    }
    for weight, found, before in zip(network.weights, full, trained, strict=True):
        assert np.array_equal(found, before) != (id(weight) in statistics)


def test_epochs_are_judged_by_the_best_units(run):
    network = FinishedRun(run.path).network("edropout")
    best = run.phase("edropout")["units/2"]
    with gates_in(network, find_gates(network), best):
        scores = Evaluator(network, load_images(SETTINGS).test, 500)()
    last = run.lines("metrics.jsonl")[-1]
    assert (last["test_accuracy"], last["test_loss"]) == (scores.top1, pytest.approx(scores.loss, rel=1e-5))


def test_on_real_mnist_the_units_that_are_left_have_learned_and_the_smaller_network_says_the_same(real_data, tmp_path):
    settings = Settings(
        **{"dataset": "mnist", "data_dir": str(real_data / "tfds"), "train_examples": 1000, "model": "lenet5"},
        **{
            "method": "edropout",
            "epochs": 8,
            "batch_size": 50,
            "optimizer": "adadelta",
            "lr": 1.0,
            "evaluate_every": 8,
        },
    )
    found = run_settings(settings, str(tmp_path / "run"))["results"]["phases"]
    pruned = next(record for record in found if record["phase"] == "pruned")
    assert 0.2 < pruned["units"]["published_ratio"] < 0.6
    assert pruned["test"]["examples"] == 10_000
    assert pruned["test"]["top1"] > 0.8
    network, images = FinishedRun(tmp_path / "run").network("pruned"), load_images(settings).test
    small = compact(network).model
    assert small.count_params() < 0.5 * network.count_params()
    scores = [Evaluator(model, images, 500)() for model in (small, network)]
    assert scores[0].top1 == scores[1].top1 == pruned["test"]["top1"]


def test_stopped_while_searching_it_goes_on_bit_for_bit(run, watched, tmp_path, monkeypatch):
    save, saved = Checkpoints.save, []

    def save_and_stop(self, arrays):
        save(self, arrays)
        saved.append(arrays)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Checkpoints, "save", save_and_stop)
        watched(SETTINGS, tmp_path / "run")
    assert [name for name in saved[-1] if name.startswith("units/")]
    watched(SETTINGS, tmp_path / "run").assert_equal(run)


def test_frozen_from_the_beginning_it_trains_one_random_state(finished):
    run = finished(method="edropout", edropout_freeze="0", edropout_probability=0.25)
    units = run.results["phases"][-1]["units"]
    assert units["search_flops"] == 0
    assert units["on"] / units["bits"] == pytest.approx(0.25, abs=0.15)
    assert not (run.path / "search").exists()


def test_the_same_numbers_of_units_can_be_kept_at_random_places(finished):
    chosen = finished(method="edropout")
    drawn = finished(method="edropout", sparsity_from=str(chosen.path))
    of_chosen, of_drawn = (one.results["phases"][-1]["units"] for one in (chosen, drawn))
    assert of_drawn["gates"] == of_chosen["gates"]
    assert of_drawn["published_kept"] == of_chosen["published_kept"]
    assert of_drawn["search_flops"] == 0
    assert not np.array_equal(chosen.phase("pruned")["units/2"], drawn.phase("pruned")["units/2"])


def test_other_methods_reach_its_sparsity_as_masks_of_their_kind_count(finished):
    edropout = finished(method="edropout")
    others = {"method": "one_shot", "retrain": "finetune", "sparsity_from": str(edropout.path), "protect_last": True}
    pruned = edropout.results["phases"][-1]
    weights = finished(**others).results["phases"][-1]
    assert weights["sparsity"] == pytest.approx(pruned["sparsity"], abs=1e-3)
    assert "compacted" not in weights
    filters = finished(**others, granularity="filter", allocation="uniform").results["phases"][-1]
    assert filters["sparsity"] == pytest.approx(1 - pruned["units"]["published_ratio"], abs=0.04)
    assert filters["compacted"]["parameters"] < filters["parameters"] - filters["prunable"] + filters["kept"]


def test_a_run_without_units_has_none_to_give(small, finished, tmp_path):
    settings = small(method="edropout", sparsity_from=str(finished(method="dense").path))
    with pytest.raises(UsageError, match="--sparsity_from: a run of --method=dense has no units; name one of edropout"):
        run_settings(settings, str(tmp_path / "run"))


def test_a_directory_without_a_finished_run_has_no_sparsity_to_give(small, tmp_path):
    for method in ("edropout", "one_shot"):
        with pytest.raises(UsageError, match="--sparsity_from: .* is not a run directory"):
            run_settings(small(method=method, sparsity_from=str(tmp_path)), str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_too_little_memory_is_found_out_before_anything_is_written(small, tmp_path):
    settings = small(method="edropout", model="resnet18", width=1.0, edropout_memory=1)
    with pytest.raises(UsageError, match="memory of 1 MiB is too little: one state of resnet18 takes"):
        run_settings(settings, str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_of_another_population_is_refused():
    x = keras.Input((3,))
    network = keras.Model(x, keras.layers.Dense(2)(keras.layers.Dense(4, name="hidden")(x)))
    five, eight = (UnitSearch(network, SearchOptions(population=population), 10) for population in (5, 8))
    with pytest.raises(UsageError, match=r"states needs \(8, 4\), found \(5, 4\)"):
        restore(pack({}, units=five.variables), units=eight.variables)


def test_granularities_that_say_how_sparse_leave_nothing_to_reach(small, finished, tmp_path):
    settings = small(method="one_shot", granularity="2:4", sparsity_from=str(finished(method="edropout").path))
    with pytest.raises(
        UsageError, match="--sparsity_from: --granularity and --allocation already prune to sparsity 0.5"
    ):
        run_settings(settings, str(tmp_path / "run"))


def test_every_generation_is_on_file_by_epoch(run):
    files = sorted((run.path / "search" / "edropout").iterdir())
    assert [file.name for file in files] == ["00000.npz", "00001.npz"]  # from then on it is frozen
    epochs = run.lines("metrics.jsonl")
    for file, epoch in zip(files, epochs, strict=False):
        generations = read_arrays(file)
        assert [len(values) for values in generations.values()] == 4 * [4]
        assert generations["energy_best"].mean() == pytest.approx(epoch["energy_best"], rel=1e-5)
        assert generations["units_on"][-1] == pytest.approx(epoch["units_on"])
    gates = run.results["phases"][-1]["units"]["gates"]
    assert epochs[2]["on_by_gate"] == [gate["on"] for gate in gates]
    assert [gate["name"] for gate in gates] == [gate.name for gate in find_gates(FinishedRun(run.path).network()).gates]


def test_the_size_without_the_units_that_are_off_is_on_record(run, records):
    compacted = compact(FinishedRun(run.path).network("pruned")).model
    size = records["pruned"]["compacted"]
    assert size["parameters"] == sum(np.prod(weight.shape) for weight in compacted.trainable_weights)
    assert size["flops"] < records["full"]["dense_flops"]
    assert "compacted" not in records["full"]
