"""Somebody on the wire who has no key: records, replays, forges."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from twisted_ha.auth.key import Key
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.config.model import Keys
from twisted_ha.sim.network import Sent, SimMedium
from twisted_ha.sim.observed import StrangerHeard
from twisted_ha.sim.weather import damaged, unharmed
from twisted_ha.wire.message import Message
from twisted_ha.wire.signed import Encoding

if TYPE_CHECKING:
    from twisted_ha.sim.daemons import Life
    from twisted_ha.sim.world import World

__all__ = ["Attacker"]

NAME = "192.0.2.66:666"


class Attacker:
    """
    Sends what it has no right to send, and looks whether it made a difference.

    Everything it sends reaches every machine of a wire at the same instant, and what each daemon
    believes is compared before and after.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = Random(f"{world.setup.seed}/attacker")
        self._ring = KeyRing(Keys(keys={1: Key("sha1", b"a wrong guess")}, signing=1))

    def replay(self, link: str, count: int) -> None:
        """Send recorded frames again, over the next seconds."""
        for _ in range(count):
            self._world.after(self._random.uniform(0, 5), self._replay, link)

    def forge(self, link: str, count: int) -> None:
        """Send frames of its own making, over the next seconds."""
        for _ in range(count):
            self._world.after(self._random.uniform(0, 5), self._forge, link)

    def _replay(self, link: str) -> None:
        recorded = self._world.network.segments[link].recent
        if recorded:
            sent = recorded[self._random.randrange(len(recorded))]
            self._send(link, sent.frame, "replayed", sent)

    def _forge(self, link: str) -> None:
        recorded = self._world.network.segments[link].recent
        kind = self._random.randrange(4)
        if kind == 0 and recorded:
            frame = recorded[self._random.randrange(len(recorded))].frame
            damage = damaged(frame, self._random)
            if unharmed(frame, damage):
                damage = damage[: len(frame) // 2]
            self._send(link, damage, "damaged")
        elif kind == 1:
            self._send(link, self._random.randbytes(self._random.randint(0, 600)), "noise")
        else:
            self._send(link, self._ring.sign(self._message(), self._encoding()), "forged")

    def _encoding(self) -> Encoding:
        return self._random.choice(list(Encoding))

    def _message(self) -> Message:
        names = self._world.setup.config.nodes
        source = self._random.choice(names)
        kind = self._random.choice(["status", "resource", "shutdone", "ask_resources", "starting"])
        values: dict[str, str] = {
            "status": {"st": self._random.choice(["active", "up", "dead"]), "dt": "3e8"},
            "resource": {"rsc_hold": "all", "rtype": "full", "isstable": "1"},
            "shutdone": {"st": "dead"},
            "ask_resources": {"rsc_hold": "all", "info": self._random.choice(["me", "other", "done"])},
            "starting": {},
        }[kind]
        return Message.of(
            kind,
            **values,
            src=source,
            seq=f"{self._random.randrange(1, 1 << 16):x}",
            hg=f"{self._random.randrange(1, 1 << 32):x}",
            ts="6b49d200",
            ttl="3",
        )

    def _send(self, link: str, frame: bytes, what: str, sent: Sent | None = None) -> None:
        for medium in list(self._world.network.segments[link].media):
            if self._world.well(medium.node):
                self._deliver(medium, frame, what, sent)

    def _old(self, life: Life, sent: Sent) -> bool:
        """
        Whether a recorded frame must be worth nothing to a daemon: it is its own, or it was heard, or it
        is from before the first status of its sender that this life of the daemon has read on any cable,
        or of an earlier life than the last one that it has read a status of, or from before what an
        earlier life of the daemon has kept.

        What was sent later than that first status and was lost is waited for and asked for, and so is
        news whoever brings it.  What came before it counts as lost: nobody listens to a stranger.
        """
        if sent.source == life.name:
            return True
        ledger = self._world.ledger
        if ledger.refuses(life.name, sent.source, sent.first):
            return True
        read = [medium for medium in life.media if sent.source in medium.since]
        met = min((medium.met[sent.source] for medium in read), default=float("inf"))
        return bool(read) and (
            any(medium in life.media and at >= met for medium, at in sent.heardBy)
            or sent.first < min(medium.since[sent.source] for medium in read)
            or ledger.livedAgain(
                sent.source, sent.first, max(medium.latest[sent.source] for medium in read)
            )
        )

    def _deliver(self, medium: SimMedium, frame: bytes, what: str, sent: Sent | None) -> None:
        life = self._world.lives[medium.node]
        news = sent is not None and not self._old(life, sent)
        before = life.fingerprint()
        medium.arrive(frame, NAME)
        changed = life.fingerprint() != before
        if sent is not None and sent.status and news and changed:
            self._world.network.statusPlayed(medium, sent)
        self._world.observe(
            StrangerHeard(
                node=medium.node,
                what="late" if news else what,
                changed=changed,
                life=life.number,
            )
        )
