"""Exporting the network of a finished run."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsd_tf import registry
from dsd_tf.errors import UsageError, unknown
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.experiment.run_directory import export_path

if TYPE_CHECKING:
    import keras

_GZIP = 16 + zlib.MAX_WBITS
_CHUNK = 1 << 20


def export_run(
    run_dir: str | Path, format: str, output: str | Path = "", phase: str = "", compact: bool = False
) -> dict[str, Any]:
    """Write a run's network at the end of `phase` (the last one by default) in one of the registered formats.

    `output` is RUN/export/PHASE with the format's ending by default. Returns where it is, its bytes, raw and
    after gzip, and what is in it: bytes of the variables, zeros by kernel, and of the run's own figures the
    weights kept and the test accuracy. With `compact` silent units are removed first, and "compact" tells what
    that brings.

    Raises:
        UsageError: for an unknown format or phase, a directory that holds no finished run, or an output that
            cannot be written or would replace something else.
    """
    if format not in registry.EXPORT_FORMATS:
        raise unknown("--format", format, registry.EXPORT_FORMATS)
    run = FinishedRun(run_dir)
    record = run.record(phase)
    path = Path(output or export_path(run_dir, record["phase"] + "-compact" * compact, format))
    if path.resolve() == run.model_path.resolve():
        raise UsageError(f"--output={path} is the run's own network; name another place for the export")
    model, figures = run.network(phase), {}
    if compact:
        from dsd_tf.experiment.compact_run import compact_checked, compaction_figures

        compacted, difference = compact_checked(model)
        figures = {"compact": compaction_figures(model, compacted, difference)}
        model = compacted.model
    registry.resolve("--format", registry.EXPORT_FORMATS, format)(model, path)
    return {
        "format": format,
        "path": str(path),
        **_sizes(path),
        **_content(model),
        **{key: record[key] for key in ("phase", "prunable", "kept", "sparsity")},
        "test_accuracy": record["test"]["top1"],
        **figures,
    }


def _sizes(path: Path) -> dict[str, int]:
    """Bytes of a file or of all files in a folder, and of their gzip stream at its usual level."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    packer = zlib.compressobj(wbits=_GZIP)
    packed = 0
    for file in files:
        with open(file, "rb") as handle:
            while chunk := handle.read(_CHUNK):
                packed += len(packer.compress(chunk))
    return {"bytes": sum(file.stat().st_size for file in files), "gzip_bytes": packed + len(packer.flush())}


def _content(model: keras.Model) -> dict[str, Any]:
    from dsd_tf.training.kernels import list_kernels

    values = {kernel.name: kernel.variable.numpy() for kernel in list_kernels(model)}
    return {
        "variables_bytes": sum(weight.numpy().nbytes for weight in model.weights),
        "zeros": {name: int((value == 0).sum()) for name, value in values.items()},
    }
