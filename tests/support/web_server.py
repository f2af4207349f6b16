"""A web server on this machine, which behaves well or badly as asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """``announced`` is the length in the header, ``pause`` seconds of silence after half of it."""

    content: bytes = b""
    status: int = 200
    announced: int | None = None
    pause: float = 0.0
    location: str = ""


@dataclass
class Server:
    """Answers by path; ``asked`` lists the paths of all requests."""

    address: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            answer = server.answers.get(self.path, Answer(b"<html>no such file</html>", 404))
            content = answer.content
            self.send_response(answer.status)
            if answer.location:
                self.send_header("Location", answer.location)
            length = len(content) if answer.announced is None else answer.announced
            self.send_header("Content-Length", str(length))
            self.end_headers()
            try:
                self.wfile.write(content[: len(content) // 2])
                self.wfile.flush()
                until = time.monotonic() + answer.pause
                while time.monotonic() < until and not server.stopped.wait(0.01):
                    pass
                self.wfile.write(content[len(content) // 2 :])
            except ConnectionError:
                pass  # whoever asked has gone

        def log_message(self, format: str, *args: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{listener.server_address[1]}")
    thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        listener.shutdown()
        listener.server_close()
        thread.join()
