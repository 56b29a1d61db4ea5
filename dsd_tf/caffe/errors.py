"""The one error that reading or converting a Caffe file ends in."""

from __future__ import annotations

from dsd_tf.errors import UsageError


class CaffeError(UsageError):
    """A Caffe file that is damaged, contradicts itself, or asks for what the converter does not support."""
