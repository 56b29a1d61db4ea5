"""What is minimised, and how robust it makes the network."""

from __future__ import annotations

from dataclasses import dataclass

from dsd_tf import registry
from dsd_tf.errors import UsageError
from dsd_tf.robustness.threat import NORMS, Threat, parse_number
from dsd_tf.settings.field import ABOVE_0, AT_LEAST_1, NOT_NEGATIVE, SHARE, setting


@dataclass(frozen=True)
class ObjectiveSettings:
    """What is minimised, and how robust it makes the network."""

    objective: str = setting("cross_entropy", "what is minimised", choices=tuple(registry.OBJECTIVES))
    teacher: str = setting("", "distill: run directory or .keras file of the teacher")
    teacher_phase: str = setting(
        "best", "distill: phase of the teacher's run; best = by validation accuracy, last, or a name as level07"
    )
    kd_alpha: float = setting(0.8, "distill: weight of the teacher's part of the loss, in [0, 1]", bounds=SHARE)
    kd_temperature: float = setting(10.0, "distill: temperature of both softmaxes", bounds=ABOVE_0)
    attack_norm: str = setting("linf", "adversarial: norm of the perturbations", choices=NORMS)
    attack_epsilon: str = setting(
        "", "adversarial: their largest norm, in pixels of [0, 1]; if empty 8/255 (linf) or 128/255 (l2)"
    )
    attack_steps: int = setting(
        10, "adversarial: steps of the attack; FGSM is 1 of epsilon, without a random start", bounds=AT_LEAST_1
    )
    attack_step_size: str = setting(
        "", "adversarial: their size; if empty 1/4 (linf) or 15/128 (l2) of epsilon, all of it with --attack_replays"
    )
    attack_random_start: bool = setting(True, "adversarial: begin at a random point instead of at the image")
    attack_bn: str = setting(
        "eval",
        "adversarial: batch norm inside the attack; eval = moving averages, batch = the batch's statistics, "
        "train = these, and moving averages follow (as the papers' code does)",
        choices=("eval", "batch", "train"),
    )
    attack_replays: int = setting(
        1,
        "adversarial: above 1 free training: so many steps in a row on a batch, each moves weights and images once",
        bounds=AT_LEAST_1,
    )
    robust_attack: str = setting(
        "auto",
        "attack that robust accuracy is measured by; auto = pgd20 with --objective=adversarial, else none",
        choices=("auto", "none", *registry.ATTACKS),
    )
    robust_every: int = setting(
        0, "epochs between measurements of robust accuracy; 0 = when a phase ends", bounds=NOT_NEGATIVE
    )
    robust_examples: int = setting(
        0,
        "on how many examples of each split; 0 = all, of the training examples as many as there are to test",
        bounds=NOT_NEGATIVE,
    )
    record_learning: bool = setting(False, "keep which training examples are right after each epoch (forgetting)")

    @property
    def threat(self) -> Threat:
        """What adversaries may do to an image."""
        return Threat.parse(self.attack_norm, self.attack_epsilon)

    @property
    def attack_step(self) -> float:
        """Step size of the attack trained against."""
        if not self.attack_step_size:
            return self.threat.step if self.attack_replays == 1 else self.threat.epsilon
        step = parse_number("--attack_step_size", self.attack_step_size)
        if not step > 0:
            raise UsageError(f"--attack_step_size must be above 0, got {self.attack_step_size}")
        return step
