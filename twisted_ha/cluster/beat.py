"""
This node's own status: what it says, and when.

@see: wire-protocol.md sections 7.1 to 7.3.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_ha.cluster.admission import STATUS
from twisted_ha.cluster.nodes import Node
from twisted_ha.cluster.punctuality import Punctuality
from twisted_ha.config.model import Timers
from twisted_ha.terms import NodeStatus
from twisted_ha.wire.fields import formatNumber
from twisted_ha.wire.message import Message

__all__ = ["EXTENSION", "EXTENSION_FIELD", "PLAY", "Beat", "statusMessage"]

EXTENSION_FIELD = "twisted_ha"
"""The field of our status messages that tells others of our kind; heartbeat passes it over."""

EXTENSION = "1"
"""Which of our extensions we speak."""

PLAY = 0.05
"""By what part of a keepalive a beat may be early or late to be in step with another node's."""


@lru_cache(maxsize=16)
def statusMessage(word: str, deadtime: float, flowControl: bool) -> Message:
    """
    The status before it is stamped: the same ones again and again.

    @param deadtime: seconds of silence after which the others should take us for dead.
    """
    return Message.of(
        STATUS,
        st=word,
        dt=formatNumber(STATUS, "dt", max(1, round(deadtime * 1000))),
        protocol=formatNumber(STATUS, "protocol", 1) if flowControl else None,
        **{EXTENSION_FIELD: EXTENSION},
    )


class Beat:
    """
    Sends the status every keepalive, counted from one beat to the next without drift; or in step with
    another node, if there is one to follow (docs/adr/beating-in-step.md).

    @ivar flowControl: whether the status announces C{protocol}; off for good once a node of the cluster
        does not know it.
    """

    def __init__(
        self,
        *,
        clock: IReactorTime,
        timers: Timers,
        punctuality: Punctuality,
        local: Node,
        send: Callable[[Message], Message],
        probe: Callable[[Message], None],
        beat: Callable[[], None],
    ) -> None:
        """
        @param send: sends to everybody, and returns the message as it left.
        @param probe: asks the ping nodes, given the status as it left.
        @param beat: called with every status.
        """
        self._clock = clock
        self._timers = timers
        self._punctuality = punctuality
        self._local = local
        self._send = send
        self._probe = probe
        self._beat = beat
        self._call: IDelayedCall | None = None
        self._planned = self._last = 0.0
        self._inStep = False
        self.flowControl = True

    @property
    def status(self) -> NodeStatus:
        """What this node says of itself."""
        return self._local.status

    def start(self) -> None:
        """Beat from now on; the first one is due in a keepalive."""
        self._last = self._clock.seconds()
        self._plan(self._last + self._timers.keepalive)

    def stop(self) -> None:
        """Beat no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def reconfigure(self, timers: Timers) -> None:
        """Use other times from now on; a new dead time is announced at once."""
        before, self._timers = self._timers, timers
        if self._call is not None:
            self._call.cancel()
            self._plan(max(self._clock.seconds(), self._last + timers.keepalive))
            if timers.deadtime != before.deadtime:
                self.sendStatus()

    def become(self, status: NodeStatus) -> None:
        """Say C{status} from now on, and at once."""
        self._local.status = status
        self._local.word = status.value
        self.sendStatus()

    def sendStatus(self) -> None:
        """Say it once more, now."""
        sent = self._send(statusMessage(self._local.word, self._timers.deadtime, self.flowControl))
        self._local.lastStatus = self._clock.seconds()
        self._local.protocol = self.flowControl
        self._probe(sent)
        self._beat()

    def follow(self, now: float) -> None:
        """
        A node that this one follows has just beaten.  The next beat is now, or as much sooner than
        planned as it may be, until the two are in step: then one waking of the process serves both.
        """
        self._inStep = True
        keepalive = self._timers.keepalive
        if now - self._last < PLAY * keepalive:
            return  # close enough; or a third node was heard first, with which both are in step
        sooner = max(now, self._last + (1.0 - PLAY) * keepalive)
        if sooner < self._planned and self._call is not None:
            self._planned = sooner
            self._call.reset(sooner - now)

    def look(self, now: float) -> None:
        """
        Notice that the next beat is overdue.

        Called before a packet is believed: after a stall one that waited in the socket may be read
        before the timer runs, and what it says may be old.
        """
        if now > self._planned and self._call is not None:
            self._punctuality.ran(self._planned, now)

    def _plan(self, when: float) -> None:
        self._planned = when
        self._call = self._clock.callLater(max(0.0, when - self._clock.seconds()), self._tick)

    def _tick(self) -> None:
        # First the next one: whatever goes wrong below, the beat goes on.
        planned, now = self._planned, self._clock.seconds()
        interval = self._timers.keepalive
        if self._inStep:
            # Its beat is to come first, and to bring on ours.
            self._inStep = False
            interval *= 1.0 + PLAY
        self._last = planned if planned + interval > now else now
        self._plan(self._last + interval)
        self._punctuality.ran(planned, now)
        self.sendStatus()
