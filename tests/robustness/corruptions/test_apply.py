"""Whole splits corrupted once: by pixels, corruption and seed alone, and kept on file."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.data.sources import load
from dsd_tf.errors import UsageError
from dsd_tf.registry import CORRUPTIONS
from dsd_tf.robustness.corruptions import apply
from dsd_tf.robustness.corruptions.apply import default_cache
from dsd_tf.robustness.corruptions.corruption import Corruption

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), np.uint8)
NOISE = Corruption("gaussian_noise", 3)


def corrupted(images, corruption, seed) -> np.ndarray:
    return apply.corrupted(images, corruption, seed, reached=lambda done: None)


def corrupt_set(images, corruption, seed, cache):
    return apply.corrupt_set(images, corruption, seed, cache, reached=lambda done: None)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_every_corruption_changes_images_and_keeps_their_form(kind):
    before = IMAGES.copy()
    changed = corrupted(IMAGES, Corruption(kind, 5), seed=0)
    assert (changed.dtype, changed.shape) == (np.uint8, IMAGES.shape)
    assert all((one != other).any() for one, other in zip(changed, IMAGES, strict=True))
    assert np.array_equal(IMAGES, before)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_it_is_drawn_by_the_seed_and_the_same_for_an_image_in_any_subset(kind):
    whole, some = (corrupted(images, Corruption(kind, 2), seed=7) for images in (IMAGES, IMAGES[3:1:-1]))
    assert np.array_equal(some, whole[3:1:-1])


def test_another_seed_draws_other_noise():
    assert not np.array_equal(corrupted(IMAGES, NOISE, seed=0), corrupted(IMAGES, NOISE, seed=1))


def test_values_are_cut_to_the_range_and_rounded_down(monkeypatch):
    monkeypatch.setattr(apply, "resolve", lambda *_: lambda image, severity, random: image + [-0.1, 0.0, 1.999 / 255])
    changed = corrupted(np.full((1, 1, 1, 3), [[[[20, 77, 254]]]], np.uint8), NOISE, seed=0)
    assert changed.ravel().tolist() == [0, 77, 255]
    assert corrupted(np.full((1, 1, 1, 3), [[[[20, 77, 100]]]], np.uint8), NOISE, seed=0).ravel()[2] == 101


def test_all_splits_are_corrupted_and_labels_and_normalisation_stay(tmp_path):
    clean = load("digits", train_examples=20)
    changed = corrupt_set(clean, NOISE, 0, tmp_path)
    for split in ("train", "validation", "test"):
        one, other = getattr(changed, split), getattr(clean, split)
        assert np.array_equal(one.images, corrupted(other.images, NOISE, 0))
        assert np.array_equal(one.labels, other.labels)
    assert (changed.mean, changed.std) == (clean.mean, clean.std)


def test_progress_counts_through_all_splits_made_now_or_before(tmp_path):
    clean, seen = load("digits", train_examples=20), []
    for _ in range(2):
        apply.corrupt_set(clean, NOISE, 0, tmp_path, seen.append)
    assert sorted(set(seen)) == list(range(1, 20 + 144 + 360 + 1))
    assert seen[-3:] == [20, 164, 524]


def test_what_was_corrupted_before_is_read_from_its_file(tmp_path, monkeypatch):
    clean = load("digits", train_examples=20, validation_fraction=0)
    first = corrupt_set(clean, NOISE, 0, tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 2
    monkeypatch.setattr(apply, "corrupted", None)
    again = corrupt_set(clean, NOISE, 0, tmp_path / "cache")
    assert np.array_equal(again.train.images, first.train.images)


def test_other_images_seeds_and_severities_have_files_of_their_own(tmp_path):
    for seed, severity, examples in ((0, 3, 20), (1, 3, 20), (0, 4, 20), (0, 3, 21)):
        images = load("digits", train_examples=examples, validation_fraction=0)
        corrupt_set(images, Corruption("gaussian_noise", severity), seed, tmp_path)
    names = [path.name for path in tmp_path.iterdir()]
    # three times train and test, and a fourth training set beside the first test set
    assert len(names) == 7
    assert all(name.startswith("gaussian_noise-") for name in names)


def test_a_damaged_file_is_named(tmp_path):
    clean = load("digits", train_examples=20, validation_fraction=0)
    corrupt_set(clean, NOISE, 0, tmp_path)
    damaged = next(tmp_path.iterdir())
    damaged.write_bytes(damaged.read_bytes()[:-40])
    with pytest.raises(UsageError, match=f"{damaged.name} is damaged"):
        corrupt_set(clean, NOISE, 0, tmp_path)


def test_files_are_kept_where_caches_are(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "dsd_tf" / "corruptions"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache() == tmp_path / ".cache" / "dsd_tf" / "corruptions"
