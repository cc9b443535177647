"""What a test that runs real programs has to wait for before the next one begins."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.process import ProcessReader
from twisted.internet.task import deferLater

__all__ = ["pipesClosed"]


async def pipesClosed() -> None:
    """
    Wait until no program holds a pipe of ours any more.

    A result is there as soon as the program itself has exited; what it started may live a little longer,
    and the reactor sees the end of a pipe only when its last writer has gone.
    """
    while any(isinstance(reader, ProcessReader) for reader in reactor.getReaders()):  # type: ignore[attr-defined]
        await deferLater(reactor, 0.01)  # type: ignore[arg-type]
