"""The thread in which writing is done."""

from __future__ import annotations

import io
import os
import sys
import threading

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.observe.outlet import WriterThread


class WriterThreadTests(SynchronousTestCase):
    """L{WriterThread}."""

    def test_order(self) -> None:
        """Jobs are done in the order in which they came."""
        done: list[int] = []
        writer = WriterThread()
        for number in range(100):
            writer(lambda number=number: done.append(number))
        self.assertTrue(writer.flush(10))
        self.assertEqual(done, list(range(100)))

    def test_elsewhere(self) -> None:
        """A job that hangs does not hold up who asked for it, and flush gives up."""
        writer, release = WriterThread(), threading.Event()
        self.addCleanup(release.set)
        writer(release.wait)
        self.assertFalse(writer.flush(0.01))

    def test_bounded(self) -> None:
        """While a job hangs only so many wait; the others are counted."""
        writer, begun, release = WriterThread(limit=3), threading.Event(), threading.Event()
        self.addCleanup(release.set)

        def hang() -> None:
            begun.set()
            release.wait()

        writer(hang)
        self.assertTrue(begun.wait(10))
        for _ in range(5):
            writer(lambda: None)
        self.assertEqual(writer.dropped, 2)

    def test_bug(self) -> None:
        """A job that raises costs itself only."""
        self.patch(sys, "stderr", io.StringIO())
        writer, done = WriterThread(), []
        writer(lambda: 1 / 0)
        writer(lambda: done.append(True))
        self.assertTrue(writer.flush(10))
        self.assertEqual(done, [True])

    def test_fork(self) -> None:
        """A process that was forked after the first job has a thread of its own."""
        writer = WriterThread()
        writer(lambda: None)
        self.assertTrue(writer.flush(10))
        read, write = os.pipe()
        child = os.fork()
        if not child:
            writer(lambda: os.write(write, b"done"))
            os._exit(0 if writer.flush(10) else 1)
        os.close(write)
        self.addCleanup(os.close, read)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual(os.read(read, 10), b"done")
