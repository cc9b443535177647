"""A runner that runs nothing, addresses that are a list, and a bus that remembers."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from zope.interface import implementer

from twisted_ha.bus import EventBus
from twisted_ha.errors import PlatformError
from twisted_ha.events import Event
from twisted_ha.interfaces import IAddresses, IProcessRunner
from twisted_ha.operations import Completed, Invocation, PlacedAddress, ServiceAddress

Answer = Completed | Callable[[Invocation], Completed] | None


class Surroundings:
    """A clock and a bus; what was published is in C{events}."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.bus = EventBus(self.clock)
        self.events: list[Event] = []
        self.bus.subscribe(lambda event, when: self.events.append(event))

    def told(self, kind: type[Event]) -> list[Event]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


@implementer(IProcessRunner)
class FakeRunner:
    """
    Ends every run at once as C{answers} says for its last argument, or keeps it waiting.

    As the real one it never fails a Deferred, and a program it does not know cannot be run.
    """

    def __init__(self, answers: dict[str, Answer | list[Answer]] | None = None) -> None:
        self.answers = answers or {}
        self.runs: list[Invocation] = []
        self.waiting: list[Deferred[Completed]] = []

    def run(self, invocation: Invocation, enough: Deferred[None] | None = None) -> Deferred[Completed]:
        self.runs.append(invocation)
        answer = self.answers.get(invocation.argv[-1], Completed(status=None, errors=b"No such file"))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(invocation)
        if answer is None:
            waiting: Deferred[Completed] = Deferred()
            self.waiting.append(waiting)
            if enough is not None:
                hurried = Completed(status=None, signal=15, timedOut=True)
                enough.addCallback(lambda _: waiting.callback(hurried))
            return waiting
        return succeed(answer)

    @property
    def lines(self) -> list[str]:
        """What was run, as a person would type it."""
        return [str(run) for run in self.runs]


@implementer(IAddresses)
class FakeAddresses:
    """
    Interfaces as a list of placed addresses.

    @ivar refused: what to fail with, by the name of the operation.
    @ivar owners: who answers a probe, by address.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.placed: list[PlacedAddress] = []
        self.refused: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        self.probed: list[tuple[str, float]] = []
        self.announced: list[tuple[float, str]] = []

    def _refuse(self, operation: str) -> None:
        if operation in self.refused:
            raise PlatformError(self.refused[operation])

    def find(self, address: IPv4Address | IPv6Address) -> Deferred[tuple[PlacedAddress, ...]]:
        try:
            self._refuse("find")
        except PlatformError:
            return fail()
        return succeed(tuple(each for each in self.placed if each.address == address))

    def plan(self, wanted: ServiceAddress) -> Deferred[PlacedAddress]:
        try:
            self._refuse("plan")
        except PlatformError:
            return fail()
        return succeed(
            PlacedAddress(
                address=wanted.address,
                prefix=wanted.prefix or 24,
                interface=wanted.interface or "eth0",
                label="eth0:0",
            )
        )

    def add(self, placed: PlacedAddress) -> Deferred[None]:
        try:
            self._refuse("add")
        except PlatformError:
            return fail()
        self.placed.append(placed)
        return succeed(None)

    def remove(self, placed: PlacedAddress) -> Deferred[None]:
        try:
            self._refuse("remove")
        except PlatformError:
            return fail()
        self.placed.remove(placed)
        return succeed(None)

    def probe(self, placed: PlacedAddress, seconds: float) -> Deferred[str | None]:
        try:
            self._refuse("probe")
        except PlatformError:
            return fail()
        self.probed.append((str(placed.address), seconds))
        answer: Deferred[str | None] = Deferred()
        self.clock.callLater(seconds, lambda: answer.callback(self.owners.get(str(placed.address))))
        return answer

    def announce(self, placed: PlacedAddress) -> None:
        self._refuse("announce")
        self.announced.append((self.clock.seconds(), str(placed.address)))

    def emergencyCommand(self, address: IPv4Address | IPv6Address) -> tuple[str, ...]:
        return ("/bin/sh", "-c", f"remove {address}")
