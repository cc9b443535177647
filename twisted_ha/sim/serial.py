"""A serial line as our daemon uses it: with its own queue, at the speed of the line."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from twisted_ha.media.serial_output import OutputQueue
from twisted_ha.media.serial_writer import SerialWriter
from twisted_ha.sim.network import Network, Segment, SimMedium
from twisted_ha.terms import NodeName

__all__ = ["SimSerial"]


class SimSerial(SimMedium):
    """One end of a cable whose kernel takes a piece at a time; nobody ever fails to read it."""

    def __init__(self, network: Network, segment: Segment, node: NodeName, clock: IReactorTime) -> None:
        """@param clock: of the process that has the line: it sends nothing while it is stopped."""
        super().__init__(network, segment, node, "serial")
        self._queue = OutputQueue.forLine(segment.baud)
        self._writer = SerialWriter(
            clock, segment.baud, self._queue, lambda: None, lambda: None, lambda reason: None
        )
        self._writer.attach(self)

    def send(self, frame: bytes) -> None:
        """Queue C{frame}."""
        if self.sink is not None:
            self._queue.push(frame)
            self._writer.kick()

    def close(self) -> Deferred[None]:
        """Deliver nothing more, once what waits has left."""
        return self._writer.finish().addCallback(lambda _: self.unplug())

    def unplug(self) -> None:
        """The process that had it open is gone."""
        self._writer.detach()
        super().unplug()

    # What the writer needs of a line.

    def writeSomeData(self, data: bytes) -> int:
        """Put a piece on the wire."""
        self.network.transmit(self, data)
        return len(data)

    def outstanding(self) -> int:
        """It takes a piece when the one before has left, and so holds nothing back."""
        return 0

    def discard(self) -> None:
        """Nothing is held back."""
