"""
Every contract between the rooms, with units and errors.

Methods are written without C{self}, as C{zope.interface} wants them.  Every implementation is proven
by C{verifyObject} as the first test of its class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from twisted.internet.defer import Deferred

    from twisted_ha.config.model import Resource, ResourceGroup
    from twisted_ha.operations import (
        Completed,
        GuardedGroup,
        Invocation,
        Outcome,
        PlacedAddress,
        ServiceAddress,
        Standing,
    )
    from twisted_ha.terms import LifeMark, NodeName
    from twisted_ha.wire.message import Message

__all__ = [
    "IAddresses",
    "IAgentRegistry",
    "IAuthMethod",
    "IFencer",
    "IFrameSink",
    "IGuardian",
    "IMarkStore",
    "IMedium",
    "IMessenger",
    "IProcessRunner",
    "IResourceAgent",
]


class IFrameSink(Interface):
    """Where a medium delivers what it hears."""

    def frameReceived(frame: bytes, medium: IMedium, source: str) -> bool:
        """
        Take one frame.  Never raises, whatever the bytes are.

        @param source: where it came from, for people: C{"10.77.1.2:40123"}; may be empty.
        @return: whether it was a message of this cluster.
        """


class IMedium(Interface):
    """A way of reaching the other nodes.  Best effort: it may lose, double or delay a frame."""

    name: str = Attribute(
        "The link's name, as shown to people and on the API: C{eth1}, C{/dev/cuau1}, C{10.0.0.254}."
        "  Several media may share one name (two C{ucast} lines on one interface)."
    )
    kind: str = Attribute("The directive: C{bcast}, C{mcast}, C{ucast}, C{serial}, C{ping}...")
    pingNode: NodeName | None = Attribute(
        "The ping node this medium asks, or L{None} for a medium that reaches ordinary nodes."
        "  A ping medium is sent nothing but status probes."
    )
    datagram: bool = Attribute(
        "Whether one frame is one datagram: such frames end in a NUL byte in classic encoding."
    )

    def open(sink: IFrameSink) -> None:
        """
        Deliver every frame heard to C{sink} from now on.

        A device that goes away later is reopened by the medium itself and told as events.

        @raise MediumError: the device or address cannot be used.
        """

    def send(frame: bytes) -> None:
        """
        Hand C{frame} to the device.  Never blocks and never raises; a loss is not an error.  Before
        L{open} and after L{close} it does nothing.
        """

    def close() -> Deferred[None]:
        """@return: fires when nothing more will be delivered."""


class IMessenger(Interface):
    """Sends messages to the other nodes."""

    def send(message: Message) -> None:
        """
        Stamp, sign and send C{message} on every medium, to everybody.

        It has left before this returns, so messages leave in the order of the calls.
        """

    def sendTo(node: NodeName, message: Message) -> None:
        """The same with C{dest}: the others hear it, and only C{node} acts on it."""


class INodes(Interface):
    """What is known of other nodes, by name.  Of one that is not configured nothing is the case."""

    def isOurs(name: NodeName) -> bool:
        """Whether its status messages say that it speaks our extensions."""

    def isAlive(name: NodeName) -> bool:
        """Whether it was heard and is not dead."""

    def isActive(name: NodeName) -> bool:
        """Whether it says that it has come up."""

    def isDeaf(name: NodeName) -> bool:
        """
        Whether it is an original that is heard, and has not acknowledged anything that this node has
        said since it came up.
        """

    def isHeardWhole(name: NodeName, since: float) -> bool:
        """
        Whether nothing that it said until C{since} (the clock's seconds) can have been lost: a status
        of it came later, and no message of it is missing.
        """


class IMarkStore(Interface):
    """Keeps how far other nodes were heard, from one life of this daemon to the next."""

    place: str = Attribute("Where, for an administrator who must remove it: the path of a file.")

    def load() -> Mapping[NodeName, LifeMark]:
        """
        What an earlier life has kept.  Never raises: what cannot be read is told to people, and is not
        there.
        """

    def save(marks: Mapping[NodeName, LifeMark]) -> None:
        """
        Keep these in the place of what was kept before, in one step.

        Never blocks and never raises: it is on disk a little later, and not being able to is told.
        """


class IAuthMethod(Interface):
    """One of the methods of C{authkeys}."""

    name: str = Attribute("As written in C{authkeys}.")
    needsKey: bool = Attribute("Whether the method is keyed; C{crc} is not.")

    def withKey(key: bytes) -> Callable[[bytes], str]:
        """
        The method with a key, prepared once.

        @return: gives the digest of a body as it stands on the wire: lower-case hexadecimal.
        """


class IResourceAgent(Interface):
    """
    Starts, stops and looks at one resource on this node.

    Operations of one agent never overlap: the caller waits for the Deferred.  None of them fails
    its Deferred for anything a script or a device did: that is an outcome.
    """

    resource: Resource = Attribute("The resource this agent is for.")

    def start(handedOver: bool) -> Deferred[Outcome]:
        """
        Make the resource run here; a running one is a success and nothing changes.

        @param handedOver: its previous owner said that it has released it, so nobody else should
            answer for it; an address skips looking for another owner.
        """

    def stop() -> Deferred[Outcome]:
        """Make the resource not run here; a stopped one is a success."""

    def status() -> Deferred[Standing]:
        """Whether the resource runs here."""

    def interrupt() -> None:
        """
        Nobody waits any more for what a L{status} that is under way will say: it ends as soon as it can,
        and says C{UNKNOWN} then.  Other operations are not disturbed.
        """

    def announce() -> None:
        """
        Tell the neighbours again that the resource is here, where that means anything (an address
        after a healed partition).  Otherwise nothing.
        """

    def emergencyStop() -> Invocation | None:
        """
        The command with which another process can stop the resource, for the guardian; it succeeds
        when there is nothing to stop.  L{None} if there is no such command.
        """


class IAgentRegistry(Interface):
    """Finds the agent of a resource."""

    def find(group: ResourceGroup, resource: Resource) -> IResourceAgent:
        """
        The agent that C{resource} of C{group} names.  The same object is returned for the same
        resource as long as the registry lives.

        @raise AgentError: there is no such script and no such native agent; says where was looked.
        """


class IProcessRunner(Interface):
    """Runs programs."""

    def run(invocation: Invocation, enough: Deferred[None] | None = None) -> Deferred[Completed]:
        """
        Run a program in a process group of its own, without standard input.

        @param enough: when it fires the deadline has come.

        At the deadline the whole group gets TERM, and KILL 2 seconds later.  The Deferred fires when the
        program itself has exited, even if children of its keep its output open; it does not fail: a
        program that cannot be run ends with status L{None} and the reason in C{errors}.

        Cancelled, it fails with C{CancelledError} at once, and the group is ended as at the deadline.
        """


class IAddresses(Interface):
    """The network addresses of this node: the part of the platform that the address agent needs."""

    def find(address: IPv4Address | IPv6Address) -> Deferred[tuple[PlacedAddress, ...]]:
        """
        Everywhere C{address} stands on this node now, compared as an address, never as text.

        @return: fails with L{PlatformError} when the interfaces cannot be read.
        """

    def plan(wanted: ServiceAddress) -> Deferred[PlacedAddress]:
        """
        Where to put an address that is not here: what is not asked for comes from the routing table.

        @return: fails with L{PlatformError}, whose text says which part to write in C{haresources}.
        """

    def add(placed: PlacedAddress) -> Deferred[None]:
        """Configure it; one that is there already is a success.  Fails with L{PlatformError}."""

    def remove(placed: PlacedAddress) -> Deferred[None]:
        """
        Take it away and nothing else: other addresses of its network stay.  One that is gone already is
        a success.  Fails with L{PlatformError}.
        """

    def probe(placed: PlacedAddress, seconds: float) -> Deferred[str | None]:
        """
        Ask the network who answers for it, before it is added.

        @param seconds: how long to listen.
        @return: the hardware address that answered, or L{None}; fails with L{PlatformError} when the
            question cannot be asked.
        """

    def announce(placed: PlacedAddress) -> None:
        """
        Tell the neighbours once that it is here.

        @raise PlatformError: that could not be sent.
        """

    def emergencyCommand(address: IPv4Address | IPv6Address) -> tuple[str, ...]:
        """The program and arguments that take C{address} away wherever it stands, or find it gone."""


class IFencer(Interface):
    """Makes certain that a node does not run any more."""

    device: str = Attribute("What does it, for people; empty when there is no device.")

    def fence(node: NodeName) -> Deferred[str]:
        """
        Reset C{node}.

        @return: fires with what was done, for people; fails with L{FencingError}.  Cancelled, it stops
            what can still be stopped.
        """


class IGuardian(Interface):
    """
    A second process that releases what this one holds if this one dies or stalls.

    @see: resource-management.md section 4.8, B24 and B6.
    """

    released: Callable[[tuple[str, ...], float], None] | None = Attribute(
        "Called with the keys of the groups it released and the seconds it had heard nothing,"
        " when the daemon lives again after a stall."
    )

    releaseBegan: Callable[[float], None] | None = Attribute(
        "Called when it has begun to release what is held, with the seconds it had heard nothing: from"
        " then until L{released} nobody else may touch those resources."
    )
    releaseFailed: Callable[[tuple[str, ...]], None] | None = Attribute(
        "Called before L{released} with the keys of groups that it could not stop."
    )

    def hold(groups: Sequence[GuardedGroup]) -> None:
        """From now on exactly these groups are held, in the order in which to release them."""

    def beat() -> None:
        """This process lives.  Called with every status sent."""

    def ask() -> Deferred[None]:
        """
        Whether it has anything to say.

        @return: fires when it has read all that it was told, and what it had to say before that has been
            delivered; at once if there is no such process.
        """

    def stop() -> Deferred[None]:
        """
        This process leaves.  What is still held would not stop; it is released as if this process had
        died, and what fails again the next daemon on this machine stops first.

        @return: fires when nothing is held and the process has exited, or at once.
        """
