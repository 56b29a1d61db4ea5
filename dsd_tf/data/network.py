"""Whether there is a network, found out quickly."""

from __future__ import annotations

import http.client
import threading
import urllib.error
import urllib.request


def reachable(url: str, seconds: float = 5.0) -> bool:
    """Whether a server answers at `url` within `seconds`, through the proxies the environment names.

    A daemon thread asks: looking a host name up can block for longer than any timeout passed to a socket.
    """
    answered = threading.Event()

    def ask() -> None:
        try:
            head = urllib.request.Request(url, method="HEAD")
            urllib.request.build_opener().open(head, timeout=seconds).close()
        except urllib.error.HTTPError:
            pass  # an error status is an answer
        except (OSError, http.client.HTTPException):
            return
        answered.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answered.is_set()
