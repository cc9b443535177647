"""
What is claimed and by whom: this node's claims, the other node's as it reports them, and our reports.

The wire knows two classes of groups, local and foreign, each from its sender's point of view.  Beside
the words of the original our reports carry two fields of our own, which the original ignores:
C{tha_claims}, the number under which each class was claimed, and C{tha_failback}.  A claim's number is
one more than any seen for that class, so the newest of two claims is known without any clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from twisted.internet.interfaces import IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.config.model import ResourceGroup
from twisted_ha.events import HoldingsChanged, PeerHoldingsChanged
from twisted_ha.interfaces import IMessenger
from twisted_ha.terms import FailbackMode, NodeName, ResourceSet
from twisted_ha.wire.message import Message

__all__ = ["CLAIMS", "CLASSES", "FAILBACK", "Board", "Peer"]

CLAIMS = "tha_claims"
FAILBACK = "tha_failback"
CLASSES = (ResourceSet.LOCAL, ResourceSet.FOREIGN)


@dataclass(slots=True)
class Peer:
    """
    The other node, as the resource room knows it.

    @ivar alive: its status messages arrive.
    @ivar resources: what it claims, in its words.
    @ivar stable: it has taken all it means to take.
    @ivar reported: its present life has said what it holds.
    @ivar unsure: when it was last declared dead, it might hold more than it had said.
    @ivar starting: its present life has said that it is starting, and no more than that it holds
        nothing.
    @ivar left: it has said that it released everything and leaves.
    @ivar ours: it speaks our extensions.
    @ivar failback: it says C{auto_failback on}; known of our own kind only.
    @ivar claims: the numbers of its claims, by its own words.
    @ivar sequence: of its last full report that was applied (B22).
    @ivar reports: how many of its reports were applied.
    """

    name: NodeName
    alive: bool = False
    resources: ResourceSet = ResourceSet.NONE
    stable: bool = False
    reported: bool = False
    unsure: bool = True
    starting: bool = False
    left: bool = False
    ours: bool = False
    failback: bool = False
    claims: dict[ResourceSet, int] = field(default_factory=dict)
    sequence: int = 0
    reports: int = 0

    @property
    def ourWords(self) -> ResourceSet:
        """What it claims, in our words: its local groups are our foreign ones."""
        return self.resources.mirrored

    @property
    def present(self) -> bool:
        """It is there to take part: alive and not leaving."""
        return self.alive and not self.left

    @property
    def certain(self) -> bool:
        """
        It holds what it says, and no more.  One that is still coming up takes what is its own after a
        while, whether it is heard or not.
        """
        return self.reported and self.stable

    def newLife(self) -> None:
        """Its daemon was started anew: what its last life said holds until it speaks itself."""
        self.alive = True
        self.stable = False
        self.reported = False
        self.starting = False
        self.left = False
        self.sequence = 0

    def saidStarting(self) -> None:
        """It says that it is starting."""
        self.stable = False
        self.left = False
        self.starting = True

    def saidGoodbye(self) -> None:
        """It says that it has released everything and leaves."""
        self.left = True
        self.resources = ResourceSet.NONE
        self.stable = False
        self.starting = False

    def died(self) -> None:
        """It was declared dead.  What it claimed stays known until somebody takes it."""
        self.alive = False
        self.unsure = not self.certain
        self.stable = False
        self.reported = False
        self.starting = False
        self.sequence = 0


class Board:
    """
    Claims and reports of this node.

    @ivar mine: what this node claims.
    @ivar peer: the other node; L{None} in a cluster of one, and among more than two.
    @ivar reportedAt: the clock's seconds at our last report.
    @ivar settled: asked before each report: whether this node has taken all it means to take.
    """

    def __init__(
        self,
        *,
        localNode: NodeName,
        peer: Peer | None,
        groups: tuple[ResourceGroup, ...],
        mode: FailbackMode,
        messenger: IMessenger,
        bus: EventBus,
        clock: IReactorTime,
    ) -> None:
        self.localNode = localNode
        self.peer = peer
        self.mode = mode
        self.groups = groups
        self.mine = ResourceSet.NONE
        self.settled: Callable[[], bool] = lambda: False
        self._messenger = messenger
        self._bus = bus
        self._clock = clock
        self.reportedAt = float("-inf")
        self._claims: dict[ResourceSet, int] = {}
        self._seen: dict[ResourceSet, int] = {}
        self._said: tuple[ResourceSet, bool] | None = None

    def keys(self, resources: ResourceSet) -> list[str]:
        """The keys of the groups of these classes, in the order of C{haresources}."""
        return [group.key for group in self.groups if self.classOf(group) & resources]

    def classOf(self, group: ResourceGroup) -> ResourceSet:
        """Whether a group is local or foreign to this node."""
        return ResourceSet.LOCAL if group.node == self.localNode else ResourceSet.FOREIGN

    # claims

    def claim(self, resources: ResourceSet) -> None:
        """Claim classes, under numbers newer than any seen."""
        for one in CLASSES:
            if one & resources and not one & self.mine:
                self._claims[one] = self._seen.get(one, 0) + 1
                self._seen[one] = self._claims[one]
        self.mine |= resources

    def drop(self, resources: ResourceSet) -> None:
        """Claim these classes no more."""
        self.mine &= ~resources

    def number(self, one: ResourceSet) -> int:
        """The number under which this node holds a class; 0 if it does not."""
        return self._claims.get(one, 0) if one & self.mine else 0

    @property
    def free(self) -> ResourceSet:
        """The classes that neither node claims, in our words."""
        theirs = self.peer.ourWords if self.peer is not None else ResourceSet.NONE
        return ResourceSet.ALL & ~self.mine & ~theirs

    @property
    def disputed(self) -> ResourceSet:
        """The classes that both nodes claim, in our words."""
        theirs = self.peer.ourWords if self.peer is not None else ResourceSet.NONE
        return self.mine & theirs

    def keeps(self, one: ResourceSet) -> bool:
        """
        Whether this node keeps a class that both claim.  Both nodes of our kind come to opposite
        answers: with C{auto_failback on} on both the home node keeps it, else the newest claim, since
        the neighbours' traffic goes where the address was announced last.
        """
        assert self.peer is not None
        home = one is ResourceSet.LOCAL
        if self.mode is FailbackMode.ON and self.peer.failback:
            return home
        ours, theirs = self.number(one), self.peer.claims.get(one.mirrored, 0)
        return home if ours == theirs else ours > theirs

    # reports

    def report(self, *, info: str | None = None, stable: bool | None = None, why: str = "") -> None:
        """
        Say what this node holds, to the other node.

        @param info: the word beside it: C{standby}, C{shutdown}; L{None} for an ordinary report.
        @param stable: L{None} for whatever is the case.
        """
        if not self.mode.negotiated:
            return  # in legacy mode nobody says what it holds
        self.reportedAt = self._clock.seconds()
        isStable = self.settled() if stable is None else stable
        if self._said != (self.mine, isStable):
            self._said = (self.mine, isStable)
            self._bus.publish(
                HoldingsChanged(holdings=self.mine.word, stable=isStable, why=why or "report")
            )
        if self.peer is None:
            return
        self._messenger.send(
            Message.of(
                "resource",
                rsc_hold=self.mine.word,
                rtype="full",
                isstable="1" if isStable else "0",
                info=info,
                tha_claims=" ".join(str(self.number(one)) for one in CLASSES),
                tha_failback="on" if self.mode is FailbackMode.ON else None,
            )
        )

    def ask(self, why: str, *, stable: bool | None = None) -> None:
        """
        Make the other node say what it holds, and say what is held here: either may have an old picture.

        @param stable: as in L{report}.
        """
        if self.mode.negotiated:
            self._messenger.send(Message.of("starting"))  # whoever hears that answers with a report
            self.report(stable=stable, why=why)

    def reportChange(self, why: str) -> None:
        """Say what this node holds if that is news."""
        if self._said != (self.mine, self.settled()):
            self.report(why=why)

    def heardReport(self, message: Message, sequence: int) -> bool:
        """
        Take what the other node reports.

        @return: whether it was applied: an older full report never overwrites a newer one (B22).
        """
        assert self.peer is not None
        peer = self.peer
        try:
            said = ResourceSet.ofWord(message.get("rsc_hold") or "none")
        except KeyError:
            said = ResourceSet.NONE
        before = (peer.resources, peer.stable)
        if message.get("rtype") == "full":
            if sequence < peer.sequence:
                return False
            peer.sequence = sequence
            peer.resources = said
        elif said is ResourceSet.NONE:
            peer.resources = said
        else:
            peer.resources |= said
        if message.get("isstable") is not None:
            peer.stable = message.get("isstable") == "1"
        peer.reported = True
        peer.reports += 1
        if peer.resources or peer.stable:
            peer.starting = False
        peer.failback = message.get(FAILBACK) == "on"
        self._heardClaims(message.get(CLAIMS))
        if before != (peer.resources, peer.stable):
            self._bus.publish(
                PeerHoldingsChanged(node=peer.name, holdings=peer.resources.word, stable=peer.stable)
            )
        return True

    def _heardClaims(self, text: str | None) -> None:
        assert self.peer is not None
        words = (text or "").split()
        numbers = [int(word) if word.isdecimal() and len(word) < 18 else 0 for word in words[:2]]
        for one, number in zip(CLASSES, numbers, strict=False):
            self.peer.claims[one] = number
            ours = one.mirrored
            self._seen[ours] = max(self._seen.get(ours, 0), number)
