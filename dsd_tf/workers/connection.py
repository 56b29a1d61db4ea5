"""Messages over a TCP connection: a JSON object each, and bytes that go with it."""

from __future__ import annotations

import json
import socket
import struct
import threading
from typing import Any

Message = dict[str, Any]

_MAGIC = b"dsd1"
_HEAD = struct.Struct("!4sIQ")  # magic, bytes of JSON, bytes of payload


class Connection:
    """One end of a connection. `send` may be called by several threads, `receive` by one."""

    def __init__(self, sock: socket.socket):
        self._socket, self._sending = sock, threading.Lock()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def set_timeout(self, seconds: float) -> None:
        """The longest silence to bear in `receive`, and in `send` of a full line."""
        self._socket.settimeout(seconds)

    def send(self, message: Message, payload: bytes = b"") -> None:
        """Raises OSError if the other end is gone."""
        text = json.dumps(message).encode()
        with self._sending:
            self._socket.sendall(_HEAD.pack(_MAGIC, len(text), len(payload)) + text)
            self._socket.sendall(payload)

    def receive(self) -> tuple[Message, bytes]:
        """The next message and its payload.

        Raises:
            OSError: if the other end is gone or none of ours; TimeoutError, which is one, if it says nothing.
        """
        magic, length, size = _HEAD.unpack(self._read(_HEAD.size))
        if magic != _MAGIC:
            raise ConnectionError("the other end is not dsd_tf")
        return json.loads(self._read(length)), self._read(size)

    def close(self) -> None:
        self._socket.close()

    def _read(self, size: int) -> bytes:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = self._socket.recv_into(view)
            if not count:
                raise ConnectionResetError("the other end has closed the connection")
            view = view[count:]
        return bytes(data)
