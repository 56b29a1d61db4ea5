"""Every value a run is made of. The command line's flags, `config.json` and the resume check come from this list."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from dsd_tf import registry
from dsd_tf.data.difficulty import Subset
from dsd_tf.data.label_noise.noise import LabelNoise
from dsd_tf.edropout.options import SearchOptions
from dsd_tf.errors import UsageError, unknown
from dsd_tf.robustness.corruptions.corruption import Corruption
from dsd_tf.settings.data import DataSettings
from dsd_tf.settings.field import check, parse_time, split
from dsd_tf.settings.growing import GrowingSettings
from dsd_tf.settings.levels import LevelSettings
from dsd_tf.settings.network import NetworkSettings
from dsd_tf.settings.objectives import ObjectiveSettings
from dsd_tf.settings.pruning import PruningSettings
from dsd_tf.settings.running import RunningSettings
from dsd_tf.settings.searching import SearchingSettings
from dsd_tf.settings.training import TrainingSettings


@dataclass(frozen=True)
class Settings(
    # a dataclass has the fields of its last base first, and so has --help
    RunningSettings,
    TrainingSettings,
    ObjectiveSettings,
    SearchingSettings,
    LevelSettings,
    GrowingSettings,
    PruningSettings,
    NetworkSettings,
    DataSettings,
):
    """The settings of one training run, with the defaults of `bin/train`.

    Raises:
        UsageError: for a value that is not possible, or not beside another one; names the flag.
    """

    def __post_init__(self):
        if self.allocation == "auto":
            object.__setattr__(self, "allocation", registry.ALLOCATION_OF_METHOD.get(self.method, "global"))
        for field in dataclasses.fields(self):
            check(field.name, getattr(self, field.name), field)
        self._check_together()
        # made to be checked
        _ = self.noise, self.subset, self.threat, self.attack_step, self.corrupted_by, self.edropout

    def _check_together(self) -> None:
        for name in split(self.export):
            if name not in registry.EXPORT_FORMATS:
                raise unknown("--export", name, registry.EXPORT_FORMATS)
        if self.precision != "float32" and self.method == "edropout":
            raise UsageError(f"--precision={self.precision} does not go with --method=edropout: use float32")
        if self.attack_replays > 1 and self.objective != "adversarial":
            raise UsageError(f"--attack_replays={self.attack_replays} goes with --objective=adversarial")
        for name in ("milestones", "edropout_freeze"):
            for text in split(getattr(self, name)):
                if parse_time(name, text).unit == "it" and text != "0":
                    raise UsageError(f"--{name}: it falls between two epochs, {text!r} counts steps; give 80ep or 50%")

    @property
    def noise(self) -> LabelNoise | None:
        """What is done to the training labels, None for nothing."""
        noise = LabelNoise(self.label_noise_kind, self.label_noise, self.label_noise_file, self.seed)
        return None if noise.is_none else noise

    def without_noise(self) -> Settings:
        """The same settings with clean training labels."""
        return dataclasses.replace(self, label_noise=0.0, label_noise_kind="flip_other", label_noise_file="")

    def without_subset(self) -> Settings:
        """The same settings for all training examples."""
        everything = {"train_examples": 0, "train_fraction": 1.0, "train_subset": ""}
        return dataclasses.replace(self, **everything, hardest=0.0, easiest=0.0, stratified=False)

    @property
    def subset(self) -> Subset | None:
        """Which training examples are picked by difficulty, None for no such choice."""
        if not self.train_subset:
            if self.hardest or self.easiest or self.stratified:
                raise UsageError("--hardest, --easiest and --stratified go with --train_subset=FILE of bin/difficulty")
            return None
        if self.train_examples or self.train_fraction != 1:
            raise UsageError("--train_subset already says how many: leave --train_examples and --train_fraction out")
        return Subset(self.train_subset, self.hardest, self.easiest, self.stratified)

    @property
    def edropout(self) -> SearchOptions:
        """The search for units of --method=edropout."""
        prefix = "edropout_"
        names = [field.name.removeprefix(prefix) for field in dataclasses.fields(self) if field.name.startswith(prefix)]
        values = {name: getattr(self, prefix + name) for name in names if name != "freeze"}
        try:
            return SearchOptions(**values, seed=self.seed)
        except UsageError as error:
            raise UsageError(f"--edropout_{error}") from None

    @property
    def corrupted_by(self) -> Corruption | None:
        """What is done to all images, None for nothing."""
        return Corruption.parse(self.corruption) if self.corruption else None

    @property
    def seed_of_data(self) -> int:
        """The seed that says what the examples are."""
        return self.seed if self.data_seed < 0 else self.data_seed

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """What every setting is if nothing is said about it."""
        return {field.name: field.default for field in dataclasses.fields(cls)}

    def identity(self) -> dict[str, Any]:
        """The values results depend on."""
        return {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.metadata["identity"]
        }
