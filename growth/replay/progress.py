"""A progress bar on a terminal; a line now and then where there is none."""

import time

from django.core.management.base import OutputWrapper

WIDTH = 30
QUIET_STEPS = 5


class ProgressBar:
    """Counts to `total`, with the rate and what is left. Used as a context, it leaves one finished line behind."""

    def __init__(self, out: OutputWrapper, *, title: str, total: int) -> None:
        self._out = out
        self._title = title
        self._total = total
        self._done = 0
        self._started = time.monotonic()
        self._live = out.isatty()

    def __enter__(self) -> "ProgressBar":
        self._draw()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._live:
            self._out.write("")

    @property
    def per_second(self) -> float:
        """Return the average rate so far."""
        return self._done / max(time.monotonic() - self._started, 0.001)

    def advance(self, steps: int) -> None:
        """Count so many more."""
        before = self._done
        self._done += steps
        step = max(self._total // QUIET_STEPS, 1)
        if self._live or self._done // step > before // step or self._done == self._total:
            self._draw()

    def note(self, text: str) -> None:
        """Say something without spoiling the bar."""
        self._out.write(f"\r\033[K  {text}" if self._live else f"  {text}")
        if self._live:
            self._draw()

    def _draw(self) -> None:
        share = self._done / self._total if self._total else 1.0
        figures = f"{self._done:>7,}/{self._total:,}"
        if self._live:
            left = (self._total - self._done) / self.per_second if self._done else 0
            bar = "█" * int(WIDTH * share) + "░" * (WIDTH - int(WIDTH * share))
            line = f"\r\033[K  {self._title:<11} {bar} {figures}  {self.per_second:,.0f}/s  {left:,.0f} s left"
            self._out.write(line, ending="")
        elif self._done:
            self._out.write(f"  {self._title:<11} {figures}  {self.per_second:,.0f}/s")
        self._out.flush()
