"""How far a measurement is, on a terminal."""

from __future__ import annotations

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class TerminalProgress:
    """One bar a model: cells, rate, time left; gone when done."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def start(self, model: str, cells: int) -> None:
        columns = (
            TextColumn("measuring {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("cells"),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, transient=True)
        self._task = self._bar.add_task(model, total=cells)
        self._bar.start()

    def advance(self, cells: int) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, cells)

    def stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
