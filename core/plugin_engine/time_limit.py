"""A limit on how long a plugin's code may keep the start of the site waiting.

Signals reach the main thread only, where every program of ours makes its app; an app that is made
in another thread has no limit. Code in C that never comes back cannot be interrupted.
"""

import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any

AGAIN_SECONDS = 0.05
# What swallows it in loops around loops is out only when it comes between two of them.
PATIENCE, AT_ONCE_SECONDS = 20, 0.0005


class TookTooLong(BaseException):
    """Not an Exception: whoever catches all of those would go on waiting."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it took longer than {seconds:g} seconds")


class at_most:
    """Raises TookTooLong inside its block when that lasts longer; 0 is no limit.

    It is raised again and again, because the block may swallow it: where the code is, and then
    on the next line, which lies outside of the `try` that swallowed it.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._limits = seconds > 0 and threading.current_thread() is threading.main_thread()
        self._times = 0
        self._over = False

    def __enter__(self) -> None:
        if self._limits:
            self._outside = sys._getframe(1)
            self._began, self._tracing = time.monotonic(), sys.gettrace()
            self._handler = signal.signal(signal.SIGALRM, self._interrupt)
            self._timer = signal.setitimer(signal.ITIMER_REAL, self._seconds, AGAIN_SECONDS)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._over = True
        if self._limits:
            signal.setitimer(signal.ITIMER_REAL, 0)
            sys.settrace(self._tracing)
            signal.signal(signal.SIGALRM, self._handler)
            self._resume_timer()

    def _resume_timer(self) -> None:
        waiting, interval = self._timer
        if waiting:
            left = waiting - (time.monotonic() - self._began)
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.001), interval)

    def _interrupt(self, _number: int, frame: FrameType | None) -> None:
        if self._over or frame is self._outside or _is_leaving(frame):
            return  # An error raised here would leave the block without its end.
        late = TookTooLong(self._seconds)  # Before the tracing, which would end in its making.
        self._times += 1
        if self._times == PATIENCE:
            signal.setitimer(signal.ITIMER_REAL, AT_ONCE_SECONDS, AT_ONCE_SECONDS)
        while frame is not None and frame is not self._outside:
            # Python's own import cleans up after itself and must come to its end.
            if not frame.f_code.co_filename.startswith("<frozen"):
                frame.f_trace = self._trace
            frame = frame.f_back
        sys.settrace(_nothing_new)
        raise late

    def _trace(self, _frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            raise TookTooLong(self._seconds)
        return self._trace


def _is_leaving(frame: FrameType | None) -> bool:
    return frame is not None and frame.f_code is at_most.__exit__.__code__


def _nothing_new(_frame: FrameType, _event: str, _argument: Any) -> None:
    """Functions that are called only now, such as the end of the block, run undisturbed."""
