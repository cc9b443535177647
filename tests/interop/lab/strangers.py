"""What somebody sends to a node who does not belong to its cluster, or wishes it ill."""

from __future__ import annotations

import os
import random
import time
import zlib
from collections.abc import Sequence

from twisted_ha.auth.key import Key
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.config.model import Keys
from twisted_ha.wire.message import Field, FieldType, Message
from twisted_ha.wire.signed import Encoding

__all__ = ["DEADLY", "KINDS", "datagrams", "garbage", "otherCluster"]

MEMBER = KeyRing(Keys(keys={1: Key("sha1", b"laboratory")}, signing=1))
"""Signs as the nodes of L{tests.interop.lab.plan} do."""

STRANGER = KeyRing(Keys(keys={1: Key("sha1", b"another cluster")}, signing=1))

DEADLY = "malformed netstring"
"""One of L{KINDS}: heartbeat 3.0.6 aborts on it (wire-protocol.md section 1.2)."""

KINDS = (
    "garbage",
    "wrong magic",
    "truncated",
    "wrong key, classic",
    "wrong key, netstring",
    "unknown node",
    "replayed",
    "1400 bytes, wrong key",
    "60000 bytes, wrong key",
    "compressed, wrong key",
    "1000 fields, wrong key",
    "nested 300 deep",
    DEADLY,
)

_VARIETY = 64
"""How many different datagrams of a kind: no cache may help."""


def status(node: str, number: int, **more: str | bytes) -> Message:
    """A heartbeat of C{node}, as it could be."""
    return Message.of(
        "status",
        st="active",
        dt="3e8",
        protocol="1",
        src=node,
        srcuuid=b"\x77" * 16,
        seq=f"{number:x}",
        hg=f"{int(time.time()):x}",
        ts=f"{int(time.time()):x}",
        ld="0.10 0.07 0.02 1/123 4567",
        ttl="4",
        **more,
    )


def garbage(length: int = 100) -> list[bytes]:
    """Random bytes."""
    return [os.urandom(length) for _ in range(_VARIETY)]


def otherCluster(node: str = "beta", encoding: Encoding = Encoding.NETSTRING) -> list[bytes]:
    """Heartbeats of a node of the same name in a cluster with another key."""
    return [STRANGER.sign(status(node, number), encoding) for number in range(_VARIETY)]


def datagrams(kind: str, captured: Sequence[bytes] = ()) -> list[bytes]:
    """
    Some datagrams of one of L{KINDS}.

    @param captured: what real members have sent, for those that are played again.
    """
    return {
        "garbage": garbage,
        "wrong magic": lambda: [b"##$" + frame[3:] for frame in _members()],
        "truncated": lambda: [frame[: len(frame) // 2] for frame in _members()],
        "wrong key, classic": lambda: otherCluster(encoding=Encoding.CLASSIC),
        "wrong key, netstring": otherCluster,
        "unknown node": lambda: _members("gamma"),
        "replayed": lambda: list(captured[-_VARIETY:]),
        "1400 bytes, wrong key": lambda: _padded(1400),
        "60000 bytes, wrong key": lambda: _padded(60000)[:4],
        "compressed, wrong key": _bombs,
        "1000 fields, wrong key": _wide,
        "nested 300 deep": lambda: [_deep(300)],
        DEADLY: lambda: [b"###\n8:hello=xx,%%%\n"],
    }[kind]()


def _members(node: str = "beta") -> list[bytes]:
    return [MEMBER.sign(status(node, number), Encoding.NETSTRING) for number in range(_VARIETY)]


def _padded(length: int) -> list[bytes]:
    letters = random.Random(length)
    frames = []
    for number in range(_VARIETY):
        info = "".join(letters.choices("abcdefgh", k=length - 350))
        frames.append(STRANGER.sign(status("beta", number, info=info), Encoding.NETSTRING))
    return frames


def _bombs() -> list[bytes]:
    payload = zlib.compress(b"###\n" + bytes(1 << 20))
    return [
        STRANGER.sign(
            Message(
                (
                    *status("beta", number),
                    Field("_compressed_payload", payload, FieldType.BINARY),
                    Field("_compression_algorithm", "zlib"),
                )
            ),
            Encoding.NETSTRING,
        )
        for number in range(_VARIETY)
    ]


def _wide() -> list[bytes]:
    fields = {f"field{number}": "x" for number in range(1000)}
    return [STRANGER.sign(status("beta", number, **fields), Encoding.NETSTRING) for number in range(8)]


def _deep(depth: int) -> bytes:
    inner = b"###\n10:(0)t=hello,%%%\n"
    for _ in range(depth):
        content = b"(2)x=" + inner
        inner = b"###\n%d:%b,%%%%%%\n" % (len(content), content)
    return inner + b"3:1 x,"
