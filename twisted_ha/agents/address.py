"""
The native agent of C{IPaddr}, C{IPaddr2} and C{IPv6addr}: a service address on an interface.

It goes by the address and by nothing else: there are no state files, so an address that heartbeat's own
scripts have added is found and taken away here, and the other way round.

@see: resource-management.md sections 8.1 and 8.9.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from twisted_ha.agents.announcement import Burst, readRhythm
from twisted_ha.agents.journal import Operation, ending
from twisted_ha.bus import EventBus
from twisted_ha.config.model import Deadlines, Resource, Tuning
from twisted_ha.errors import AgentError, PlatformError
from twisted_ha.events import AddressAnnounced, AddressConflict, Event, Warned
from twisted_ha.interfaces import IAddresses, IProcessRunner, IResourceAgent
from twisted_ha.operations import Invocation, Outcome, PlacedAddress, ServiceAddress, Standing

__all__ = ["AddressAgent", "parseAddress"]

_EMERGENCY = 10.0


def parseAddress(resource: Resource) -> ServiceAddress:
    """
    The address that C{resource} asks for: C{ip[/bits[/interface[:label]][/broadcast]]}.

    @raise AgentError: it cannot be read; says what is wrong and how it is written.
    """
    if resource.agent == "IPv6addr":
        # The "::" of a short IPv6 address looks like the separator of arguments; put it back.
        return _parse6(resource, "::".join(resource.arguments))
    if len(resource.arguments) != 1:
        raise _refused(resource, "exactly one argument is needed")
    parts = resource.arguments[0].split("/")
    try:
        address = IPv4Address(parts[0])
    except AddressValueError:
        raise _refused(resource, f"{parts[0]!r} is not an IPv4 address") from None
    prefix = _prefix(resource, parts[1], 32) if len(parts) > 1 else None
    interface = label = broadcast = None
    rest = [part for part in parts[2:] if part]
    if rest and not rest[0][0].isdigit():
        interface, _, alias = rest.pop(0).partition(":")
        label = f"{interface}:{alias}" if alias else None
    if rest and rest[0][0].isdigit():
        try:
            broadcast = IPv4Address(rest.pop(0))
        except AddressValueError:
            raise _refused(resource, "the broadcast address is not an IPv4 address") from None
    if rest:
        raise _refused(resource, f"{'/'.join(rest)!r} is left over")
    return ServiceAddress(
        address=address, prefix=prefix, interface=interface, label=label, broadcast=broadcast
    )


def _parse6(resource: Resource, argument: str) -> ServiceAddress:
    parts = argument.split("/")
    try:
        address = IPv6Address(parts[0])
        if address.scope_id is not None:
            raise AddressValueError("an interface is written behind the address")
    except AddressValueError:
        raise _refused(resource, f"{parts[0]!r} is not an IPv6 address") from None
    prefix = _prefix(resource, parts[1], 128) if len(parts) > 1 else None
    if len(parts) > 3:
        raise _refused(resource, f"{'/'.join(parts[3:])!r} is left over")
    interface = parts[2] if len(parts) > 2 and parts[2] else None
    return ServiceAddress(address=address, prefix=prefix, interface=interface)


def _prefix(resource: Resource, text: str, longest: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= longest):
        raise _refused(
            resource, f"Invalid netmask specification {text!r}: write a number from 1 to {longest}"
        )
    return int(text)


def _refused(resource: Resource, why: str) -> AgentError:
    usual = (
        "IPv6addr::address/bits/interface"
        if resource.agent == "IPv6addr"
        else f"{resource.agent}::address/bits/interface/broadcast"
    )
    return AgentError(f"{resource.token}: {why} (it is written {usual})")


@implementer(IResourceAgent)
class AddressAgent:
    """
    One service address.

    An address that looks like the node's own (see L{PlacedAddress.own}) is a mistake in C{haresources}:
    it counts as not running, is refused at start and left alone at stop.  Heartbeat would take the node
    off the network with it, even when a standby shuts down.
    """

    def __init__(
        self,
        *,
        resource: Resource,
        wanted: ServiceAddress,
        addresses: IAddresses,
        runner: IProcessRunner,
        clock: IReactorTime,
        bus: EventBus,
        directory: str,
        environment: Mapping[str, str],
        deadlines: Deadlines,
        tuning: Tuning,
    ) -> None:
        """
        @param directory: the configuration directory, for C{conf/arp_config} and the two hooks
            C{rc.d/local_takeip} and C{rc.d/local_giveip}.
        @param environment: for the hooks.
        """
        self.resource = resource
        self._wanted = wanted
        self._addresses = addresses
        self._runner = runner
        self._clock = clock
        self._bus = bus
        self._directory = directory
        self._environment = environment
        self._deadlines = deadlines
        self._tuning = tuning
        self._burst: Burst | None = None
        self._placed: PlacedAddress | None = None

    def start(self, handedOver: bool) -> Deferred[Outcome]:
        """Find a place, make sure that nobody else answers, add it, tell the neighbours."""
        return Deferred.fromCoroutine(self._start(handedOver))

    def stop(self) -> Deferred[Outcome]:
        """Take it away wherever it stands."""
        return Deferred.fromCoroutine(self._stop())

    def status(self) -> Deferred[Standing]:
        """Look whether it stands on an interface others can reach."""
        return Deferred.fromCoroutine(self._status())

    def interrupt(self) -> None:
        """Looking is short, and goes on."""

    def announce(self) -> None:
        """Tell the neighbours again, the whole series, if it is here."""
        if self._placed is not None:
            self._announce(self._placed)

    def emergencyStop(self) -> Invocation:
        """A program that takes it away, wherever it then stands."""
        return Invocation(
            argv=self._addresses.emergencyCommand(self._wanted.address),
            environment=self._environment,
            deadline=min(self._deadlines.stop, _EMERGENCY),
        )

    def _operation(self, name: str) -> Operation:
        command = f"{self.resource.agent} {'::'.join(self.resource.arguments)} {name}"
        return Operation(self._bus, self._clock, self.resource.token, name, command)

    async def _here(self) -> list[PlacedAddress]:
        """Where it stands; a loopback interface that was not asked for does not count."""
        found = await self._addresses.find(self._wanted.address)
        return [
            placed
            for placed in found
            if not placed.loopback or placed.interface == self._wanted.interface
        ]

    def _foreign(self, placed: PlacedAddress) -> bool:
        """Whether it is the node's own and none of our doing."""
        return placed.own and self._placed is None

    async def _start(self, handedOver: bool) -> Outcome:
        operation = self._operation("start")
        operation.running()
        try:
            here = await self._here()
            if here:
                if self._foreign(here[0]):
                    return operation.outcome(
                        False,
                        f"{self._wanted.address} is the own address of {here[0].interface} on this"
                        " node, not a service address; give the service one of its own in haresources",
                    )
                placed = here[0]
            else:
                placed = await self._addresses.plan(self._wanted)
                if not handedOver and not self._tuning.takeConflicting:
                    hardware = await self._probe(placed)
                    if hardware is not None:
                        return operation.outcome(
                            False, f"{placed.address} is in use by {hardware} on {placed.interface}"
                        )
                await self._hook("local_takeip")
                await self._addresses.add(placed)
        except PlatformError as error:
            return operation.outcome(False, str(error))
        self._placed = placed
        self._announce(placed)
        return operation.outcome(True)

    async def _probe(self, placed: PlacedAddress) -> str | None:
        try:
            hardware = await self._addresses.probe(placed, self._tuning.probeTime)
        except PlatformError as error:
            self._bus.publish(
                Warned(message=f"cannot ask whether {placed.address} is in use, going on: {error}")
            )
            return None
        if hardware is not None:
            self._bus.publish(
                AddressConflict(
                    address=str(placed.address), interface=placed.interface, hardware=hardware
                )
            )
        return hardware

    async def _stop(self) -> Outcome:
        operation = self._operation("stop")
        operation.running()
        self._quiet()
        removed = False
        try:
            for placed in await self._here():
                if self._foreign(placed):
                    self._bus.publish(
                        Warned(
                            message=f"{placed.address} is left alone: it is the own address of"
                            f" {placed.interface}, not a service address; correct haresources"
                        )
                    )
                    continue
                if not removed:
                    await self._hook("local_giveip")
                    removed = True
                await self._addresses.remove(placed)
        except PlatformError as error:
            return operation.outcome(False, f"IP Address {self._wanted.address} NOT released: {error}")
        self._placed = None
        return operation.outcome(True)

    async def _status(self) -> Standing:
        operation = self._operation("status")
        try:
            here = await self._here()
        except PlatformError as error:
            operation.finished(False, detail=str(error))
            return Standing.UNKNOWN
        serving = [placed for placed in here if not self._foreign(placed)]
        standing = Standing.RUNNING if serving else Standing.STOPPED
        if serving:
            # Found, not added by us: a daemon that came back can still announce it.
            self._placed = serving[0]
        else:
            self._placed = None
            self._quiet()
        operation.finished(True, detail=standing.value)
        return standing

    async def _hook(self, name: str) -> None:
        """The administrator's script around an address, if there is one; its result changes nothing."""
        path = os.path.join(self._directory, "rc.d", name)
        if not os.access(path, os.X_OK):
            return
        completed = await self._runner.run(
            Invocation(
                argv=(path, *self.resource.arguments),
                environment=self._environment,
                deadline=self._deadlines.start,
            )
        )
        if not completed.succeeded:
            self._bus.publish(Warned(message=f"{path} {self.resource.token}: {ending(completed)}"))

    def _announce(self, placed: PlacedAddress) -> None:
        self._quiet()
        said: set[type[Event]] = set()

        def tell(event: Event) -> None:
            # Once a burst: thirteen lines of the same say no more than one.
            if type(event) not in said:
                said.add(type(event))
                self._bus.publish(event)

        def once() -> None:
            try:
                self._addresses.announce(placed)
            except PlatformError as error:
                tell(Warned(message=f"cannot announce {placed}: {error}"))
            else:
                tell(AddressAnnounced(address=str(placed.address), interface=placed.interface))

        self._burst = Burst(self._clock, readRhythm(self._directory, placed.interface), once)

    def _quiet(self) -> None:
        if self._burst is not None:
            self._burst.cancel()
            self._burst = None
