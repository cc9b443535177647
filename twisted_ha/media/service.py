"""The media as a service: all opened at start, all closed at the end."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList

from twisted_ha.errors import MediumError
from twisted_ha.interfaces import IFrameSink, IMedium

__all__ = ["MediaService"]


class MediaService(Service):
    """
    Owns the media.

    A device that cannot be used at start refuses the start, as heartbeat does: a cluster that believes
    it has two links and has one is worse than one that does not start.  A device that is lost later is
    opened again by its medium alone.
    """

    name = "media"

    def __init__(self, media: Sequence[IMedium], sink: IFrameSink) -> None:
        self.media = tuple(media)
        self._sink = sink
        self._open: list[IMedium] = []

    def privilegedStartService(self) -> None:
        """Open everything, while this process still may."""
        Service.privilegedStartService(self)
        self.openAll(self._sink)

    def startService(self) -> None:
        """Open what is not open yet: a parent need not have called L{privilegedStartService}."""
        self.openAll(self._sink)
        Service.startService(self)

    def stopService(self) -> Deferred[None]:
        """Close everything."""
        Service.stopService(self)
        return self.closeAll()

    def openAll(self, sink: IFrameSink) -> None:
        """
        Open every medium that is not open.

        @raise MediumError: some cannot be used; the text says of each why, one a line, and the others
            are closed again.
        """
        complaints: list[str] = []
        for medium in self.media:
            if medium in self._open:
                continue
            try:
                medium.open(sink)
            except MediumError as e:
                complaints.append(str(e))
            else:
                self._open.append(medium)
        if complaints:
            self.closeAll()
            raise MediumError("\n".join(complaints))

    def closeAll(self) -> Deferred[None]:
        """@return: fires when every medium is closed."""
        opened, self._open = self._open, []
        return DeferredList([medium.close() for medium in opened]).addCallback(lambda _: None)
