"""
The one vocabulary of things that happen.

Every event is a frozen value in the past tense.  Its C{text} is the sentence people read; where
heartbeat has a line that operators and test suites search for (configuration.md section 8.6,
resource-management.md section 3), the sentence contains it.  The log line, the counter, the API push
and the flight recorder all come from the same value; secrets never enter one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from twisted.logger import LogLevel

from twisted_ha.terms import NodeName

__all__ = [
    "AddressAnnounced",
    "AddressConflict",
    "AgentFinished",
    "AgentStarted",
    "BeatLate",
    "ClientEvent",
    "CommunicationsUp",
    "ConfigurationRefused",
    "ConfigurationReloaded",
    "DaemonNotStarted",
    "DaemonStarted",
    "DaemonStopped",
    "Event",
    "FailbackStarted",
    "FailfastEnded",
    "FencingDeviceFailed",
    "FencingDeviceWorks",
    "FencingFailed",
    "FencingStarted",
    "FencingSucceeded",
    "FrameRefused",
    "GroupAcquired",
    "GroupChanging",
    "GroupFailed",
    "GroupReleaseFailed",
    "GroupReleased",
    "GuardianReleased",
    "HoldingsChanged",
    "HoldingsConflict",
    "HookFailed",
    "HookFinished",
    "LateHeartbeat",
    "LinkDown",
    "LinkUp",
    "LocalStatusChanged",
    "MediumDown",
    "MediumUp",
    "MessagesMissing",
    "MessagesRecovered",
    "NodeDied",
    "NodeRestarted",
    "NodeReturned",
    "NodeStatusChanged",
    "Notice",
    "OperatorNeeded",
    "PeerHoldingsChanged",
    "PeerShutDown",
    "ProcessStarted",
    "ProgramEnded",
    "ProgramGivenUp",
    "ProgramStarted",
    "ProgramStopped",
    "RetransmissionRefused",
    "ShutdownFinished",
    "ShutdownRequested",
    "StandbyFinished",
    "StandbyRefused",
    "StandbyRequested",
    "StandbyStep",
    "TakeoverCompleted",
    "TakeoverStarted",
    "TransitionCompleted",
    "UnclaimedResources",
    "UndecidedInput",
    "Warned",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    Something that happened.

    @cvar level: how much it matters to an operator.
    @cvar text: the sentence, formatted with the event's fields by L{render}.
    """

    level: ClassVar[Any] = LogLevel.info
    text: ClassVar[str] = ""

    def render(self) -> str:
        """The sentence people read."""
        shown = {
            name: ", ".join(map(str, value)) if isinstance(value, tuple) else value
            for name, value in self.asDict().items()
        }
        return self.text.format_map(shown)

    def asDict(self) -> dict[str, Any]:
        """The event's own fields, by name, for the log and the API."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


# ---- the daemon ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStarted(Event):
    """The configuration is good and the daemon begins its work."""

    text: ClassVar = "Configuration validated. Starting heartbeat {version} ({product})"
    version: str
    product: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonNotStarted(Event):
    """Something the daemon cannot do without is not to be had; C{step} is what was being started."""

    level: ClassVar = LogLevel.error
    text: ClassVar = "heartbeat did not start, for want of the {step}: {reason}"
    step: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStarted(Event):
    """The generation of this life is on disk."""

    text: ClassVar = "Heartbeat generation: {generation}"
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStopped(Event):
    """Everything is released and said; the process ends."""

    text: ClassVar = "{node} Heartbeat shutdown complete."
    node: NodeName


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationReloaded(Event):
    """SIGHUP found changed files and applied what changed; C{changes} says what, in words."""

    text: ClassVar = "Configuration reread: {changes}"
    changes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationRefused(Event):
    """SIGHUP found files that cannot be used; the daemon runs on with the old ones."""

    level: ClassVar = LogLevel.error
    text: ClassVar = "Configuration not reread, running on with the old one: {complaint}"
    complaint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """Something an operator should read and that needs no type of its own."""

    text: ClassVar = "{message}"
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """A L{Notice} that asks for attention."""

    level: ClassVar = LogLevel.warn
    text: ClassVar = "{message}"
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatLate(Event):
    """
    Our own beat came late: this process did not run when it should have.

    @ivar late: by how many seconds.
    @ivar doubt: what follows from it, in words.
    """

    level: ClassVar = LogLevel.warn
    text: ClassVar = "this node was late itself by {late:.2f} s: {doubt}"
    late: float
    doubt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianReleased(Event):
    """The guardian released what this daemon held, because the daemon was silent too long."""

    level: ClassVar = LogLevel.critical
    text: ClassVar = "the guardian released {groups} after {silentFor:.2f} s without our beat"
    groups: tuple[str, ...]
    silentFor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UndecidedInput(Event):
    """A state machine met an input nobody has decided.  A bug of ours, and it changed nothing."""

    level: ClassVar = LogLevel.error
    text: ClassVar = "{machine}: nobody has decided what {given} means in {state}; ignored"
    machine: str
    state: str
    given: str


# ---- media and frames ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MediumUp(Event):
    """A device or socket is open and heard from now on."""

    text: ClassVar = "{kind} heartbeat started on {medium} ({detail})"
    medium: str
    kind: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediumDown(Event):
    """A device or socket could not be opened, or went away; it is retried."""

    level: ClassVar = LogLevel.error
    text: ClassVar = "{kind} heartbeat on {medium} is not working: {reason}; trying again"
    medium: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRefused(Event):
    """
    Bytes that are not a message of this cluster.

    Logged at a limited rate; C{suppressed} counts those of the same medium that were not logged.

    @ivar cause: C{"wire"}, C{"auth"}, C{"header"} or C{"unknown-node"}.
    """

    level: ClassVar = LogLevel.warn
    text: ClassVar = "refused a packet on {medium} from {source}: {reason} ({suppressed} more unlogged)"
    medium: str
    source: str
    cause: str
    reason: str
    suppressed: int = 0


# ---- nodes and links -------------------------------------------------------------------------


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


# ---- holdings and moves ----------------------------------------------------------------------


def _held(holdings: str, stable: bool) -> str:
    """A report of holdings in words; C{local} and C{foreign} are seen from the node that reports."""
    what = {"none": "no resources", "all": "all resources"}.get(holdings, f"the {holdings} resources")
    return what if stable else f"{what}, in transition"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingsChanged(Event):
    """What this node claims to hold changed, or settled."""

    holdings: str
    stable: bool
    why: str

    def render(self) -> str:
        """The sentence people read."""
        return f"this node has {_held(self.holdings, self.stable)}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerHoldingsChanged(Event):
    """The other node reported other holdings, in its own words."""

    node: NodeName
    holdings: str
    stable: bool

    def render(self) -> str:
        """The sentence people read."""
        return f"{self.node} says it has {_held(self.holdings, self.stable)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingsConflict(Event):
    """
    Both nodes claim the same class of groups.

    @ivar resources: the class in our words.
    @ivar resolution: what follows, in words.
    """

    level: ClassVar = LogLevel.error
    text: ClassVar = "Both machines own our {resources} resources! {resolution}"
    node: NodeName
    resources: str
    resolution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclaimedResources(Event):
    """Nobody claims a class of groups while both nodes are settled."""

    level: ClassVar = LogLevel.error
    text: ClassVar = "No one owns {resources} resources! {resolution}"
    resources: str
    resolution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionCompleted(Event):
    """One side has settled: C{who} is C{"local"} or C{"remote"}."""

    text: ClassVar = "{who} resource transition completed."
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeoverStarted(Event):
    """Groups of a node that died or left are being taken."""

    text: ClassVar = "Resources being acquired from {node}."
    node: NodeName
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeoverCompleted(Event):
    """
    Every group of a takeover has been decided.

    @ivar groups: those that run here now; one that would not start has said so itself.
    @ivar seconds: from the decision to the last group.
    """

    text: ClassVar = "mach_down takeover complete for node {node}. (took [{groups}] in {seconds:.3f} s)"
    node: NodeName
    groups: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyRequested(Event):
    """A node wants to give up groups; C{resources} in that node's words."""

    text: ClassVar = "{node} wants to go standby [{resources}]"
    node: NodeName
    resources: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyRefused(Event):
    """A request to go standby leads to nothing; C{reason} says why."""

    level: ClassVar = LogLevel.warn
    text: ClassVar = "standby message [{step}] from {node} ignored.  {reason}"
    node: NodeName
    step: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyStep(Event):
    """One step of a planned move; C{message} is the line heartbeat prints for it."""

    text: ClassVar = "{message}"
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyFinished(Event):
    """
    A planned move ended.

    @ivar resources: in the giver's words.
    @ivar outcome: C{"completed"}, C{"cancelled"} or C{"failed"}.
    @ivar seconds: from the request to here.
    """

    text: ClassVar = "standby of {giver} [{resources}] {outcome} after {seconds:.3f} s{reason}"
    giver: NodeName
    resources: str
    outcome: str
    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailbackStarted(Event):
    """Groups go back to the node whose line names it (C{auto_failback on})."""

    text: ClassVar = "{node} is back and stable: giving its resources back (auto_failback)"
    node: NodeName


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutdownRequested(Event):
    """This node hands over and leaves."""

    text: ClassVar = "Heartbeat shutdown in progress. ({pid})"
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutdownFinished(Event):
    """Everything this node held is released, as far as it could be."""

    text: ClassVar = "All HA resources relinquished."


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerShutDown(Event):
    """The other node has released everything and leaves."""

    text: ClassVar = "Received shutdown notice from '{node}'."
    node: NodeName


# ---- groups, agents, addresses ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAcquired(Event):
    """Every resource of a group runs here."""

    text: ClassVar = "Acquired resource group {group} in {seconds:.3f} s"
    group: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReleased(Event):
    """No resource of a group runs here any more."""

    text: ClassVar = "Released resource group {group} in {seconds:.3f} s"
    group: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFailed(Event):
    """A resource would not start, so its group was released; C{next} says what follows."""

    level: ClassVar = LogLevel.critical
    text: ClassVar = "Giving up resources due to failure of {resource}: {reason} (group {group}); {next}"
    group: str
    resource: str
    reason: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReleaseFailed(Event):
    """A resource would not stop; C{next} says what follows."""

    level: ClassVar = LogLevel.critical
    text: ClassVar = "Resource STOP failure of {resource}: {reason} (group {group}); {next}"
    group: str
    resource: str
    reason: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChanging(Event):
    """A group is about to be acquired or released here; C{verb} is C{Acquiring} or C{Releasing}."""

    text: ClassVar = "{verb} resource group: {line}"
    verb: str
    group: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStarted(Event):
    """An agent is run for one operation: C{command} is what a person would type."""

    text: ClassVar = "Running {command}"
    resource: str
    operation: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFinished(Event):
    """
    An agent's operation ended.

    @ivar outcome: C{"ok"}, C{"failed"} or C{"timed out"}.
    @ivar seconds: how long it took.
    @ivar detail: its exit status and last words when it did not go well.
    """

    level: ClassVar = LogLevel.debug
    text: ClassVar = "{command}: {outcome} after {seconds:.3f} s{detail}"
    resource: str
    operation: str
    command: str
    outcome: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressAnnounced(Event):
    """The neighbours were told where an address lives now."""

    level: ClassVar = LogLevel.debug
    text: ClassVar = "announced {address} on {interface}"
    address: str
    interface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressConflict(Event):
    """Somebody else answers for an address of ours."""

    level: ClassVar = LogLevel.critical
    text: ClassVar = "{address} is also answered for by {hardware} on {interface}"
    address: str
    interface: str
    hardware: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookFinished(Event):
    """An event script of C{rc.d} ended."""

    level: ClassVar = LogLevel.debug
    text: ClassVar = "event script {hook}: exit status {status} after {seconds:.3f} s"
    hook: str
    status: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HookFailed(Event):
    """An event script of C{rc.d} did not end well, or could not be run; nothing else follows from it."""

    level: ClassVar = LogLevel.warn
    text: ClassVar = "event script {hook} failed after {seconds:.3f} s: {reason}"
    hook: str
    reason: str
    seconds: float


# ---- fencing ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FencingStarted(Event):
    """A dead node that may hold resources is being reset."""

    text: ClassVar = "Resetting node {node} with [{device}]"
    node: NodeName
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FencingSucceeded(Event):
    """The node is certainly not running any more, or (without a device) we go on without proof."""

    text: ClassVar = "node {node} now reset. ({detail})"
    node: NodeName
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FencingFailed(Event):
    """The node could not be reset; it is tried again in C{retryIn} seconds."""

    level: ClassVar = LogLevel.critical
    text: ClassVar = "STONITH of {node} failed: {reason}. Retrying in {retryIn:.0f} s"
    node: NodeName
    reason: str
    retryIn: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FencingDeviceWorks(Event):
    """The fencing device answers: for the first time, or again."""

    text: ClassVar = "STONITH device {device} is operational"
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FencingDeviceFailed(Event):
    """The fencing device was asked how it is, and would not be able to reset a node now."""

    level: ClassVar = LogLevel.error
    text: ClassVar = (
        "STONITH device {device} not operational! {reason}."
        "  Until that is repaired nothing is taken from a node that dies."
    )
    device: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorNeeded(Event):
    """
    A person must switch a node off and on, and say so.

    @ivar place: the FIFO that waits for their word.
    @ivar seconds: how long it waits before it asks again.
    """

    level: ClassVar = LogLevel.critical
    text: ClassVar = (
        "OPERATOR INTERVENTION REQUIRED to reset {node}."
        '  Run "meatclient -c {node}" AFTER power-cycling the machine.'
        "  (Waiting at {place} for {seconds:.0f} s.)"
    )
    node: NodeName
    place: str
    seconds: float
