"""The files of configs/ are accepted, and those of published DSD results are the papers' recipes."""

from __future__ import annotations

from pathlib import Path

import pytest
from absl import flags

from dsd_tf import registry
from dsd_tf.cli import train
from dsd_tf.methods.plan import Facts
from dsd_tf.settings import Settings

CONFIGS = sorted((Path(__file__).resolve().parents[2] / "configs").glob("*.flags"))
STEPS = 100

# phase, epochs, learning rate, sparsity
DSD = {
    "squeezenet": [("given", 0, None, 0), ("redense1", 20, 1e-4, 0)],
    "alexnet": [("given", 0, None, 0), ("sparse1", 11, 1e-3, 0.3), ("redense1", 22, 1e-4, 0)],
    "vgg16": [("given", 0, None, 0), ("sparse1", 1.25, 1e-4, 0.3), ("redense1", 18, 1e-5, 0)],
    "resnet18": [("given", 0, None, 0), ("sparse1", 45, 1e-2, 0.3), ("redense1", 45, 1e-3, 0)],
    "resnet50": [("given", 0, None, 0), ("sparse1", 45, 1e-2, 0.3), ("redense1", 45, 1e-3, 0)],
}


@pytest.fixture
def settings(fresh_flags):
    names = train.define_flags()

    def read(path: Path, *more: str) -> Settings:
        for name in names:
            flags.FLAGS[name].unparse()
        flags.FLAGS(["train", f"--flagfile={path}", *more])
        values = {name: flags.FLAGS[name].value for name in names if name not in ("run_dir", "dry_run")}
        return Settings(**values)

    return read


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_configuration_is_accepted_and_says_where_it_comes_from_and_how_to_run_it(settings, path):
    assert settings(path).dataset
    header = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert any(line.startswith(("# Paper ", "# Method ")) for line in header)
    assert any(f"bin/train --flagfile=configs/{path.name}" in line for line in header)


@pytest.mark.parametrize("name", DSD)
def test_a_dsd_configuration_trains_what_the_paper_says_from_a_checkpoint(settings, name):
    path = next(path for path in CONFIGS if path.stem == f"{name}_dsd")
    asked = settings(path, "--init_from=start.keras")
    plan = registry.resolve("--method", registry.METHODS, asked.method)(asked, Facts(STEPS, {"a": (10, 10)}))
    assert [(phase.name, phase.stop, phase.sparsity) for phase in plan] == [
        (phase, epochs * STEPS, sparsity) for phase, epochs, _, sparsity in DSD[name]
    ]
    rates = [rate for _, _, rate, _ in DSD[name] if rate]
    assert [phase.learning_rate.at(0) for phase in plan if phase.stop] == pytest.approx(rates)


def rates(settings: Settings) -> list[float]:
    """The learning rate of every epoch of a plan, phase after phase."""
    plan = registry.resolve("--method", registry.METHODS, settings.method)(settings, Facts(STEPS, {"a": (10, 10)}))
    return [phase.learning_rate.at(epoch) for phase in plan for epoch in range(phase.stop // STEPS)]


@pytest.mark.parametrize("name", ["mnist_dsd", "digits_dsd", "cifar10_squeezenet_dsd"])
def test_a_dense_twin_differs_from_its_dsd_run_in_the_pruning_alone(settings, name):
    dsd, twin = (settings(path) for path in CONFIGS if path.stem in (name, f"{name}_dense_twin"))
    assert (dsd.method, twin.method) == ("dsd", "dense")
    assert rates(twin) == pytest.approx(rates(dsd))
    own = ("method", "sparsity", "allocation", "protect_first", "epochs", "lr_schedule", "milestones", "lr_decay")
    assert {key: value for key, value in dsd.identity().items() if key not in own} == {
        key: value for key, value in twin.identity().items() if key not in own
    }


EDROPOUT = [path for path in CONFIGS if path.stem.startswith("edropout_") and not path.stem.endswith("_small")]


def test_edropout_is_configured_for_the_sets_and_networks_of_its_papers(settings):
    found = [settings(path) for path in EDROPOUT]
    assert {one.dataset for one in found} == {"fashion_mnist", "kmnist", "cifar10", "cifar100", "oxford_flowers102"}
    networks = {"resnet18", "resnet34", "resnet50", "resnet101", "alexnet", "squeezenet_v1_1"}
    assert {one.model for one in found} == networks


@pytest.mark.parametrize("path", EDROPOUT, ids=lambda path: path.stem)
def test_an_edropout_configuration_is_the_recipe_of_the_papers(settings, path):
    asked = settings(path)
    plan = registry.resolve("--method", registry.METHODS, asked.method)(asked, Facts(STEPS, {"a": (10, 10)}))
    assert (plan[0].stop, plan[0].freeze_epoch) == (200 * STEPS, 100)
    assert [plan[0].learning_rate.at(epoch) for epoch in (0, 49, 50, 100, 150, 199)] == pytest.approx(
        [1, 1, 0.1, 0.01, 0.001, 0.001]
    )
    assert (asked.optimizer, asked.weight_decay, asked.batch_size) == ("adadelta", 1e-5, 128)
    assert (asked.edropout.population, asked.edropout.probability) == (8, 0.5)
    side = 224 if asked.model in ("alexnet", "squeezenet_v1_1") else 32
    assert asked.image_size == (0 if asked.dataset.startswith("cifar") else side)
