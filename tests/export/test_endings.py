"""Names of exported files: one ending for every format a user can ask for, kept by its exporter."""

from __future__ import annotations

import pytest

from dsd_tf import registry
from dsd_tf.errors import UsageError
from dsd_tf.export.endings import ENDINGS


def test_every_export_format_has_an_ending_and_no_other_has():
    assert ENDINGS.keys() == registry.EXPORT_FORMATS.keys()


def test_endings_tell_the_formats_apart():
    assert len(set(ENDINGS.values())) == len(ENDINGS)


@pytest.mark.parametrize("name", [name for name, ending in ENDINGS.items() if ending])
def test_an_exporter_writes_a_file_with_its_ending_and_refuses_another(tmp_path, model, name):
    export = registry.resolve("--format", registry.EXPORT_FORMATS, name)
    export(model, tmp_path / f"net{ENDINGS[name]}")
    assert (tmp_path / f"net{ENDINGS[name]}").is_file()
    with pytest.raises(UsageError, match=f"net.other must end in {ENDINGS[name]}"):
        export(model, tmp_path / "net.other")
