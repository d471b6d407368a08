"""A headless Chromium, driven by the DevTools protocol over a pipe: no package, no port, no network."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

PROGRAM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
_SILENT = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--mute-audio",
           "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-dev-shm-usage")  # fmt: skip


class Chromium:
    """One browser with one page; `with Chromium() as page`."""

    def __init__(self) -> None:
        assert PROGRAM is not None
        self._home = Path(tempfile.mkdtemp(prefix="chromium-"))
        self.downloads = self._home / "downloads"
        self.downloads.mkdir()
        reads, self._out = os.pipe()
        self._in, writes = os.pipe()
        command = f'exec "$0" "$@" 3</dev/fd/{reads} 4>/dev/fd/{writes}'
        options = [*_SILENT, "--remote-debugging-pipe", f"--user-data-dir={self._home / 'profile'}", "about:blank"]
        self._process = subprocess.Popen(
            ["sh", "-c", command, PROGRAM, *options],
            pass_fds=(reads, writes),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(reads)
        os.close(writes)
        self._buffer, self._next, self.session = b"", 0, None
        self.said: list[dict[str, Any]] = []  # events of the page: exceptions, console, blocked by policy
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads), whole=True)

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self.call("Browser.close", whole=True)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self._home, ignore_errors=True)

    def call(self, method: str, whole: bool = False, **parameters: Any) -> dict[str, Any]:
        """A command, of the page or of the whole browser, and its answer."""
        self._next += 1
        body = {"id": self._next, "method": method, "params": parameters}
        if self.session is not None and not whole:
            body["sessionId"] = self.session
        os.write(self._out, json.dumps(body).encode() + b"\0")
        while (message := self._read()).get("id") != self._next:
            self._note(message)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return message["result"]

    def open(self, page: Path, fragment: str = "", scripts: bool = True, width: int = 1280, height: int = 900, dark: bool = False,
             medium: str = "screen") -> None:  # fmt: skip
        """Load a file and wait until it is there."""
        self.said.clear()
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media=medium, features=scheme)
        self.call("Page.navigate", url="about:blank")
        self._until("Page.loadEventFired")
        self.said.clear()
        self.call("Page.navigate", url=page.resolve().as_uri() + fragment)
        self._until("Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:
        """A value of the page, by JavaScript."""
        found = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        if "exceptionDetails" in found:
            raise RuntimeError(f"{expression[:200]}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of the first element that is found."""
        box = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
            " const r = e.getClientRects()[0]; return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def press(self, key: str, code: int) -> None:
        for kind in ("rawKeyDown", "char", "keyUp") if key == "Enter" else ("rawKeyDown", "keyUp"):
            more = {"text": "\r"} if kind == "char" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more)

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def downloaded(self, name: str, seconds: float = 10) -> str:
        """What the page saved under this name."""
        path, end = self.downloads / name, time.monotonic() + seconds
        while not path.exists() and time.monotonic() < end:
            self.evaluate("0")
            time.sleep(0.05)
        return path.read_text(encoding="utf-8")

    def screenshot(self, path: Path, top: float = 0, height: float | None = None, width: int = 1280) -> None:
        tall = height or self.evaluate("document.documentElement.scrollHeight")
        clip = {"x": 0, "y": top, "width": width, "height": tall, "scale": 1}
        path.write_bytes(
            base64.b64decode(self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"])
        )

    def errors(self) -> list[str]:
        """Exceptions and messages of the console that are errors, e.g. what a policy has blocked."""
        found = []
        for one in self.said:
            if one["method"] == "Runtime.exceptionThrown":
                found.append(json.dumps(one["params"]["exceptionDetails"])[:400])
            elif one["method"] == "Log.entryAdded" and one["params"]["entry"]["level"] == "error":
                found.append(one["params"]["entry"]["text"])
        return found

    def _until(self, event: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not any(one["method"] == event for one in self.said):
            if time.monotonic() > end:
                raise TimeoutError(event)
            self._note(self._read())

    def _note(self, message: dict[str, Any]) -> None:
        if "method" in message:
            self.said.append(message)

    def _read(self, seconds: float = 60) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], seconds)[0]:
                raise TimeoutError("the browser does not answer")
            if not (piece := os.read(self._in, 1 << 20)):
                raise RuntimeError("the browser has ended")
            self._buffer += piece
        head, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(head)
