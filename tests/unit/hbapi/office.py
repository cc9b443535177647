"""Two nodes as the captures were made with, their clients' API, and clients that can be played."""

from __future__ import annotations

import base64
import os
import tempfile
from dataclasses import dataclass
from random import Random
from typing import Any

from twisted.internet.task import Clock

from tests.unit.cluster.wires import EPOCH, FakeMarks, Wire, run
from tests.unit.config.fakes import FakeHost
from tests.unit.resources.cluster import FakeFencer, FakeGuardian, FakeRegistry
from twisted_ha.assembly import LocalNode, Surroundings, assemble
from twisted_ha.bus import EventBus
from twisted_ha.clientapi import Attention
from twisted_ha.config.loading import load
from twisted_ha.config.model import ClusterConfig
from twisted_ha.errors import PlatformError
from twisted_ha.events import Event
from twisted_ha.hbapi.desk import Desk
from twisted_ha.hbapi.frames import FrameReader, frameOf, readBody
from twisted_ha.hbapi.node import LocalClusterNode
from twisted_ha.hbapi.session import Session
from twisted_ha.terms import NodeName
from twisted_ha.wire.message import Message

HACF = """\
logfile /var/log/ha-log
keepalive 1
deadtime 5
warntime 3
initdead 10
deadping 5000ms
bcast eth1
bcast eth0
ping 10.77.0.254
auto_failback off
crm no
node alpha
node beta
apiauth testcli uid=root
apiauth badcli uid=nobody
"""
PING = NodeName("10.77.0.254")
UUIDS = {
    "alpha": base64.b64decode("NGbJNdVBTtG8ZSGjRFV9BA=="),
    "beta": base64.b64decode("ZqmOOl8GTR+4iMv2TzrFnA=="),
}
HACLUSTER, HACLIENT = 103, 107
NOBODY = 65534 if os.geteuid() != 65534 else 65533  # never the user these tests run as


def configuration(node: str, extra: str = "", resources: str = "alpha a1\n") -> ClusterConfig:
    """What those files say on C{node}."""
    host = FakeHost()
    host.groups["haclient"] = HACLIENT
    host.users["nobody"] = NOBODY
    with tempfile.TemporaryDirectory() as directory:
        texts = {
            "ha.cf": HACF + extra,
            "authkeys": "auth 1\n1 sha1 TestSecret\n",
            "haresources": resources,
        }
        for name, text in texts.items():
            with open(os.path.join(directory, name), "w") as file:
                file.write(text)
        return load(directory, uname=node, host=host)


@dataclass
class Credentials:
    """Who the kernel says is there."""

    uid: int = 0
    gid: int = 0
    pid: int | None = 907


class Transport:
    """
    One end of a connection.

    @ivar slow: nothing that is written is taken from now on.
    """

    def __init__(self, session: Session, peer: Credentials | None) -> None:
        self.session = session
        self.peer = peer
        self.written = bytearray()
        self.reading = True
        self.closing = self.aborted = False
        self.producer: Any = None
        self.slow = False

    def registerProducer(self, producer: object, streaming: bool) -> None:
        assert streaming and self.producer is None
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        assert isinstance(data, bytes)
        if self.closing or self.aborted:
            return
        self.written += data
        if self.slow and self.producer is not None:
            self.producer.pauseProducing()

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True

    def loseConnection(self) -> None:
        assert self.producer is None, "a registered producer keeps the connection open"
        self.closing = True

    def abortConnection(self) -> None:
        self.aborted = True


class Caller:
    """Somebody who is connected."""

    def __init__(self, office: Office, peer: Credentials | None = None) -> None:
        self.office = office
        session = office.desk.buildProtocol(None)
        self.peer = Credentials() if peer is None else peer
        self.transport = Transport(session, self.peer)
        self.session = session
        self._read = 0
        session.makeConnection(self.transport)  # type: ignore[arg-type]

    def feed(self, data: bytes) -> None:
        """Bytes arrive, whatever they are."""
        if not self.gone:
            self.session.dataReceived(data)

    def say(self, message: Message) -> None:
        """A whole message arrives."""
        self.feed(frameOf(message))

    def signOn(self, name: str | None = None) -> list[Message]:
        """Sign on; what came in return."""
        pid = str(self.peer.pid)
        values = {"pid": pid, "from_id": name or pid}
        values |= {"uid": str(self.peer.uid), "gid": str(self.peer.gid)}
        self.say(Message.of("hbapi-req", reqtype="signon", dest="alpha", **values))
        return self.heard()

    def ask(self, request: str, **values: str | bytes) -> list[Message]:
        """Ask something; what came in return."""
        pid = str(self.peer.pid)
        self.say(Message.of("hbapi-req", reqtype=request, dest="alpha", pid=pid, from_id=pid, **values))
        return self.heard()

    def heard(self) -> list[Message]:
        """What was written since the last time."""
        return [readBody(body) for body in self.bodies()]

    def bodies(self) -> list[bytes]:
        """The same, as it stands."""
        reader = FrameReader()
        reader.feed(bytes(self.transport.written[self._read :]))
        found = []
        while (body := reader.next()) is not None:
            found.append(body)
        self._read = len(self.transport.written)
        return found

    @property
    def gone(self) -> bool:
        """Whether the daemon has closed."""
        return self.transport.closing or self.transport.aborted

    def hangUp(self) -> None:
        """The connection is gone."""
        self.session.connectionLost()


class Office:
    """
    One node, and the API for its clients.

    @ivar kills: signals that were sent.
    @ivar dead: numbers of no process.
    """

    def __init__(self, clock: Clock, wires: list[Wire], config: ClusterConfig) -> None:
        self.clock = clock
        self.ports = [wire.port(config.localNode) for wire in wires[:2]]
        self.ping = wires[2].port(config.localNode, "ping", PING)
        self.bus = EventBus(clock)
        self.events: list[Event] = []
        self.bus.subscribe(lambda event, when: self.events.append(event))
        self.agents = FakeRegistry(clock)
        self.node: LocalNode = assemble(
            config,
            Surroundings(
                clock=clock,
                wallClock=lambda: EPOCH + clock.seconds(),
                random=Random(1),
                media=[*self.ports, self.ping],
                agents=self.agents,
                fencer=FakeFencer(),
                guardian=FakeGuardian(),
                generation=100,
                uuid=UUIDS[config.localNode],
                marks=FakeMarks(),
                bus=self.bus,
            ),
        )
        self.kills: list[tuple[int, int]] = []
        self.dead = {99999}
        self.local = LocalClusterNode(self.node)
        self.desk = Desk(
            self.local,
            clock=clock,
            wallClock=lambda: EPOCH + clock.seconds(),
            bus=self.bus,
            credentials=self._credentials,
            alive=lambda pid: pid not in self.dead,
            kill=lambda pid, number: self.kills.append((pid, number)),
        )
        Attention(self.node, self.desk)
        for port in (*self.ports, self.ping):
            port.open(self.node.core.receiver)

    def _credentials(self, transport: Transport) -> Credentials:
        if transport.peer is None:
            raise PlatformError("the kernel does not tell")
        return transport.peer

    def said(self) -> list[Message]:
        """What this node said on its first medium."""
        return self.ports[0].messages

    def told(self, kind: type[Event]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


class Town:
    """
    C{alpha} and C{beta}, settled; both hear the ping node.

    @ivar wires: C{eth1}, C{eth0}, and the ping node's.
    """

    def __init__(self, extra: str = "", resources: str = "alpha a1\n") -> None:
        self.clock = Clock()
        echo = [Wire(self.clock, "eth1", echoes=True), Wire(self.clock, "eth0", echoes=True)]
        self.wires = [*echo, Wire(self.clock, PING)]
        self.alpha, self.beta = (
            Office(self.clock, self.wires, configuration(name, extra, resources))
            for name in ("alpha", "beta")
        )
        for office in (self.alpha, self.beta):
            office.node.start()
        run(self.clock, 3.0)

    def run(self, seconds: float = 0.1) -> None:
        """Let time pass."""
        run(self.clock, seconds)

    def close(self) -> None:
        """Stop everything that ticks."""
        for office in (self.alpha, self.beta):
            office.node.kill()
