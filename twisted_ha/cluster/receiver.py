"""
The one way in, and the only place where a packet is refused.

A stranger can send anything.  What is not a message of this cluster is counted, always, and told at a
limited rate; it changes nothing.

@see: wire-protocol.md sections 2.3 and 3.2.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from twisted_ha.auth.keyring import KeyRing
from twisted_ha.bus import EventBus
from twisted_ha.cluster.header import Header, HeaderError
from twisted_ha.cluster.limit import RateLimit
from twisted_ha.cluster.nodes import Node, NodeTable
from twisted_ha.errors import AuthError, WireError
from twisted_ha.events import FrameRefused
from twisted_ha.interfaces import IFrameSink, IMedium
from twisted_ha.wire.codec import twin
from twisted_ha.wire.message import Message

__all__ = ["MEMORY", "QUIET", "Accept", "Receiver"]

QUIET = 10.0
"""Seconds between two events about refused packets of the same medium and cause."""

MEMORY = 8
"""
How many verified frames are remembered.  The same frame comes once over each medium, by a serial line
without its last NUL, and its digest need not be made again.
"""

Accept = Callable[[Node, Header, Message, IMedium, str], None]
"""Called with the node, header and message of an authentic packet, how it came and where from."""


@implementer(IFrameSink)
class Receiver:
    """
    Frames in, authentic messages of configured nodes out.

    @ivar refused: how many packets were refused, by medium name and cause.
    @ivar accepted: how many were not.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        clock: IReactorTime,
        bus: EventBus,
        keyring: KeyRing,
        nodes: NodeTable,
        media: Sequence[IMedium],
        accept: Accept,
    ) -> None:
        """@param media: those it will hear from."""
        # Only beside a serial line the same frame comes in two forms.
        self._twins = len({medium.datagram for medium in media}) > 1
        self._bus = bus
        self._keyring = keyring
        self._nodes = nodes
        self._accept = accept
        self._limit = RateLimit(clock, QUIET)
        self._known: OrderedDict[bytes, tuple[Header, Message]] = OrderedDict()
        self.refused: dict[tuple[str, str], int] = {}
        self.accepted = 0

    def replaceKeyRing(self, keyring: KeyRing) -> None:
        """Check with another ring from now on."""
        self._keyring = keyring
        self._known.clear()

    def frameReceived(self, frame: bytes, medium: IMedium, source: str) -> bool:
        """Take one frame.  Never raises, whatever the bytes are."""
        try:
            return self._take(frame, medium, source)
        except Exception:
            # Not the sender's fault: one of ours has a bug.  The beat goes on without this packet.
            if self._limit.allow((medium.name, "bug")) is not None:
                self._log.failure("a packet on {medium} met a bug", medium=medium.name)
            return False

    def _take(self, frame: bytes, medium: IMedium, source: str) -> bool:
        known = self._known.get(frame)
        if known is None and self._twins:
            known = self._known.get(twin(frame))
        if known is None:
            try:
                message = self._keyring.open(frame)
                known = Header.of(message), message
            except WireError as error:
                return self._refuse(medium, source, "wire", str(error))
            except AuthError as error:
                return self._refuse(medium, source, "auth", str(error))
            except HeaderError as error:
                return self._refuse(medium, source, "header", str(error))
            self._known[frame] = known
            if len(self._known) > MEMORY:
                self._known.popitem(last=False)
        header, message = known
        node = self._nodes.find(header)
        if node is None:
            shown = f"{header.src[:40]!r} is not a node of ha.cf"
            return self._refuse(medium, source, "unknown-node", shown)
        if node.ping and node.name != medium.pingNode:
            return self._refuse(medium, source, "header", f"ping node {node.name} cannot be heard here")
        if not node.ping and medium.pingNode is not None:
            shown = f"not an answer of ping node {medium.pingNode}"
            return self._refuse(medium, source, "header", shown)
        self.accepted += 1
        self._accept(node, header, message, medium, source)
        return True

    def count(self, medium: IMedium, cause: str) -> None:
        """Count one more refused packet; called from outside for what only others can judge."""
        key = medium.name, cause
        self.refused[key] = self.refused.get(key, 0) + 1

    def _refuse(self, medium: IMedium, source: str, cause: str, reason: str) -> bool:
        self.count(medium, cause)
        suppressed = self._limit.allow((medium.name, cause))
        if suppressed is not None:
            self._bus.publish(
                FrameRefused(
                    medium=medium.name,
                    source=source,
                    cause=cause,
                    reason=reason,
                    suppressed=suppressed,
                )
            )
        return False
