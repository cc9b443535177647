"""
Everything that was captured between clients and heartbeat 3.0.6, played to our daemon.

Compared is every frame the original sent, but for the fields that differ from run to run and for
C{auth}: nothing is signed on a local socket here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.hbapi.office import HACLUSTER, NOBODY, Caller, Credentials, Town
from twisted_ha.hbapi.frames import FrameReader, frameOf, readBody
from twisted_ha.wire.message import Message

VECTORS = Path(__file__).parents[2] / "data" / "vectors" / "api"
VOLATILE = {"hbversion", "srcuuid", "destuuid", "seq", "hg", "ts", "ld", "client_gen"}
ABSENT = {"auth"}

LATE = {"clientstatus-remote", "clientstatus-timeout0"}
"""The original answered too late; we do not."""


def vector(name: str) -> Any:
    """One file."""
    return json.loads((VECTORS / f"{name}.json").read_text())


def frames(exchange: list[dict[str, Any]], direction: str) -> list[bytes]:
    """The frames of one direction."""
    return [bytes.fromhex(one["hex"]) for one in exchange if one.get("dir") == direction]


def read(frame: bytes) -> Message:
    """The message in a frame."""
    reader = FrameReader()
    reader.feed(frame)
    body = reader.next()
    assert body is not None
    return readBody(body)


def comparable(message: Message) -> list[tuple[str, object]]:
    """What must be equal, in order."""
    return [
        (field.name, "volatile" if field.name in VOLATILE else field.value)
        for field in message
        if field.name not in ABSENT
    ]


def signOnOf(sent: list[bytes]) -> Message:
    """The first message that can be read; what the client says of itself."""
    return read(sent[0]) if sent else Message()


class VectorCase(SynchronousTestCase):
    """Plays what was captured."""

    def town(self, extra: str = "") -> Town:
        """Two nodes, with C{ipfail} signed on at both."""
        town = Town(extra)
        self.addCleanup(town.close)
        for number, office in enumerate((town.alpha, town.beta)):
            caller = Caller(office, Credentials(uid=HACLUSTER, gid=HACLUSTER, pid=40 + number))
            caller.signOn("ipfail")
        town.run()
        return town

    def caller(self, town: Town, sent: list[bytes], peer: Credentials | None = None) -> Caller:
        """Somebody whom the kernel knows as what the first message says."""
        if peer is None:
            first = signOnOf(sent)
            uid, gid, pid = (int(first.get(name) or 0) for name in ("uid", "gid", "pid"))
            peer = Credentials(uid=uid, gid=gid, pid=pid)
        return Caller(town.alpha, peer)

    def play(self, town: Town, caller: Caller, sent: list[bytes]) -> list[Message]:
        """Send frame by frame."""
        heard: list[Message] = []
        for frame in sent:
            caller.feed(frame)
            town.run(0.1)
            heard += caller.heard()
        return heard

    def assertPlays(
        self,
        exchange: list[dict[str, Any]],
        town: Town,
        peer: Credentials | None = None,
        until: int | None = None,
    ) -> Caller:
        """What comes back is what came from the original."""
        sent = frames(exchange, "c2s")
        caller = self.caller(town, sent, peer)
        heard = [comparable(one) for one in self.play(town, caller, sent[:until])]
        expected = [comparable(read(one)) for one in frames(exchange, "s2c")]
        self.assertEqual(heard, expected)
        return caller


class ClStatusVectors(VectorCase):
    """What C{cl_status} asked, and was told."""

    def cases(self, *names: str) -> Iterator[dict[str, Any]]:
        for name in names:
            for case in vector(f"cl_status-{name}")["cases"]:
                if case["name"] not in LATE and "stopped" not in case["name"]:
                    yield case

    def test_cases(self) -> None:
        """Every case of every command is answered frame for frame."""
        town = self.town()
        count = 0
        names = [file.stem.removeprefix("cl_status-") for file in VECTORS.glob("cl_status-*.json")]
        for case in self.cases(*sorted(names)):
            peer = None
            if case["name"].startswith("unauth"):
                peer = Credentials(uid=NOBODY, gid=NOBODY, pid=int(_pid(case)))
            exchange = [one for one in case["exchange"] if one.get("dir")]
            try:
                caller = self.assertPlays(exchange, town, peer)
            except self.failureException as error:
                raise self.failureException(f"{case['name']}: {error}") from None
            if exchange:
                self.assertTrue(caller.gone, case["name"])
                caller.hangUp()
                count += 1
        self.assertGreater(count, 80)


def _pid(case: dict[str, Any]) -> str:
    return signOnOf(frames(case["exchange"], "c2s")).get("pid") or ""


class NetstringVectors(VectorCase):
    """A daemon with C{msgfmt netstring}, and a client that speaks it to one without."""

    def test_daemon(self) -> None:
        """The daemon answers in netstrings."""
        town = self.town("msgfmt netstring\n")
        for name in ("listnodes", "clientstatus", "nodesite", "hbparameter"):
            exchange = [one for one in vector(f"netstring-{name}")["exchange"] if one.get("dir")]
            caller = self.assertPlays(exchange, town)
            self.assertTrue(bytes(caller.transport.written[8:]).startswith(b"###\n"))
            caller.hangUp()

    def test_client(self) -> None:
        """Netstrings are understood, and answered in text."""
        self.assertPlays(vector("netstring-request")["exchange"], self.town())


class OtherVectors(VectorCase):
    """Clients written for the captures."""

    def test_requests(self) -> None:
        """Requests no tool makes, and wrong ones."""
        town = self.town()
        caller = self.assertPlays(vector("raw-misc-requests")["exchange"], town)
        self.assertTrue(caller.gone)

    def test_manners(self) -> None:
        """Bad frames, missing fields: the same is ignored, answered, or the end."""
        for name in ("bad-identity", "bad-magic", "zero-len", "garbage-body", "no-nul"):
            exchange = vector(name)["exchange"]
            caller = self.assertPlays(exchange, self.town())
            ended = exchange[-1].get("event") == "server EOF"
            self.assertEqual(caller.gone, ended, name)

    def test_casualSender(self) -> None:
        """A casual client may not send."""
        caller = self.assertPlays(vector("casual-general-message")["exchange"], self.town())
        self.assertTrue(caller.gone)

    def test_signOns(self) -> None:
        """Every way of signing on, and every refusal."""
        for case in vector("registration")["cases"]:
            town = self.town()
            exchange = case["exchange"]
            try:
                caller = self.assertPlays(exchange, town, Credentials(0, 0, 907))
            except self.failureException as error:
                raise self.failureException(f"{case['name']}: {error}") from None
            ended = exchange[-1].get("event") == "server EOF"
            self.assertEqual(caller.gone, ended, case["name"])

    def test_named(self) -> None:
        """A named client on both nodes: joining, sending to all and to one, queries, leaving."""
        town = self.town()
        beta = Caller(town.beta, Credentials(0, 0, 72))
        atBeta = beta.signOn("testcli")
        town.run()
        exchange = vector("named-alpha")["exchange"]
        sent = frames(exchange, "c2s")
        alpha = self.caller(town, sent)
        atAlpha = self.play(town, alpha, sent[:-1])
        atBeta += beta.heard()
        beta.feed(frames(vector("named-beta")["exchange"], "c2s")[-1])
        town.run()
        atBeta += beta.heard()
        alpha.feed(sent[-1])
        atAlpha += alpha.heard()
        self.assertTrue(alpha.gone and beta.gone)
        for heard, name in ((atAlpha, "named-alpha"), (atBeta, "named-beta")):
            expected = [comparable(read(one)) for one in frames(vector(name)["exchange"], "s2c")]
            self.assertEqual([comparable(one) for one in heard], expected)

    def test_ipfail(self) -> None:
        """C{ipfail} begins as it did; a ping node that is lost is told in the same words and order."""
        town = self.town()
        (known,) = (one for one in town.alpha.desk._signedOn.values())
        known.connectionLost()
        exchange = [one for one in vector("ipfail-session")["exchange"] if one.get("dir")]
        sent = frames(exchange, "c2s")
        ipfail = self.caller(town, sent)
        heard = self.play(town, ipfail, sent[:8])
        expected = [read(one) for one in frames(exchange, "s2c")]
        lost = next(place for place, one in enumerate(expected) if one.type == "status")
        replies = [comparable(one) for one in expected[:lost] if one.type != "num_ping_nodes"]
        self.assertEqual([comparable(one) for one in heard], replies)
        town.wires[2].part("alpha", "alpha")
        town.run(6.5)
        heard = [one for one in ipfail.heard() if one.get("to_id") is None]
        self.assertEqual(
            [comparable(one) for one in heard], [comparable(o) for o in expected[lost:][:2]]
        )

    def test_stranger(self) -> None:
        """A connection that has not signed on is told nothing, whatever happens: a leak not copied."""
        town = self.town()
        stranger = Caller(town.alpha)
        town.alpha.node.resources.requests.standby(town.alpha.node.resources.board.mine)
        town.wires[2].part("alpha", "alpha")
        town.run(8.0)
        self.assertEqual(bytes(stranger.transport.written), b"")

    def test_bytes(self) -> None:
        """Every captured frame is read, and written back byte for byte unless it was signed."""
        count = 0
        for file in sorted(VECTORS.glob("*.json")):
            for frame in _all(json.loads(file.read_text())):
                message = read(bytes.fromhex(frame["hex"]))
                names = [field[1] for field in frame["fields"]]
                self.assertEqual([f.name for f in message], [name for name in names if name != "auth"])
                if "auth" not in names and file.stem != "no-nul":
                    netstring = frame["encoding"] == "netstring"
                    self.assertEqual(frameOf(message, netstring).hex(), frame["hex"])
                    count += 1
        self.assertGreater(count, 500)


def _all(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "hex" in value and value.get("fields") and value.get("magic") == "0000abcd":
            yield value
        for one in value.values():
            yield from _all(one)
    elif isinstance(value, list):
        for one in value:
            yield from _all(one)
