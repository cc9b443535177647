"""Requests and answers, without a socket."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.api.fakes import REFUSED, FakeControl
from twisted_ha.api.commands import Commands, Request, readRequest
from twisted_ha.api.control import INodeControl
from twisted_ha.errors import ApiError
from twisted_ha.terms import ResourceSet


class ReadTests(SynchronousTestCase):
    """L{readRequest}."""

    def refused(self, line: bytes) -> str:
        return self.assertRaises(ApiError, readRequest, line).name

    def test_request(self) -> None:
        """What is neither id nor command is a parameter."""
        request = readRequest(b'{"id": "x", "command": "recent", "count": 3}')
        self.assertEqual(
            (request.id, request.command, request.parameters), ("x", "recent", {"count": 3})
        )

    def test_notJson(self) -> None:
        """Anything else is refused by name, however wrong it is."""
        for line in (b"status", b"\xff\xfe", b"{", b"[" * 60_000, b'{"a":' * 9000):
            self.assertEqual(self.refused(line), "bad-json")

    def test_notARequest(self) -> None:
        """JSON that is no object, or has no command, is told what is missing."""
        for line in (b"[]", b"1", b"null", b"{}", b'{"command": ""}'):
            self.assertEqual(self.refused(line), "bad-request")


class CommandsTests(SynchronousTestCase):
    """L{Commands}."""

    def setUp(self) -> None:
        self.control = FakeControl()
        self.said: list[str] = []
        self.commands = Commands(self.control, metrics=lambda: "# EOF\n", asked=self.said.append)

    def test_fake(self) -> None:
        """The fake node offers what a node offers."""
        self.assertTrue(verifyObject(INodeControl, self.control))

    def ask(self, command: str, **parameters: Any) -> Deferred[Any]:
        return self.commands.perform(Request(1, command, parameters), "uid 0, pid 99")

    def answer(self, command: str, **parameters: Any) -> Any:
        return self.successResultOf(self.ask(command, **parameters))

    def refusal(self, command: str, **parameters: Any) -> ApiError:
        try:
            failure = self.failureResultOf(self.ask(command, **parameters), ApiError)
        except ApiError as error:
            return error
        assert isinstance(failure.value, ApiError)
        return failure.value

    def test_ping(self) -> None:
        """A client can find out which protocol this is."""
        self.assertEqual(self.answer("ping")["api"], 1)

    def test_status(self) -> None:
        """The status is the picture as JSON."""
        status = self.answer("status")
        self.assertEqual(json.loads(json.dumps(status)), status)
        self.assertEqual(status["groups"][0]["owner"], "alpha")

    def test_standby(self) -> None:
        """A move is answered with what it came to, and is said in the log with who asked."""
        report = self.answer("standby", resources="local")
        self.assertEqual(self.control.asked, [("standby", ResourceSet.LOCAL)])
        self.assertEqual((report["ok"], report["text"]), (True, "alpha gave [all] to beta in 0.012 s"))
        self.assertEqual(self.said, ["Going standby [local]. (asked for by uid 0, pid 99)"])

    def test_refusedMove(self) -> None:
        """A move that is refused is an answer, not an error."""
        self.control.report = REFUSED
        self.assertEqual(self.answer("standby", resources="all")["outcome"], "refused")

    def test_failback(self) -> None:
        """B8: failback gives foreign groups, or takes local ones."""
        self.answer("standby", resources="failback")
        self.answer("takeover", resources="failback")
        self.assertEqual(
            self.control.asked, [("standby", ResourceSet.FOREIGN), ("takeover", ResourceSet.LOCAL)]
        )

    def test_whatToMove(self) -> None:
        """Which groups to move must be said, in a known word; nothing moves otherwise."""
        for parameters in (
            {},
            {"resources": "none"},
            {"resources": 1},
            {"resources": []},
            {"resource": "local"},
        ):
            self.assertEqual(self.refusal("standby", **parameters).name, "bad-parameter")
        self.assertEqual((self.control.asked, self.said), ([], []))

    def test_misspeltParameter(self) -> None:
        """A parameter that does not exist is refused instead of overlooked."""
        error = self.refusal("standby", resources="local", weight=3)
        self.assertEqual((error.name, self.control.asked), ("bad-parameter", []))
        self.assertIn("weight", str(error))

    def test_unknown(self) -> None:
        """An unknown command is told which there are."""
        error = self.refusal("stanby")
        self.assertEqual(error.name, "unknown-command")
        self.assertIn("standby", str(error))

    def test_recent(self) -> None:
        """Events come oldest first, with their fields."""
        events = self.answer("recent", count=2)
        self.assertEqual([event["fields"]["link"] for event in events], ["eth3", "eth4"])
        self.assertEqual(
            events[0],
            {
                "event": "LinkUp",
                "time": 1141214403.0,
                "level": "info",
                "text": "Link beta:eth3 up.",
                "fields": {"node": "beta", "link": "eth3"},
            },
        )

    def test_recentCount(self) -> None:
        """A count is a whole number that is not too large."""
        for count in (-1, 4001, 1.5, "3", True, None):
            self.assertEqual(self.refusal("recent", count=count).name, "bad-parameter")

    def test_explain(self) -> None:
        """The node explains a group in its own words."""
        self.assertIn("runs on alpha", self.answer("explain", group="10.0.0.9"))

    def test_explainUnknown(self) -> None:
        """A group that does not exist is answered with those that do."""
        error = self.refusal("explain", group="nfs")
        self.assertEqual(error.name, "unknown-group")
        self.assertIn("10.0.0.8", str(error))

    def test_reload(self) -> None:
        """A reload says what changed."""
        self.assertEqual(self.answer("reload"), "deadtime 5 s -> 4 s")

    def test_badConfiguration(self) -> None:
        """One that is refused says where and why."""
        self.control.complaint = '"30sx" is not a duration'
        error = self.refusal("reload")
        self.assertEqual(
            (error.name, str(error)), ("bad-configuration", 'ha.cf:3: "30sx" is not a duration')
        )

    def test_metrics(self) -> None:
        """The metrics are handed through; a daemon without them says so."""
        self.assertEqual(self.answer("metrics"), "# EOF\n")
        self.commands = Commands(self.control)
        self.assertEqual(self.refusal("metrics").name, "not-available")

    def test_bug(self) -> None:
        """A bug is not dressed up as an answer."""
        self.control.bug = ZeroDivisionError()
        self.failureResultOf(self.ask("status"), ZeroDivisionError)
