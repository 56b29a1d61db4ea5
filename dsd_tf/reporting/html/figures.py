"""The figures over sparsity that need nothing but fields of the records."""

from __future__ import annotations

from dsd_tf.reporting.html.curves import CurveFigure, Measure

ACCURACY = CurveFigure(
    "accuracy",
    "Accuracy against sparsity",
    "Accuracy at the last epoch of every phase. Train: on the labels the network is given, evaluated without "
    "augmentation. The axis is the share of weights that remain, logarithmic.",
    "accuracy (%)",
    (
        Measure("test.top1", "test", 100),
        Measure("train.top1", "train", 100),
        Measure("validation.top1", "validation", 100, compared=False),
    ),
)

BEST_EPOCH = CurveFigure(
    "best_epoch",
    "Last and best epoch",
    "Test accuracy at the last epoch of every phase, and at its epoch with the best validation accuracy. Sparse double "
    "descent is an effect of the last epoch (He et al. 2022).",
    "test accuracy (%)",
    (Measure("test.top1", "last epoch", 100), Measure("best_epoch.test_accuracy", "best epoch by validation", 100)),
)

ROBUSTNESS = CurveFigure(
    "robustness",
    "Accuracy under attack",
    "Accuracy at the last epoch of every phase on images as an adversary within the threat of the settings makes them, "
    "and of test images at the epoch that is best by validation under attack. Attack, norm and radius: settings.",
    "accuracy under attack (%)",
    (
        Measure("robustness.test.robust_accuracy", "test", 100),
        Measure("robustness.train.robust_accuracy", "train", 100),
        Measure("robustness.best_epoch.test_robust_accuracy", "test at the best epoch", 100),
    ),
)

ROBUST_GAP = CurveFigure(
    "robust_gap",
    "Robust generalisation gap",
    "Accuracy under attack of training images less that of test images, at the last epoch.",
    "gap (points)",
    (Measure("robustness.gap", "train - test", 100),),
)

LABEL_NOISE = CurveFigure(
    "label_noise",
    "Fitted label noise",
    "Share of the training examples with their true label that is classified right (clean part), and of those with a "
    "wrong label: classified as the label given (memorised), and as the true one (corrected).",
    "share of the training examples of the part (%)",
    (
        Measure("label_noise.clean_accuracy", "clean part, right", 100),
        Measure("label_noise.noisy_fitted_given", "noisy part, fitted to the wrong label", 100),
        Measure("label_noise.noisy_fitted_true", "noisy part, fitted to the true label", 100),
    ),
)

ENTROPY = CurveFigure(
    "entropy",
    "Entropy against sparsity",
    "Binary entropy of the ON/OFF states of the ReLU units over the training images: the mean over units of each "
    "layer, averaged over layers, or weighted by their units (Quétu & Tartaglione 2024).",
    "entropy (bits per unit)",
    (Measure("entropy.mean", "mean over layers"), Measure("entropy.unit_mean", "mean over units")),
)

DISTANCE = CurveFigure(
    "learning_distance",
    "Learning distance",
    "Euclidean distance of the weights from the run's first initialisation, pruned weights counting as zero "
    "(He et al. 2022): of the kernels, and of all trainable parameters.",
    "distance (weight units)",
    (Measure("learning_distance.kernels", "kernels"), Measure("learning_distance.all", "all parameters")),
)

FLOPS = CurveFigure(
    "flops",
    "FLOPs of the network",
    "One forward pass of one example, a multiply-add counting 2. Sparse: of the kept weights alone, which is "
    "theoretical: zeros alone do not make a dense kernel faster.",
    "FLOPs per example",
    (Measure("dense_flops", "dense"), Measure("sparse_flops", "sparse")),
    logarithmic=True,
    counts=True,
)

TRAINING_COST = CurveFigure(
    "training_cost",
    "Cost of training",
    "FLOPs of all training up to the end of the phase, attacks included, a backward pass counted as two forward ones: "
    "at the cost of the dense network, as the papers count; of the kept weights alone, which is theoretical; and what "
    "a teacher's forward passes add.",
    "training FLOPs so far",
    (
        Measure("total.training_flops", "at dense cost"),
        Measure("total.sparse_training_flops", "of the kept weights"),
        Measure("total.objective_flops", "teacher"),
    ),
    counts=True,
)
