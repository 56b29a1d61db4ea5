"""Every name a user can type, and where its code lives.

The tables hold "module:attribute" strings, so that listing the names (flags, `--help`) imports neither
TensorFlow nor Keras; `resolve` imports the one that is asked for.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from typing import Any

from dsd_tf.errors import unknown

MODELS = {
    "lenet300": "dsd_tf.models.lenet:lenet300",
    "lenet5": "dsd_tf.models.lenet:lenet5",
    "resnet18": "dsd_tf.models.resnet:resnet18",
    "resnet34": "dsd_tf.models.resnet:resnet34",
    "resnet50": "dsd_tf.models.resnet:resnet50",
    "resnet101": "dsd_tf.models.resnet:resnet101",
    "vgg_like": "dsd_tf.models.vgg:vgg_like",
    "vgg16": "dsd_tf.models.vgg:vgg16",
    "vgg16_imagenet": "dsd_tf.models.vgg:vgg16_imagenet",
    "vgg19": "dsd_tf.models.vgg:vgg19",
    "alexnet": "dsd_tf.models.alexnet:alexnet",
    "alexnet_bvlc": "dsd_tf.models.alexnet:alexnet_bvlc",
    "squeezenet_v1_0": "dsd_tf.models.squeezenet:squeezenet_v1_0",
    "squeezenet_v1_1": "dsd_tf.models.squeezenet:squeezenet_v1_1",
    "squeezenet_residual": "dsd_tf.models.squeezenet:squeezenet_residual",
}

STEMS = ("cifar", "cifar_pool", "imagenet")

PRECISIONS = ("float32", "bfloat16")

AUGMENTATIONS = {
    "none": "dsd_tf.data.augmentation:none",
    "crop_flip": "dsd_tf.data.augmentation:crop_flip",
    "crop_rotate": "dsd_tf.data.augmentation:crop_rotate",
    "crop_flip_rotate": "dsd_tf.data.augmentation:crop_flip_rotate",
}

HUMAN_LABEL_NOISE = {
    kind: f"dsd_tf.data.label_noise.human:{kind}" for kind in ("aggre", "rand1", "rand2", "rand3", "worst", "noisy100")
}

LABEL_NOISE = {
    "flip_other": "dsd_tf.data.label_noise.synthetic:flip_other",
    "flip_other_prefix": "dsd_tf.data.label_noise.synthetic:flip_other_prefix",
    "uniform_redraw": "dsd_tf.data.label_noise.synthetic:uniform_redraw",
    "symmetric": "dsd_tf.data.label_noise.synthetic:symmetric",
    "asymmetric": "dsd_tf.data.label_noise.structured:asymmetric",
    "asymmetric_legacy": "dsd_tf.data.label_noise.structured:asymmetric_legacy",
    "pairflip": "dsd_tf.data.label_noise.structured:pairflip",
    **HUMAN_LABEL_NOISE,
}

METHODS = {
    "dense": "dsd_tf.methods.dense:plan",
    "one_shot": "dsd_tf.methods.one_shot:plan",
    "gradual": "dsd_tf.methods.gradual:plan",
    "iterative": "dsd_tf.methods.iterative:plan",
    "dsd": "dsd_tf.methods.dsd:plan",
    "ac_dc": "dsd_tf.methods.ac_dc:plan",
    "gmp": "dsd_tf.methods.gradual:gmp",
    "static": "dsd_tf.methods.dynamic:static",
    "set": "dsd_tf.methods.dynamic:random_growth",
    "rigl": "dsd_tf.methods.dynamic:gradient_growth",
    "snfs": "dsd_tf.methods.dynamic:momentum_growth",
    "flying_bird": "dsd_tf.methods.dynamic:random_growth",
    "flying_bird_plus": "dsd_tf.methods.dynamic:flying_bird_plus",
    "random": "dsd_tf.methods.at_init:random",
    "magnitude": "dsd_tf.methods.at_init:magnitude",
    "snip": "dsd_tf.methods.at_init:snip",
    "grasp": "dsd_tf.methods.at_init:grasp",
    "synflow": "dsd_tf.methods.at_init:synflow",
    "omp": "dsd_tf.methods.from_dense:omp",
    "omp_erk": "dsd_tf.methods.from_dense:omp_erk",
    "lth": "dsd_tf.methods.from_dense:lth",
    "pre_erk": "dsd_tf.methods.from_dense:pre_erk",
    "early_bird": "dsd_tf.methods.from_dense:early_bird",
    "edropout": "dsd_tf.methods.edropout:plan",
}

# What --allocation=auto is, where it is not global.
ALLOCATION_OF_METHOD = {
    **dict.fromkeys(("static", "set", "rigl", "snfs", "omp_erk", "pre_erk"), "erk"),
    **dict.fromkeys(("flying_bird", "flying_bird_plus"), "igq"),
}

EDROPOUT_OPERATORS = {
    "edropout_code": "dsd_tf.edropout.population:edropout_code",
    "bde_xor": "dsd_tf.edropout.population:bde_xor",
}

RETRAIN_POLICIES = {
    "rewind": "dsd_tf.methods.retrain:rewind",
    "rewind_lr": "dsd_tf.methods.retrain:rewind_lr",
    "finetune": "dsd_tf.methods.retrain:finetune",
    "scratch": "dsd_tf.methods.retrain:scratch",
    "reinit": "dsd_tf.methods.retrain:reinit",
    "redense": "dsd_tf.methods.retrain:redense",
}

STOP_RULES = {
    "none": "dsd_tf.analysis.stop_rules:none",
    "accuracy": "dsd_tf.analysis.stop_rules:accuracy",
    "entropy": "dsd_tf.analysis.stop_rules:entropy",
}

SCHEDULES = {
    "polynomial": "dsd_tf.methods.gradual:polynomial",
    "constant": "dsd_tf.methods.gradual:constant",
}

OBJECTIVES = {
    "cross_entropy": "dsd_tf.training.objectives.cross_entropy:make",
    "distill": "dsd_tf.training.objectives.distillation:make",
    "adversarial": "dsd_tf.training.objectives.adversarial:make",
}

ATTACKS = {
    name: f"dsd_tf.robustness.attacks:{name}" for name in ("fgsm", "pgd20", "pgd50_restarts", "apgd_ce", "apgd_dlr")
}

DIFFICULTY_SCORES = {
    "el2n": "dsd_tf.robustness.difficulty:el2n",
    "grand": "dsd_tf.robustness.difficulty:grand",
    "loss": "dsd_tf.robustness.difficulty:loss",
    "confidence": "dsd_tf.robustness.difficulty:confidence",
}

CORRUPTIONS = {
    "gaussian_noise": "dsd_tf.robustness.corruptions.noise:gaussian_noise",
    "shot_noise": "dsd_tf.robustness.corruptions.noise:shot_noise",
    "impulse_noise": "dsd_tf.robustness.corruptions.noise:impulse_noise",
    "speckle_noise": "dsd_tf.robustness.corruptions.noise:speckle_noise",
    "gaussian_blur": "dsd_tf.robustness.corruptions.blur:gaussian_blur",
    "defocus_blur": "dsd_tf.robustness.corruptions.blur:defocus_blur",
    "contrast": "dsd_tf.robustness.corruptions.light:contrast",
    "brightness": "dsd_tf.robustness.corruptions.light:brightness",
    "saturate": "dsd_tf.robustness.corruptions.light:saturate",
    "fog": "dsd_tf.robustness.corruptions.light:fog",
    "pixelate": "dsd_tf.robustness.corruptions.digital:pixelate",
    "jpeg_compression": "dsd_tf.robustness.corruptions.digital:jpeg_compression",
}

OPTIMIZERS = {
    "sgd": "dsd_tf.training.optimizer_factory:sgd",
    "adam": "dsd_tf.training.optimizer_factory:adam",
    "adadelta": "dsd_tf.training.optimizer_factory:adadelta",
}

EXPORT_FORMATS = {
    "savedmodel": "dsd_tf.export.savedmodel:export",
    "keras": "dsd_tf.export.keras_file:export",
    "litert": "dsd_tf.export.litert:export",
}


ENGINES = {
    "local": "dsd_tf.studies.local_engine:LocalEngine",
    "ray": "dsd_tf.studies.ray_engine:RayEngine",
}


def resolve(kind: str, table: Mapping[str, str], name: str) -> Any:
    """The object that `table` registers as `name`. Raises UsageError, naming the nearest valid `kind`."""
    if name not in table:
        raise unknown(kind, name, table)
    return pkgutil.resolve_name(table[name])
