"""A headless Chromium, driven through a pipe by its DevTools protocol: no driver, no sockets."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--enable-unsafe-swiftshader", "--remote-debugging-pipe",
)  # fmt: skip
_SECONDS = 60.0

Json = dict[str, Any]


class Page:
    """One page. ``events`` are what the browser said of it; see ``complaints`` and ``requests``."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._buffer, self._number, self._session = b"", 0, ""
        self.events: list[Json] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def open(
        self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False, at: str = ""
    ) -> None:
        """Load a file at a width, in a light or dark scheme, and wait until it is there; ``at`` is
        what stands behind its address. Of a file that is open, it must not be all that differs."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self.events.clear()
        self._call("Page.navigate", url=path.resolve().as_uri() + at)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        found = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, expression: str) -> Any:
        """The value of an expression once it is true; it must be so within 15 seconds."""
        deadline = time.monotonic() + 15
        while not (found := self.evaluate(expression)):
            assert time.monotonic() < deadline, f"it stays {found!r}: {expression}"
            time.sleep(0.02)
        return found

    def move(self, x: float, y: float) -> None:
        """Move the mouse to a point of the window."""
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x: float, y: float) -> None:
        """Move the mouse to a point and press its button."""
        self.move(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press a key that is named, such as ArrowRight, or write text."""
        codes = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Enter": 13,
                 "Escape": 27, "Tab": 9}  # fmt: skip
        if key not in codes:
            for letter in key:
                self._call("Input.dispatchKeyEvent", type="keyDown", key=letter, text=letter)
                self._call("Input.dispatchKeyEvent", type="keyUp", key=letter)
            return
        for kind in ("rawKeyDown", "keyUp"):
            self._call(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=codes[key]
            )

    def seconds(self) -> float:
        """The processor time that the page's process has taken."""
        self._call("Performance.enable", timeDomain="threadTicks")
        metrics = self._call("Performance.getMetrics")["metrics"]
        return float(next(m["value"] for m in metrics if m["name"] == "ProcessTime"))

    def screenshot(self, path: Path) -> None:
        """The whole page as PNG."""
        data = self._call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def complaints(self) -> list[str]:
        """Console messages, log entries and exceptions; but not what the browser says of its own
        drawing by software, where there is no graphics card."""
        methods = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        said = (json.dumps(e["params"]) for e in self.events if e["method"] in methods)
        return [text for text in said if "GL Driver Message" not in text]

    def requests(self) -> list[str]:
        """The addresses asked for, beside the page itself."""
        sent = [e["params"] for e in self.events if e["method"] == "Network.requestWillBeSent"]
        urls = [params["request"]["url"] for params in sent if params["type"] != "Document"]
        return [url for url in urls if not url.startswith("data:")]

    def _call(self, method: str, **params: Any) -> Json:
        self._number += 1
        message: Json = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: Json = answer["result"]
                return result
            self.events.append(answer)

    def _next(self) -> Json:
        deadline = time.monotonic() + _SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(self._read, 1 << 20) if ready else b""
            assert chunk, "the browser has gone, or says nothing"
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        found: Json = json.loads(message)
        return found if "id" in found else {"method": "", "params": {}} | found


@contextmanager
def browser() -> Iterator[Page]:
    """A page in a browser of its own, with an empty profile."""
    assert CHROMIUM is not None
    commands, to_browser = os.pipe()
    from_browser, answers = os.pipe()
    # The protocol is read from descriptor 3 and written to 4, which a shell sees to.
    script = f'exec "$0" "$@" 3<&{commands} 4>&{answers}'
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            ["bash", "-c", script, CHROMIUM, *_FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(commands, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            os.close(commands)
            os.close(answers)
            yield Page(from_browser, to_browser)
        finally:
            process.terminate()
            process.wait(timeout=_SECONDS)
            os.close(to_browser)
            os.close(from_browser)


# The texts whose contrast with the nearest ground of their own is below 4.5 to 1.
CONTRAST = """
(() => {
  const lum = c => { const p = c.match(/[\\d.]+/g).slice(0, 3).map(v => {
    v /= c.startsWith('color') ? 1 : 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2]; };
  const bad = [];
  for (const e of document.querySelectorAll('p, td, th, h1, h2, a, dt, dd, li, caption, span, '
       + 'summary, figcaption, code, math')) {
    let g = e, ground = 'rgba(0, 0, 0, 0)';
    while (g && ground === 'rgba(0, 0, 0, 0)') {
      ground = getComputedStyle(g).backgroundColor; g = g.parentElement; }
    const a = lum(getComputedStyle(e).color), b = lum(ground);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(e.tagName + ' ' + e.textContent.slice(0, 30) + ' ' + ratio);
  }
  return bad;
})()
"""
