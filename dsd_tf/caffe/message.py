"""A protobuf message read from text: a tree of named fields, each with its place in the file."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from dsd_tf.caffe.errors import CaffeError
from dsd_tf.errors import unknown

_TRUE = ("true", "t", "1")
_FALSE = ("false", "f", "0")
_LARGEST_INTEGER = 2**31 - 1


class Source:
    """A text file's name and line starts: turns offsets into positions."""

    def __init__(self, name: str, text: str):
        self.name = name
        self._lines = [0, *(i + 1 for i, character in enumerate(text) if character == "\n")]

    def error(self, offset: int, problem: str) -> CaffeError:
        """An error that begins with file:line:column (both from 1)."""
        line = bisect_right(self._lines, offset)
        return CaffeError(f"{self.name}:{line}:{offset - self._lines[line - 1] + 1}: {problem}")


@dataclass(frozen=True)
class Scalar:
    """A value as it was written: a quoted string, or a bare token of any other type."""

    text: str
    quoted: bool


@dataclass(frozen=True)
class Entry:
    """One occurrence of a field."""

    value: Scalar | Message
    offset: int


@dataclass
class Message:
    """Fields by name, each with all its occurrences in file order. The getters check type and range."""

    source: Source
    offset: int
    fields: dict[str, list[Entry]] = field(default_factory=dict)

    def error(self, problem: str) -> CaffeError:
        """An error at the place where this message begins."""
        return self.source.error(self.offset, problem)

    def add(self, name: str, value: Scalar | Message, offset: int) -> None:
        self.fields.setdefault(name, []).append(Entry(value, offset))

    def has(self, name: str) -> bool:
        return name in self.fields

    def messages(self, name: str) -> list[Message]:
        """All occurrences of a message field."""
        return [self._message(name, entry) for entry in self.fields.get(name, ())]

    def message(self, name: str) -> Message:
        """A message field that occurs at most once; an empty message if it is absent."""
        entry = self._single(name)
        return Message(self.source, self.offset) if entry is None else self._message(name, entry)

    def strings(self, name: str) -> list[str]:
        return [self._string(name, entry) for entry in self.fields.get(name, ())]

    def string(self, name: str, default: str = "") -> str:
        entry = self._single(name)
        return default if entry is None else self._string(name, entry)

    def integers(self, name: str, least: int = 0) -> list[int]:
        return [self._integer(name, entry, least) for entry in self.fields.get(name, ())]

    def integer(self, name: str, default: int, least: int = 0) -> int:
        """An integer from `least` to 2**31 - 1."""
        entry = self._single(name)
        return default if entry is None else self._integer(name, entry, least)

    def numbers(self, name: str) -> list[float]:
        return [self._number(name, entry) for entry in self.fields.get(name, ())]

    def number(self, name: str, default: float) -> float:
        """A finite floating-point number."""
        entry = self._single(name)
        return default if entry is None else self._number(name, entry)

    def flag(self, name: str, default: bool) -> bool:
        entry = self._single(name)
        if entry is None:
            return default
        text = self._bare(name, entry, "true or false").lower()
        if text not in _TRUE + _FALSE:
            raise self.source.error(entry.offset, f"{name} must be true or false, not {text!r}")
        return text in _TRUE

    def choice(self, name: str, words: Sequence[str], default: str) -> str:
        """An enum value, written as its name or as its number (its index in `words`)."""
        entry = self._single(name)
        if entry is None:
            return default
        text = self._bare(name, entry, f"one of {', '.join(words)}")
        if text.isdecimal() and len(text) < 4 and int(text) < len(words):
            return words[int(text)]
        if text not in words:
            raise self.source.error(entry.offset, str(unknown(name, text, words)))
        return text

    def _single(self, name: str) -> Entry | None:
        entries = self.fields.get(name, ())
        if len(entries) > 1:
            raise self.source.error(entries[1].offset, f"{name} is given {len(entries)} times, at most one is allowed")
        return entries[0] if entries else None

    def _message(self, name: str, entry: Entry) -> Message:
        if not isinstance(entry.value, Message):
            raise self.source.error(entry.offset, f"{name} must be a message: {name} {{ ... }}")
        return entry.value

    def _string(self, name: str, entry: Entry) -> str:
        if not isinstance(entry.value, Scalar) or not entry.value.quoted:
            raise self.source.error(entry.offset, f'{name} must be a string in quotes: {name}: "..."')
        return entry.value.text

    def _bare(self, name: str, entry: Entry, wanted: str) -> str:
        if not isinstance(entry.value, Scalar) or entry.value.quoted:
            raise self.source.error(entry.offset, f"{name} must be {wanted}")
        return entry.value.text

    def _integer(self, name: str, entry: Entry, least: int) -> int:
        text = self._bare(name, entry, "an integer")
        digits = text.lstrip("-").lower()
        try:
            value = int(digits, 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10)
        except ValueError:
            raise self.source.error(entry.offset, f"{name} must be an integer, not {text!r}") from None
        value = -value if text.startswith("-") else value
        if not least <= value <= _LARGEST_INTEGER:
            raise self.source.error(entry.offset, f"{name} must be from {least} to {_LARGEST_INTEGER}, not {text}")
        return value

    def _number(self, name: str, entry: Entry) -> float:
        text = self._bare(name, entry, "a number")
        try:
            value = float(text) if text.lower().endswith("inf") else float(text.rstrip("fF"))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.source.error(entry.offset, f"{name} must be a finite number, not {text!r}")
        return value
