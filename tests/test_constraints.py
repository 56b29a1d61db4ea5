"""constraints.txt pins everything that is installed for the project, exactly, to what the tests run on."""

from __future__ import annotations

import configparser
import importlib.metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PINNED = {
    canonicalize_name(requirement.name): requirement
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
    for requirement in [Requirement(line)]
}
# a virtual environment may come with its own
_FROM_VENV = {"setuptools", "pip", "wheel"}


def declared() -> list[Requirement]:
    parser = configparser.ConfigParser(inline_comment_prefixes=None)
    parser.read(ROOT / "setup.cfg")
    extras = parser["options.extras_require"]
    text = "\n".join([parser["options"]["install_requires"], *extras.values()])
    lines = (line.strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def installed_with_the_project() -> set[str]:
    """The declared dependencies and theirs, as far as they are installed."""
    names, waiting = set(), declared()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if name in names or not applies:
            continue
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        names.add(name)
        waiting += map(Requirement, needs)
    return names - _FROM_VENV


def test_every_pin_is_exact():
    for requirement in PINNED.values():
        assert [specifier.operator for specifier in requirement.specifier] == ["=="]


@pytest.mark.parametrize("name", sorted(PINNED.keys() - _FROM_VENV))
def test_the_tests_run_on_the_pinned_version(name):
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not installed here")
    assert PINNED[name].specifier.contains(found, prereleases=True)


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_every_declared_dependency_is_pinned_within_its_range(requirement):
    [pin] = PINNED[canonicalize_name(requirement.name)].specifier
    assert requirement.specifier.contains(pin.version, prereleases=True)


def test_what_dependencies_bring_along_is_pinned_too():
    assert installed_with_the_project() - PINNED.keys() == set()
