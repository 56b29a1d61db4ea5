import http.server
import socket
import threading

import pytest

from dsd_tf.data.network import reachable


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "")


@pytest.fixture
def server():
    """The address of a local HTTP server that answers 200 to /there and 404 to everything else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200 if self.path.endswith("/there") else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http_server:
        threading.Thread(target=http_server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{http_server.server_port}"
        http_server.shutdown()


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]  # bound and not listening: connections are refused


@pytest.mark.parametrize("path", ["/there", "/elsewhere"])
def test_any_answer_counts(server, path):
    assert reachable(server + path)


def test_a_refused_connection_is_no_network(closed_port):
    assert not reachable(f"http://127.0.0.1:{closed_port}")


def test_the_proxy_of_the_environment_is_asked(server, monkeypatch):
    monkeypatch.setenv("http_proxy", server)
    assert reachable("http://no-such-host.invalid/there")


def test_a_dead_proxy_is_no_network(server, closed_port, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
    assert not reachable(server + "/there")


def test_a_lookup_that_never_returns_is_given_up(monkeypatch):
    end = threading.Event()

    def hang(*_, **__):
        end.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    assert not reachable("http://example.com", seconds=0.01)
    end.set()
