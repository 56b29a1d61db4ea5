"""Every setting has a checked range, and only those that results depend on identify a run."""

from __future__ import annotations

import dataclasses

import pytest

from dsd_tf import registry
from dsd_tf.data.difficulty import Subset
from dsd_tf.data.label_noise.noise import LabelNoise
from dsd_tf.errors import UsageError
from dsd_tf.robustness.threat import Threat
from dsd_tf.settings import Settings, split

REFUSED = [
    ({"model": "resnet-18"}, "unknown --model 'resnet-18'; did you mean 'resnet18'?"),
    ({"method": "itertive"}, "unknown --method 'itertive'; did you mean 'iterative'?"),
    ({"score": "magnitud"}, "unknown --score 'magnitud'; did you mean 'magnitude'?"),
    ({"retrain": "rewind-lr"}, "unknown --retrain 'rewind-lr'; did you mean 'rewind_lr'?"),
    ({"optimizer": "SDG"}, "unknown --optimizer 'SDG'; did you mean 'sgd'?"),
    ({"lr_schedule": "cosin"}, "unknown --lr_schedule 'cosin'; did you mean 'cosine'?"),
    ({"strategy": "mirror"}, "unknown --strategy 'mirror'; did you mean 'mirrored'?"),
    ({"augmentation": "flip"}, "unknown --augmentation 'flip'; did you mean 'crop_flip'?"),
    ({"start_phase": "dens"}, "unknown --start_phase 'dens'; did you mean 'dense'?"),
    ({"normalization": "cafe"}, "unknown --normalization 'cafe'; did you mean 'caffe'?"),
    ({"sparse_epochs": -1.25}, "--sparse_epochs must not be negative, got -1.25"),
    ({"sparsity": 1.0}, "--sparsity must be in [0, 1), got 1.0"),
    ({"sparsity": -0.1}, "--sparsity must be in [0, 1), got -0.1"),
    ({"sparsity": float("nan")}, "--sparsity must be in [0, 1), got nan"),
    ({"prune_fraction": 0.0}, "--prune_fraction must be in (0, 1), got 0.0"),
    ({"prune_fraction": 1.0}, "--prune_fraction must be in (0, 1), got 1.0"),
    ({"validation_fraction": 1.0}, "--validation_fraction must be in [0, 1), got 1.0"),
    ({"momentum": 1.0}, "--momentum must be in [0, 1), got 1.0"),
    ({"epochs": 0}, "--epochs must be at least 1, got 0"),
    ({"batch_size": 0}, "--batch_size must be at least 1, got 0"),
    ({"cycles": 0}, "--cycles must be at least 1, got 0"),
    ({"lr": 0.0}, "--lr must be above 0, got 0.0"),
    ({"lr": float("nan")}, "--lr must be above 0, got nan"),
    ({"width": -1.0}, "--width must be above 0, got -1.0"),
    ({"rounds": -1}, "--rounds must not be negative, got -1"),
    ({"seed": -1}, "--seed must not be negative, got -1"),
    ({"weight_decay": -1e-4}, "--weight_decay must not be negative, got -0.0001"),
    ({"label_noise": 1.5}, "--label_noise must be in [0, 1], got 1.5"),
    ({"label_noise_kind": "flip_to_other"}, "unknown --label_noise_kind 'flip_to_other'; did you mean 'flip_other'?"),
    ({"label_noise_kind": "aggre"}, "--label_noise_kind=aggre needs --label_noise_file"),
    ({"label_noise_file": "a.pt"}, "--label_noise_file goes with --label_noise_kind=aggre"),
    ({"begin": "10"}, "--begin: time '10': give epochs as 160ep"),
    ({"end": "200 ep"}, "--end: time '200 ep': give epochs as 160ep"),
    ({"frequency": "1.5it"}, "--frequency: time '1.5it': steps are whole numbers"),
    ({"rewind_to": "110%"}, "--rewind_to: time '110%': give at most 100%"),
    ({"objective": "adverserial"}, "unknown --objective 'adverserial'; did you mean 'adversarial'?"),
    ({"attack_norm": "Linf"}, "unknown --attack_norm 'Linf'; did you mean 'linf'?"),
    ({"attack_bn": "frozen"}, "unknown --attack_bn 'frozen'; did you mean "),
    ({"robust_attack": "pgd"}, "unknown --robust_attack 'pgd'; did you mean 'pgd20'?"),
    ({"attack_epsilon": "8"}, "linf epsilon 8 is outside the range of pixels, which are in [0, 1]; usual is 8/255"),
    ({"attack_norm": "l2", "attack_epsilon": "8/255"}, "epsilon 8/255 is linf's: in l2 it moves next to nothing"),
    ({"attack_steps": 0}, "--attack_steps must be at least 1, got 0"),
    ({"objective": "adversarial", "attack_replays": 0}, "--attack_replays must be at least 1, got 0"),
    ({"precision": "float16"}, "unknown --precision 'float16'; did you mean 'bfloat16'?"),
    ({"precision": "bfloat16", "method": "edropout"}, "--precision=bfloat16 does not go with --method=edropout"),
    ({"attack_replays": 4}, "--attack_replays=4 goes with --objective=adversarial"),
    ({"attack_step_size": "0"}, "--attack_step_size must be above 0, got 0"),
    ({"attack_step_size": "big"}, "--attack_step_size 'big' is not a number or a fraction"),
    ({"robust_every": -1}, "--robust_every must not be negative, got -1"),
    ({"corruption": "gaussian_noise:6"}, "corruption severity 6 is not defined: 1 to 5 are"),
    ({"train_subset": "a.npz"}, "--train_subset=a.npz needs a share in (0, 1] as either --hardest or --easiest"),
    ({"hardest": 0.5}, "--hardest, --easiest and --stratified go with --train_subset=FILE"),
    (
        {"train_subset": "a.npz", "hardest": 0.5, "train_examples": 10},
        "--train_subset already says how many: leave --train_examples and --train_fraction out",
    ),
    ({"milestones": "80ep,120"}, "--milestones: time '120': give epochs as 160ep"),
    ({"milestones": "500it"}, "--milestones: it falls between two epochs, '500it' counts steps"),
]


@pytest.mark.parametrize(("values", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_value_that_cannot_be_is_refused_naming_the_flag_and_what_is_accepted(values, message):
    with pytest.raises(UsageError) as error:
        Settings(**values)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "values",
    [
        {"sparsity": 0.0},
        {"label_noise": 1.0},
        {"momentum": 0.0},
        {"rounds": 0},
        {"validation_fraction": 0.0},
        {"seed": 2**40},
    ],
)
def test_values_at_the_edge_of_their_range_are_accepted(values):
    assert dataclasses.asdict(Settings(**values)).items() >= values.items()


def test_every_registered_name_is_accepted():
    tables = {
        "model": registry.MODELS,
        "method": registry.METHODS,
        "retrain": registry.RETRAIN_POLICIES,
        "schedule": registry.SCHEDULES,
        "optimizer": registry.OPTIMIZERS,
        "augmentation": registry.AUGMENTATIONS,
        "label_noise_kind": registry.LABEL_NOISE.keys() - registry.HUMAN_LABEL_NOISE.keys(),
    }
    for setting, table in tables.items():
        for name in table:
            assert getattr(Settings(**{setting: name}), setting) == name


@pytest.mark.parametrize("kind", registry.HUMAN_LABEL_NOISE)
def test_labels_of_people_come_with_a_file_and_without_a_rate(kind):
    settings = Settings(label_noise_kind=kind, label_noise_file="a.pt")
    assert settings.noise == LabelNoise(kind, 0.0, "a.pt", seed=0)
    with pytest.raises(UsageError, match="--label_noise=0.2: with --label_noise_kind=.* leave --label_noise out"):
        dataclasses.replace(settings, label_noise=0.2)


def test_there_is_no_noise_unless_it_is_asked_for():
    assert Settings().noise is None
    assert Settings(label_noise_kind="symmetric").noise is None
    assert Settings(label_noise=0.2, seed=3).noise == LabelNoise("flip_other", 0.2, seed=3)


@pytest.mark.parametrize(
    "values",
    [{"label_noise": 0.2, "label_noise_kind": "pairflip"}, {"label_noise_kind": "worst", "label_noise_file": "a.pt"}],
)
def test_noise_can_be_left_out(values):
    assert Settings(epochs=3, **values).without_noise() == Settings(epochs=3)


def test_a_run_may_be_continued_with_other_values_of_what_results_do_not_depend_on():
    free = {field.name for field in dataclasses.fields(Settings)} - Settings().identity().keys()
    assert free == {"data_dir", "cache_dir", "steps_per_execution", "checkpoint_seconds", "worker_timeout", "export"}


def test_the_identity_is_all_it_takes_to_make_the_settings_again():
    settings = Settings(method="dsd", sparsity=0.3, protect_first=True)
    assert Settings(**settings.identity()) == settings


def test_attacks_have_the_usual_numbers_of_their_norm_unless_told_otherwise():
    assert (Settings().threat, Settings().attack_step) == (Threat("linf", 8 / 255), 2 / 255)
    assert Settings(attack_norm="l2").attack_step == 15 / 255
    told = Settings(attack_epsilon="0.5", attack_step_size="10/255")
    assert (told.threat.epsilon, told.attack_step) == (0.5, 10 / 255)


def test_examples_are_drawn_by_the_seed_of_the_run_unless_they_have_their_own():
    assert Settings(seed=3).seed_of_data == 3
    assert Settings(seed=3, data_seed=0).seed_of_data == 0


def test_a_choice_of_training_examples_can_be_left_out():
    chosen = Settings(train_subset="a.npz", hardest=0.5, stratified=True, epochs=3)
    assert chosen.subset == Subset("a.npz", 0.5, 0.0, True)
    assert chosen.without_subset() == Settings(train_fraction=0.2, epochs=3).without_subset() == Settings(epochs=3)


def test_every_setting_says_what_it_is():
    assert all(field.metadata["help"] for field in dataclasses.fields(Settings))


def test_lists_are_split_at_commas_and_empty_parts_dropped():
    assert split(" a, b ,,c") == ["a", "b", "c"]
    assert split("") == []


def test_settings_whose_values_are_lists_say_so():
    metadata = {field.name: field.metadata for field in dataclasses.fields(Settings)}
    listed = {name for name in metadata if metadata[name]["listed"]}
    assert listed == {name for name in metadata if "comma-separated" in metadata[name]["help"]}
    assert listed == {"exclude", "milestones", "export"}
