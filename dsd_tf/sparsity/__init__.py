"""Pure arithmetic on arrays: selection, scores, allocation, granularity, masks, schedules, FLOPs."""

from dsd_tf.sparsity import keras  # noqa: F401  as an attribute, where TFMOT has it
