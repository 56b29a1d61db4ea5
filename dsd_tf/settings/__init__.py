"""Every value a run is made of, by what it is about."""

from dsd_tf.settings.field import split
from dsd_tf.settings.settings import Settings

__all__ = ["Settings", "split"]
