"""The protobuf text format, as prototxt files use it: a schema-free reader that keeps every field it meets.

Grammar: protobuf.dev/reference/protobuf/textformat-spec, without extension names and `Any` literals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.message import Message, Scalar, Source

_DEEPEST = 100
_CLOSING = {"{": "}", "<": ">"}
_TOKEN = re.compile(
    r"""(?P<space>(?:[ \t\r\n\f\v]+|\#[^\n]*)+)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<number>-?(?:0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[fF]?)(?![\w.]))
    | (?P<word>-?[A-Za-z_][A-Za-z0-9_]*)
    | (?P<mark>[{}<>\[\]:;,])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:[xX](?P<hex>[0-9a-fA-F]{1,2})|(?P<octal>[0-7]{1,3})|(?P<one>.))")
_NAMED_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class _Token(NamedTuple):
    kind: str
    text: str
    offset: int


def read_prototxt(path: Path) -> Message:
    """The message in a prototxt file. Raises CaffeError, with line and column, if it is not one."""
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise CaffeError(f"cannot read prototxt {path}: {error.strerror}") from None
    return parse_prototxt(text, str(path))


def parse_prototxt(text: str, name: str = "prototxt") -> Message:
    """The message that `text` spells out; `name` stands for the file in error messages."""
    return _Parser(Source(name, text), text).whole()


class _Parser:
    def __init__(self, source: Source, text: str):
        self._source = source
        self._tokens = _tokenize(source, text)
        self._next = next(self._tokens)

    def whole(self) -> Message:
        message = Message(self._source, 0)
        while self._next.kind != "end":
            self._field(message, depth=0)
        return message

    def _field(self, message: Message, depth: int) -> None:
        name = self._take()
        if name.kind != "word":
            raise self._unexpected(name, "a field name")
        colon = self._skip(":")
        if self._skip("["):
            self._list(message, name, depth)
        elif self._next.text in _CLOSING and self._next.kind == "mark":
            message.add(name.text, self._message(name, depth), name.offset)
        elif colon:
            message.add(name.text, *self._scalar())
        else:
            raise self._unexpected(self._next, f"':' or '{{' after {name.text}")
        if not self._skip(","):
            self._skip(";")

    def _list(self, message: Message, name: _Token, depth: int) -> None:
        message.fields.setdefault(name.text, [])
        while not self._skip("]"):
            if self._next.text in _CLOSING and self._next.kind == "mark":
                message.add(name.text, self._message(name, depth), name.offset)
            else:
                message.add(name.text, *self._scalar())
            if not self._skip(",") and self._next.text != "]":
                raise self._unexpected(self._next, "',' or ']'")

    def _message(self, name: _Token, depth: int) -> Message:
        opening = self._take()
        if depth == _DEEPEST:
            raise self._source.error(opening.offset, f"messages nest deeper than {_DEEPEST}")
        message = Message(self._source, name.offset)
        while not self._skip(_CLOSING[opening.text]):
            if self._next.kind == "end":
                raise self._source.error(name.offset, f"{name.text} {opening.text} is never closed")
            self._field(message, depth + 1)
        return message

    def _scalar(self) -> tuple[Scalar, int]:
        token = self._take()
        if token.kind == "string":
            parts = [self._unescape(token)]
            while self._next.kind == "string":
                parts.append(self._unescape(self._take()))
            return Scalar("".join(parts), quoted=True), token.offset
        if token.kind not in ("number", "word"):
            raise self._unexpected(token, "a value")
        return Scalar(token.text, quoted=False), token.offset

    def _unescape(self, token: _Token) -> str:
        def character(match: re.Match[str]) -> str:
            if match["hex"]:
                return chr(int(match["hex"], 16))
            if match["octal"]:
                return chr(int(match["octal"], 8))
            return _NAMED_ESCAPES.get(match["one"], match["one"])

        return _ESCAPE.sub(character, token.text[1:-1])

    def _take(self) -> _Token:
        token, self._next = self._next, next(self._tokens, self._next)
        return token

    def _skip(self, mark: str) -> bool:
        found = self._next.kind == "mark" and self._next.text == mark
        if found:
            self._take()
        return found

    def _unexpected(self, token: _Token, wanted: str) -> CaffeError:
        found = "the end of the file" if token.kind == "end" else repr(token.text[:40])
        return self._source.error(token.offset, f"expected {wanted}, found {found}")


def _tokenize(source: Source, text: str) -> Iterator[_Token]:
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise source.error(offset, f"no field, value or bracket begins with {text[offset : offset + 12]!r}")
        if match.lastgroup != "space":
            yield _Token(match.lastgroup, match[0], offset)
        offset = match.end()
    yield _Token("end", "", len(text))
