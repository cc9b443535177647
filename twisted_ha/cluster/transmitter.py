"""
Sending: every message is stamped, signed once in each encoding it is needed in, and given to every
medium; what has a number is kept.

@see: wire-protocol.md sections 1.3, 3.2 and 8.6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IReactorTime

from twisted_ha.auth.keyring import KeyRing
from twisted_ha.cluster.header import UNSEQUENCED
from twisted_ha.cluster.history import Form, SendHistory, Sent
from twisted_ha.cluster.nodes import NodeTable
from twisted_ha.config.model import ClusterConfig
from twisted_ha.interfaces import IMedium
from twisted_ha.wire.codec import decode, twin
from twisted_ha.wire.fields import formatNumber
from twisted_ha.wire.message import Field, FieldType, Message, makeField
from twisted_ha.wire.signed import Encoding

__all__ = ["Transmitter"]

_STRING = FieldType.STRING


class Transmitter:
    """
    The one way out.

    @ivar history: what was sent with a number.
    @ivar probes: whether there is any ping node to ask.
    """

    def __init__(
        self,
        *,
        config: ClusterConfig,
        clock: IReactorTime,
        wallClock: Callable[[], float],
        media: Sequence[IMedium],
        keyring: KeyRing,
        nodes: NodeTable,
        generation: int,
        uuid: bytes,
        loadAverage: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._wallClock = wallClock
        self._media = [medium for medium in media if medium.pingNode is None]
        self._pings = [medium for medium in media if medium.pingNode is not None]
        self.probes = bool(self._pings)
        self._keyring = keyring
        self._nodes = nodes
        self._origin = (Field("src", nodes.local.name), Field("srcuuid", uuid, FieldType.BINARY))
        self._life = Field("hg", formatNumber("", "hg", generation))
        self._load = "", Field("ld", "n/a")
        self._loadAverage = loadAverage
        self.history = SendHistory()
        self.reconfigure(config)

    def reconfigure(self, config: ClusterConfig) -> None:
        """Use another C{ttl} and other encodings from now on."""
        self._ttl = Field("ttl", formatNumber("", "ttl", config.ttl))
        self._netstrings = config.netstrings
        self._ways = [(medium, (self._encoding(medium), medium.datagram)) for medium in self._media]
        forms = dict.fromkeys(form for _, form in self._ways)
        # What a serial line carries is cut from the datagram, if there is one.
        self._cut = [form for form in forms if not form[1] and (form[0], True) in forms]
        self._signed = [form for form in forms if form not in self._cut]

    def replaceKeyRing(self, keyring: KeyRing) -> None:
        """
        Sign with another ring from now on, also what is sent again: a key that is gone from one file is
        going from the others.
        """
        self._keyring = keyring
        for sent in self.history:
            sent.outdated = True

    def send(self, message: Message) -> Message:
        """
        Stamp, sign and send C{message} on every medium but those of ping nodes.

        @return: the message as it left.
        @raise WireError: it cannot be written; nothing was sent, and no number was used.
        """
        sequence = self.history.highest + 1
        stamped = self._stamp(message, sequence)
        frames: dict[Form, bytes] = {}
        for form in self._signed:
            frames[form] = self._keyring.sign(stamped, *form)
        for form in self._cut:
            frames[form] = twin(frames[form[0], True])
        if not stamped.type.startswith(UNSEQUENCED):
            self.history.add(Sent(sequence, frames, self._clock.seconds()))
        for medium, form in self._ways:
            medium.send(frames[form])
        return stamped

    def resend(self, sent: Sent) -> None:
        """
        Send a message again on every medium.  The bytes are the first ones, unless the key or the
        encoding has changed since.
        """
        for medium, form in self._ways:
            medium.send(self._frame(sent, form))

    def sendBy(self, link: str, message: Message) -> None:
        """Stamp, sign and send a message without a number, by the link of that name only."""
        stamped = self._stamp(message, 0)
        for medium, form in self._ways:
            if medium.name == link:
                medium.send(self._keyring.sign(stamped, *form))

    def probe(self, ts: str) -> None:
        """
        Ask every ping node: each gets a message as it would send it itself, and carries it back.

        @param ts: the field of that name in the status message sent with it.
        """
        for medium in self._pings:
            probe = Message.of(
                "NS_st",
                st="ping",
                info="ping_group" if medium.kind == "ping_group" else "ping",
                src=medium.pingNode,
                ts=ts,
            )
            medium.send(self._keyring.sign(probe, self._encoding(medium), medium.datagram))

    def _encoding(self, medium: IMedium) -> Encoding:
        if self._netstrings and medium.datagram:
            return Encoding.NETSTRING
        return Encoding.CLASSIC

    def _frame(self, sent: Sent, form: Form) -> bytes:
        frame = sent.frames.get(form)
        if frame is None or sent.outdated:
            message = decode(next(iter(sent.frames.values()))).message
            frame = self._keyring.sign(message, *form)
            sent.frames = {form: frame} if sent.outdated else {**sent.frames, form: frame}
            sent.outdated = False
        return frame

    def _stamp(self, message: Message, sequence: int) -> Message:
        kind = message.type
        sequenced = not kind.startswith(UNSEQUENCED)
        stamps: tuple[Field, ...]
        ts = makeField(("ts", formatNumber(kind, "ts", max(1, int(self._wallClock()))), _STRING))
        if sequenced:
            seq = makeField(("seq", formatNumber(kind, "seq", sequence), _STRING))
            stamps = (*self._origin, seq, self._life, ts, self._loadField(), self._ttl)
        else:
            stamps = (*self._origin, self._life, ts, self._ttl)
        target = self._nodes.get(message.get("dest"))
        if target is not None and target.uuid is not None:
            stamps = (Field("destuuid", target.uuid, FieldType.BINARY), *stamps)
        return message.stamped(stamps)

    def _loadField(self) -> Field:
        said, field = self._load
        load = self._loadAverage()
        if load != said:
            field = Field("ld", load.replace("\n", " ").strip() or "n/a")
            self._load = load, field
        return field
