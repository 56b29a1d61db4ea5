"""What the workers of a run tell each other beside TensorFlow's own exchange, and how they notice that one is lost."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from dsd_tf.errors import Diverged, UsageError, WorkersDiffer
from dsd_tf.workers.cluster import Cluster
from dsd_tf.workers.connection import Connection, Message

_GRACE_SECONDS = 1.0
_SPOKEN = (UsageError, Diverged, WorkersDiffer, KeyboardInterrupt)  # what ends every worker alike, or is told in a line


class Team(contextlib.AbstractContextManager):
    """The workers of a run, in the order of their cluster; to be used in a `with` block.

    All of them make the same calls in the same order. The chief is the hub: workers know each other through it. When
    one is lost, the others cannot get out of TensorFlow's exchange, so `on_loss` is called in a thread, with a line
    that says who it was, and is to end the process.
    """

    def __init__(
        self,
        cluster: Cluster,
        connections: Mapping[int, Connection],
        timeout: float,
        on_loss: Callable[[str], None],
    ):
        self.cluster, self._connections = cluster, connections
        self._timeout, self._on_loss = timeout, on_loss
        self._inbox: dict[int, queue.SimpleQueue[tuple[Message, bytes]]] = {}
        self._leaving, self._losing = threading.Event(), threading.Lock()
        for index, connection in connections.items():
            connection.set_timeout(timeout)
            self._inbox[index] = queue.SimpleQueue()
            threading.Thread(target=self._listen, args=(index,), daemon=True).start()
        if connections:
            threading.Thread(target=self._keep_in_touch, daemon=True).start()

    @classmethod
    def of_one(cls) -> Team:
        """A process that works by itself."""
        return cls(Cluster(("",), 0), {}, 0.0, lambda message: None)

    @property
    def is_chief(self) -> bool:
        return self.cluster.is_chief

    @property
    def is_alone(self) -> bool:
        return not self._connections

    def tell(self, message: Message, payload: bytes = b"") -> None:
        """Of the chief: send to all others what they wait for in `hear`; of another, to the chief."""
        for connection in self._connections.values():
            # whoever does not take it is lost, which is noticed by those who listen
            with contextlib.suppress(OSError):
                connection.send(message, payload)

    def hear(self, index: int = 0) -> tuple[Message, bytes]:
        """The next thing a worker has told, the chief by default."""
        return self._inbox[index].get()

    def of_chief(self, value: Any) -> Any:
        """The chief's `value`, which JSON can hold, for all."""
        if self.is_chief:
            self.tell({"value": value})
            return value
        return self.hear()[0]["value"]

    def agree(self, what: str, values: Mapping[str, Any]) -> None:
        """Make sure that all have the same `values` by name.

        Raises:
            WorkersDiffer: on the chief, who names the workers and values that differ from its own; on others it is the
                end of the chief that is noticed.
        """
        if not self.is_chief:
            self.tell({"values": dict(values)})
            self.hear()
            return
        differing = [text for index in self._connections if (text := self._differing(index, values))]
        if differing:
            raise WorkersDiffer(f"{what} differ from those of the chief on {'; '.join(differing)}")
        self.tell({})

    def _differing(self, index: int, values: Mapping[str, Any]) -> str:
        theirs = self.hear(index)[0]["values"]
        names = [name for name in values if theirs.get(name) != values[name]]
        return f"{self.cluster.name(index)}: {', '.join(names)}" if names else ""

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._part()
        elif not isinstance(error, _SPOKEN):
            # if it is that TensorFlow misses a worker, `_listen` knows which, and ends the process
            time.sleep(3 * _GRACE_SECONDS * bool(self._connections))
        self._leaving.set()
        if error is not None:
            self.tell({"lost": f"{self.cluster.name(self.cluster.index)} has ended: {str(error) or 'interrupted'}"})
        for connection in self._connections.values():
            connection.close()

    def _part(self) -> None:
        """Nobody leaves before the chief is done: until then the run might have to be started again by all."""
        if self.is_chief:
            for index in self._connections:
                self.hear(index)
        self.tell({})
        if not self.is_chief:
            self.hear()

    def _keep_in_touch(self) -> None:
        while not self._leaving.wait(self._timeout / 4):
            self.tell({"here": True})

    def _listen(self, index: int) -> None:
        name = self.cluster.name(index)
        try:
            while True:
                message, payload = self._connections[index].receive()
                if "lost" in message:
                    return self._lose(message["lost"])
                if "here" not in message:
                    self._inbox[index].put((message, payload))
        except TimeoutError:
            self._lose(f"{name} has not been heard of for {self._timeout:g} s (--worker_timeout)")
        except OSError:
            self._lose(f"{name} is gone")

    def _lose(self, text: str) -> None:
        # what ends another worker may be ending this one too, in its own words
        if self._leaving.wait(_GRACE_SECONDS):
            return
        with self._losing:  # one loss brings about others
            self.tell({"lost": text})
            self._on_loss(text)
