"""
What the board shows while nothing moves: a class nobody claims, one both claim, one to give back.

The original logs these and leaves them; here each has one answer (B3, B7, B12, B16).
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.events import FailbackStarted, HoldingsConflict, UnclaimedResources
from twisted_ha.operations import MoveReport
from twisted_ha.resources.alarm import Alarm
from twisted_ha.resources.board import CLASSES, Board, Peer
from twisted_ha.resources.group import GroupRunner
from twisted_ha.resources.mover import Mover
from twisted_ha.resources.standby import Move
from twisted_ha.resources.worker import GroupWorker
from twisted_ha.terms import FailbackMode, ResourceSet

__all__ = ["FAILBACK_LATEST", "Audit"]

HOME_HAS = (1.0, 2.0)
"""
Seconds the home node of an unclaimed class has before it is asked, and after its answer before it is
asked once more.

It may have heard only with the first question that the class is free: its answer is older than what it
does about that.  Only what it says to the second is the word of a node that knows, and takes nothing.
"""

ASK_HOME = 1.0
"""Seconds between two such questions while none is answered: either may have been lost."""

YIELD_DELAY = 0.1
"""Seconds between a lost dispute and the release: the winner announces its addresses first, so that
no request meets a moment without an owner."""

ORIGINAL_RESTARTS = 6.0
"""Seconds in which a node of the original that noticed a healed partition gives everything up: 2 s
of its own, its reaction time, and margin."""

GIVE_UP_AGAIN = 600.0
"""Seconds before a class is given to the other node a second time because it fails here."""

EPSILON = 1e-6
"""Seconds by which a timer may be early: clocks count in binary fractions."""

ASK_AGAIN = 3.0
"""Seconds between two questions to a node that lives and does not say what it holds."""

UNSTABLE = 10.0
"""The same for one of our kind that has not said that it is settled."""

SAY_AGAIN = 1.0
"""Seconds between two reports while both nodes claim a class: one that was cut off in one direction
only does not know what the other holds, and an original gives nothing up while it thinks us in flux."""

FAILBACK_AGAIN = 5.0
"""Seconds after a failback that came to nothing."""

FAILBACK_LATEST = 300.0
"""The longest of these: an original says no by silence, each time twice as long is waited, and it may
be waiting for the end of a move of this node's last life, which it does for an hour."""


class Audit:
    """
    Looks at the board whenever this node is settled.

    @ivar wantFailback: a takeover happened since the other node last had its groups back.
    @ivar yielding: the classes that lost a dispute and are being released.
    """

    def __init__(
        self,
        board: Board,
        worker: GroupWorker,
        mover: Mover,
        clock: IReactorTime,
        bus: EventBus,
        again: Callable[[], None],
        alarm: Alarm,
    ) -> None:
        self._board = board
        self._worker = worker
        self._mover = mover
        self._clock = clock
        self._bus = bus
        self._again = again
        self.wantFailback = False
        self.yielding = ResourceSet.NONE
        self._failing = ResourceSet.NONE
        self._gaveUp: dict[ResourceSet, float] = {}
        self._free = ResourceSet.NONE
        self._freeSince = 0.0
        self._homeAnswers = 0
        self._reportsBefore: int | None = None
        self._disputed = ResourceSet.NONE
        self._since = 0.0
        self._saidAt = 0.0
        self._askedAt = float("-inf")
        self._patience = YIELD_DELAY
        self._probeAt: float | None = None
        self._failbackAfter = 0.0
        self._failbackPause = FAILBACK_AGAIN
        self._alarm = alarm

    # what others tell

    def groupFailed(self, runner: GroupRunner) -> str | None:
        """
        A group would not start here (B7).

        @return: what follows, in words, if the other node is to try.
        """
        peer = self._board.peer
        resources = self._board.classOf(runner.group)
        last = self._gaveUp.get(resources)
        if not self._board.mode.negotiated or peer is None or not peer.present:
            return None
        if last is not None and self._clock.seconds() - last < GIVE_UP_AGAIN:
            return None
        self._failing |= resources
        return f"our {resources.word} resources are offered to {peer.name}"

    def returned(self) -> None:
        """The other node was declared dead and never was."""
        peer = self._board.peer
        if peer is not None and not peer.ours:
            # It either gives everything up by itself, or it never noticed: then it must be asked.
            self._probeAt = self._clock.seconds() + ORIGINAL_RESTARTS
            self._wake(ORIGINAL_RESTARTS)

    def peerGone(self) -> None:
        """The other node died, left or was started anew: old disputes are void."""
        self._probeAt = None
        self._disputed = ResourceSet.NONE
        self._free = ResourceSet.NONE
        self._failbackPause = FAILBACK_AGAIN

    def released(self) -> None:
        """The worker has moved: what was being yielded may be released, or wanted again."""
        for resources in (ResourceSet.LOCAL, ResourceSet.FOREIGN):
            if any(self._worker.wants(key) for key in self._board.keys(self.yielding & resources)):
                # The other node died before this one had given it up, and it was taken over instead.
                self.yielding &= ~resources
        keys = self._board.keys(self.yielding)
        if self.yielding and self._worker.settled(keys) and not self._worker.standing(keys):
            self._board.drop(self.yielding)
            self.yielding = ResourceSet.NONE
            self._disputed = ResourceSet.NONE
            self._board.report(why="yielded to the other node")

    def stop(self) -> None:
        """Look no more."""
        self._alarm.cancel()

    # looking

    def look(self) -> None:
        """Both nodes are where they want to be, or this one is and the other is gone."""
        if self.yielding:
            return
        peer = self._board.peer
        if peer is None or not peer.present:
            self._take(self._board.free, "no other node is there to run it")
            return
        if not peer.reported:
            self._ask(ASK_AGAIN)
            return
        if peer.ours and not peer.stable:
            self._ask(UNSTABLE)
        if self._probeAt is not None and self._clock.seconds() >= self._probeAt - EPSILON:
            self._probeAt = None
            self._board.ask("asking what the other node holds")
        self._lookAtDisputes(peer)
        if self.yielding or self._board.disputed or not peer.stable:
            self.restless()
            return
        self._lookAtFree(peer)
        self._lookAtFailing(peer)
        self._lookAtFailback(peer)

    def restless(self) -> None:
        """Something moves: what the other node says meanwhile is no answer about what is free then."""
        self._free = ResourceSet.NONE

    def lookMeanwhile(self) -> None:
        """
        A takeover is under way, and the other node is there again: it is asked what it holds, and what
        both claim by now is not left with both until the last script of the takeover has ended.

        Or this node waits in a move for the other one's scripts, which may hang for as long as an
        original waits for them, an hour: what both claim besides is not left with both for so long.
        """
        peer = self._board.peer
        if self.yielding or peer is None or not peer.present:
            return
        if self._mover.state in (Move.GRANTED, Move.HANDED):
            self._lookAtDisputes(peer, besides=self._mover.inOurWords)
        elif not self._mover.idle:
            return
        elif not peer.reported:
            self._ask(ASK_AGAIN)
        elif peer.ours:
            self._lookAtDisputes(peer)

    def _ask(self, period: float) -> None:
        """
        The other node lives and has not said what it holds, or that it is settled: its word or our
        question may have been lost.
        """
        now = self._clock.seconds()
        if now - self._askedAt >= period - EPSILON:
            self._askedAt = now
            self._board.ask("asking what the other node holds")
        self._wake(self._askedAt + period - now)

    def _lookAtDisputes(self, peer: Peer, besides: ResourceSet = ResourceSet.NONE) -> None:
        disputed = self._board.disputed & ~besides
        if not disputed:
            self._disputed = disputed
            return
        now = self._clock.seconds()
        kept = ResourceSet.NONE
        for one in CLASSES:
            if one & disputed and peer.ours and self._board.keeps(one):
                kept |= one
        lost = disputed & ~kept
        if disputed != self._disputed:
            self._disputed = disputed
            self._since = self._saidAt = now
            # An original that claims what is held here, and was never parted from this node, has just
            # taken it (B12) and will not give it up by itself.
            self._patience = ORIGINAL_RESTARTS if self._probeAt is not None else YIELD_DELAY
            self._worker.announce(self._board.keys(kept))
            self._bus.publish(
                HoldingsConflict(
                    node=peer.name,
                    resources=disputed.word,
                    resolution=self._resolution(peer, kept, lost),
                )
            )
        elif now - self._saidAt >= SAY_AGAIN - EPSILON:
            self._saidAt = now
            self._board.report(why="both nodes claim it")
        waits = self._since + self._patience - now
        if not lost or waits > EPSILON:
            self._wake(max(EPSILON, self._saidAt + SAY_AGAIN - now))
            if lost:
                self._wake(waits)
            return
        self.yielding = lost
        self._worker.want(self._board.keys(lost), False, why=f"{peer.name} keeps it")
        self.released()

    def _resolution(self, peer: Peer, kept: ResourceSet, lost: ResourceSet) -> str:
        if not peer.ours and self._patience == YIELD_DELAY:
            return f"{peer.name} has just taken it, and this node releases it."
        if not peer.ours:
            return (
                f"Unless {peer.name} gives up within {ORIGINAL_RESTARTS:.0f} s, as it does after a "
                "partition that it noticed, this node does."
            )
        parts = []
        if kept:
            parts.append(f"This node keeps {kept.word}.")
        if lost:
            parts.append(f"{peer.name} keeps {lost.word}, and this node releases it.")
        return " ".join(parts)

    def _lookAtFree(self, peer: Peer) -> None:
        free = self._board.free
        if not free:
            self._free = free
            return
        now = self._clock.seconds()
        if free != self._free:
            self._free = free
            self._freeSince = now
            self._homeAnswers = 0
            self._reportsBefore = None
            self._bus.publish(
                UnclaimedResources(
                    resources="our local" if free is ResourceSet.LOCAL else free.word,
                    resolution="Each node takes its own; what is left is taken in a moment.",
                )
            )
        if free & ResourceSet.LOCAL:
            self._take(ResourceSet.LOCAL, "nobody held it, and it is this node's own")
        if free & ResourceSet.FOREIGN:
            self._lookAtHome(peer)

    def _lookAtHome(self, peer: Peer) -> None:
        """
        Nobody claims what is the other node's own, as far as this one has heard: it may have taken it
        and its word was lost, or not know yet that it is free.
        """
        now = self._clock.seconds()
        if self._reportsBefore is not None and peer.reports != self._reportsBefore:
            self._reportsBefore = None
            self._freeSince = now
            self._homeAnswers += 1
        if self._homeAnswers == len(HOME_HAS):
            self._take(ResourceSet.FOREIGN, f"nobody held it, and {peer.name} did not take it")
            if not peer.ours:
                # It leaves its own unclaimed when this node is back before it was missed.
                self.wantFailback = True
                self._failbackAfter = now + FAILBACK_AGAIN
            return
        waits = self._freeSince + HOME_HAS[self._homeAnswers] - now
        if waits > EPSILON:
            self._wake(waits)
            return
        self._reportsBefore = peer.reports
        self._ask(ASK_HOME)

    def _lookAtFailing(self, peer: Peer) -> None:
        for one in CLASSES:
            if not one & self._board.mine or not self._worker.failed(self._board.keys(one)):
                self._failing &= ~one  # it has been given away, or runs here after all
        if not self._failing or not self._mover.idle:
            return
        failing, self._failing = self._failing, ResourceSet.NONE
        for one in CLASSES:
            if one & failing:
                self._gaveUp[one] = self._clock.seconds()

        def answered(report: MoveReport) -> None:
            if report.outcome in ("refused", "cancelled"):
                for one in CLASSES:
                    if one & failing:
                        self._gaveUp.pop(one, None)  # nobody tried: offered when it fails again

        why = f"{failing.word} resources fail here; {peer.name} is to try"
        self._mover.give(failing, why).addCallback(answered)

    def _lookAtFailback(self, peer: Peer) -> None:
        if not self.wantFailback:
            return
        if self._board.mode is not FailbackMode.ON or not self._board.mine & ResourceSet.FOREIGN:
            self.wantFailback = False
            self._failbackPause = FAILBACK_AGAIN
            return
        if not self._mover.idle:
            return
        now = self._clock.seconds()
        if now < self._failbackAfter - EPSILON:
            self._wake(self._failbackAfter - now)
            return
        self._failbackAfter = now + self._failbackPause
        if not peer.ours:
            self._failbackPause = min(2 * self._failbackPause, FAILBACK_LATEST)
        self._bus.publish(FailbackStarted(node=peer.name))
        self._mover.give(ResourceSet.FOREIGN, "")

    def _take(self, resources: ResourceSet, why: str) -> None:
        if not resources:
            return
        self._board.claim(resources)
        self._board.report(stable=False, why=why)
        self._worker.want(self._board.keys(resources), True, why=why)

    def _wake(self, seconds: float) -> None:
        due = self._alarm.due
        if due is None or due > self._clock.seconds() + seconds:
            self._alarm.set(seconds, self._again)
