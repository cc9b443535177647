"""
Where blocking writes happen: in a thread of their own, so that a dying disk cannot stop the beat.

A write to a disk that does not answer hangs for minutes and cannot be interrupted.  A daemon that
hangs with it is declared dead by its peer, because of a log line.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable

__all__ = ["Job", "Outlet", "WriterThread", "atOnce"]

Job = Callable[[], object]

Outlet = Callable[[Job], object]
"""Takes a job that may block, and sees to it that it is done after those before it."""


def atOnce(job: Job) -> None:
    """An L{Outlet} that does the job now: for tests and short programs."""
    job()


class WriterThread:
    """
    An L{Outlet} with one daemon thread and a bounded queue.

    The thread is started by the first job, and again after a fork.  When the queue is full a job is
    thrown away and counted: a log that cannot be written must not eat the memory either.

    @ivar dropped: how many jobs were thrown away.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._jobs: deque[Job] = deque()
        self._condition = threading.Condition()
        self._busy = False
        self._process: int | None = None
        self.dropped = 0

    def __call__(self, job: Job) -> None:
        """Queue C{job}.  Never blocks."""
        if self._process != os.getpid():
            self._begin()
        with self._condition:
            if len(self._jobs) >= self._limit:
                self.dropped += 1
                return
            self._jobs.append(job)
            self._condition.notify_all()

    def flush(self, seconds: float) -> bool:
        """
        Wait until everything queued is done, but no longer than C{seconds}.

        @return: whether it is done.
        """
        if self._process != os.getpid():
            return not self._jobs
        with self._condition:
            return self._condition.wait_for(lambda: not self._jobs and not self._busy, seconds)

    def _begin(self) -> None:
        self._process = os.getpid()
        self._condition = threading.Condition()  # a lock may have been held across the fork
        self._busy = False
        threading.Thread(target=self._work, name="log writer", daemon=True).start()

    def _work(self) -> None:
        condition = self._condition
        while True:
            with condition:
                self._busy = False
                condition.notify_all()
                condition.wait_for(lambda: self._jobs)
                self._busy = True
                job = self._jobs.popleft()
            try:
                job()
            except Exception:
                # The log itself is what broke; there is nobody else to tell.
                traceback.print_exc(file=sys.stderr)
