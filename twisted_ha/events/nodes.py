"""Nodes, links and messages: what the cluster room has seen."""

from __future__ import annotations

from typing import ClassVar

from twisted.logger import LogLevel

from twisted_ha.events.base import Event
from twisted_ha.frozen import dataclass
from twisted_ha.terms import NodeName

__all__ = [
    "ClientEvent",
    "CommunicationsUp",
    "FailfastEnded",
    "LateHeartbeat",
    "LinkDown",
    "LinkUp",
    "LocalStatusChanged",
    "MessagesMissing",
    "MessagesRecovered",
    "NodeDied",
    "NodeRestarted",
    "NodeReturned",
    "NodeStatusChanged",
    "ProgramEnded",
    "ProgramGivenUp",
    "ProgramStarted",
    "ProgramStopped",
    "RetransmissionRefused",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStatusChanged(Event):
    """Our own status word changed."""

    text: ClassVar = "Local status now set to: '{status}'"
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatusChanged(Event):
    """Another node announced another status word."""

    text: ClassVar = "Status update for node {node}: status {status}"
    node: NodeName
    status: str
    previous: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDied(Event):
    """
    A node was silent longer than its deadtime.

    @ivar silentFor: seconds since its last status, or since our start if it was never heard.
    @ivar deadtime: the seconds it was allowed.
    @ivar ping: it is a ping node: nothing follows for resources.
    """

    level: ClassVar = LogLevel.warn
    text: ClassVar = "node {node}: is dead (silent for {silentFor:.2f} s, deadtime {deadtime:.2f} s)"
    node: NodeName
    silentFor: float
    deadtime: float
    heard: bool = True
    ping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRestarted(Event):
    """A node came back with a higher generation: its daemon was started anew."""

    text: ClassVar = "Heartbeat restart on node {node}"
    node: NodeName
    generation: int
    previous: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReturned(Event):
    """A node we had declared dead goes on with the same generation: it never was."""

    level: ClassVar = LogLevel.critical
    text: ClassVar = (
        "Cluster node {node} returning after partition. "
        "It was silent for {silentFor:.2f} s; if the network was whole, deadtime is too small."
    )
    node: NodeName
    silentFor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LateHeartbeat(Event):
    """A node's status came later than warntime."""

    level: ClassVar = LogLevel.warn
    text: ClassVar = "Late heartbeat: Node {node}: interval {milliseconds} ms"
    node: NodeName
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUp(Event):
    """A node is heard through a medium."""

    text: ClassVar = "Link {node}:{link} up."
    node: NodeName
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDown(Event):
    """
    A node is no longer heard through a medium.

    @ivar left: how many links to that node are still up.
    """

    level: ClassVar = LogLevel.warn
    text: ClassVar = "Link {node}:{link} dead. (links to {node} left: {left})"
    node: NodeName
    link: str
    left: int

    def render(self) -> str:
        """The sentence people read; the last link is said aloud."""
        start = f"Link {self.node}:{self.link} dead."
        if self.left > 1:
            return f"{start} ({self.left} links to {self.node} left)"
        if self.left == 1:
            return f"{start} (1 link to {self.node} left: the last link)"
        return f"{start} (It was the last link: no link to {self.node} is left)"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunicationsUp(Event):
    """Every configured node was heard or is dead: this node takes part from now on."""

    text: ClassVar = "Comm_now_up(): updating status to active"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesMissing(Event):
    """A gap in a node's sequence numbers; they will be asked for again."""

    level: ClassVar = LogLevel.debug
    text: ClassVar = "{count} lost packet(s) for [{node}] [{first}:{last}]"
    node: NodeName
    count: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesRecovered(Event):
    """Nothing is missing from a node any more."""

    level: ClassVar = LogLevel.debug
    text: ClassVar = "No pkts missing from {node}!"
    node: NodeName


@dataclass(frozen=True, slots=True, kw_only=True)
class RetransmissionRefused(Event):
    """A node no longer has a message we asked for."""

    level: ClassVar = LogLevel.warn
    text: ClassVar = "{node} cannot send message {sequence} again: {reason}"
    node: NodeName
    sequence: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEvent(Event):
    """A local API client came or went."""

    level: ClassVar = LogLevel.debug
    text: ClassVar = "API client {client} {what}"
    client: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramStarted(Event):
    """A program of C{respawn} or C{failfast} was started."""

    text: ClassVar = 'Starting child client "{command}" ({uid},{gid}), pid {pid}'
    command: str
    uid: int
    gid: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramEnded(Event):
    """
    Such a program ended although it should run; it is started again.

    @ivar how: its exit status or signal, or why it did not even begin.
    @ivar seconds: how long it ran.
    """

    level: ClassVar = LogLevel.warn
    text: ClassVar = (
        'Client "{command}" (pid {pid}) ended after {seconds:.1f} s: {how}.'
        ' Respawning client "{command}":'
    )
    command: str
    pid: int
    how: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FailfastEnded(Event):
    """A program of C{failfast} ended badly; it is started again, and the machine is not rebooted."""

    level: ClassVar = LogLevel.critical
    text: ClassVar = (
        'failfast client "{command}" (pid {pid}) ended after {seconds:.1f} s: {how}.'
        " heartbeat would reboot this machine now; it is started again instead"
    )
    command: str
    pid: int
    how: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramStopped(Event):
    """Such a program ended, and that is right: it was asked to, or has no work here (status 100)."""

    text: ClassVar = 'Client "{command}" (pid {pid}) ended after {seconds:.1f} s: {how}'
    command: str
    pid: int
    how: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramGivenUp(Event):
    """Such a program ended too often too soon; it is not started again in the life of this daemon."""

    level: ClassVar = LogLevel.error
    text: ClassVar = 'Client {command} "respawning too fast" ({how}): it is not started again'
    command: str
    how: str
