"""The image set of a run, corrupted as its settings say."""

from __future__ import annotations

from pathlib import Path

from dsd_tf.data.sources import ImageSet
from dsd_tf.reporting.progress import RunProgress
from dsd_tf.robustness.corruptions.apply import corrupt_set, default_cache
from dsd_tf.settings import Settings


def corrupted_images(settings: Settings, images: ImageSet) -> ImageSet:
    """All splits corrupted, from files where that was done before; shows progress.

    Raises:
        UsageError: for a corruption that is not for such images, and files that cannot be read or written.
    """
    cache = Path(settings.cache_dir) if settings.cache_dir else default_cache()
    total = len(images.train) + len(images.validation or ()) + len(images.test)
    progress = RunProgress(total)

    def reached(done: int) -> None:
        progress.reach(done)
        progress.line(f"{settings.corruption}: {done:,} of {total:,} images")

    try:
        return corrupt_set(images, settings.corrupted_by, settings.seed_of_data, cache, reached)
    finally:
        progress.close()
