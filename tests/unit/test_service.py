"""Services in order."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import TestCase

from twisted_ha.errors import StateError
from twisted_ha.service import OrderedServices, Step


class OrderedServicesTests(TestCase):
    """L{OrderedServices}."""

    def setUp(self) -> None:
        self.calls: list[str] = []
        self.waiting: dict[str, Deferred[None]] = {}

    def step(self, name: str, slow: bool = False, fails: bool = False) -> Step:
        def start() -> Deferred[None]:
            if fails:
                raise StateError("no")
            self.calls.append(f"start {name}")
            return succeed(None)

        def stop() -> Deferred[None]:
            self.calls.append(f"stop {name}")
            if not slow:
                return succeed(None)
            self.waiting[name] = Deferred()
            return self.waiting[name]

        return Step(name, start, stop)

    def test_order(self) -> None:
        """They start from top to bottom and stop from bottom to top."""
        services = OrderedServices([self.step("a"), self.step("b")])
        services.startService()
        self.successResultOf(services.stopService())
        self.assertEqual(self.calls, ["start a", "start b", "stop b", "stop a"])

    def test_oneAtATime(self) -> None:
        """What stands below is stopped before what it stands on begins to stop."""
        services = OrderedServices([self.step("media"), self.step("resources", slow=True)])
        services.startService()
        done = services.stopService()
        self.assertEqual(self.calls[-1], "stop resources")
        self.assertNoResult(done)
        self.waiting["resources"].callback(None)
        self.successResultOf(done)
        self.assertEqual(self.calls[-1], "stop media")

    def test_failure(self) -> None:
        """One that cannot start stops those before it, and is told while they still run."""
        services = OrderedServices([self.step("log"), self.step("state", fails=True), self.step("c")])
        services.trouble = lambda name, error: self.calls.append(f"trouble {name}: {error}")
        services.failed = lambda name, error: self.calls.append(f"failed {name}")
        services.startService()
        self.assertEqual(self.calls, ["start log", "trouble state: no", "stop log", "failed state"])
