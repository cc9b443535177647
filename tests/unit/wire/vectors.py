"""Reads the captured and synthetic frames of C{tests/data/vectors} (wire-protocol.md section 10)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted_ha.auth.key import Key
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.config.model import Keys
from twisted_ha.wire import Field, FieldType, Message

DIRECTORY = Path(__file__).parents[2] / "data" / "vectors"

CAPTURED = (
    "udp-netstring-sha1",
    "udp-msgfmt-classic-crc",
    "udp-msgfmt-classic-md5",
    "udp-msgfmt-classic-sha1",
    "udp-msgfmt-classic-sha1long",
    "udp-msgfmt-netstring-crc",
    "udp-msgfmt-netstring-sha1",
    "serial-classic-sha1",
    "serial-classic-md5",
    "field-types",
    "compressed",
    "icmp-ping",
)
"""Files of frames a real node sent, each with its fields."""

SESSIONS = ("session-start-standby-takeover-stop", "session-crash-restart-partition")
"""Files of frames a real node sent, without their fields."""

JUDGED = ("accept-reject", "classic-lexical", "key-rollover", "mutated")
"""Files of frames somebody made, and what is to become of them."""


def load(name: str) -> dict[str, Any]:
    """The file C{name}."""
    with open(DIRECTORY / f"{name}.json", encoding="ascii") as file:
        loaded: dict[str, Any] = json.load(file)
    return loaded


def frames() -> Iterator[bytes]:
    """Every captured frame that stands by itself."""
    for name in CAPTURED:
        for vector in load(name)["vectors"]:
            yield bytes.fromhex(vector["hex"])


def fieldsOf(described: list[dict[str, Any]]) -> list[Field]:
    """The fields a vector describes."""
    made: list[Field] = []
    for item in described:
        kind = FieldType[item["type"].upper()]
        value = item["value"]
        if kind is FieldType.STRUCT:
            made.append(Field(item["name"], Message(fieldsOf(value)), kind))
        elif kind is FieldType.LIST:
            made.append(Field(item["name"], tuple(value), kind))
        elif kind is FieldType.STRING:
            made.append(Field(item["name"], value, kind))
        else:
            made.append(Field(item["name"], bytes.fromhex(value), kind))
    return made


def ringOf(authkeys: str) -> KeyRing:
    """The ring of a plain C{authkeys} file."""
    keys: dict[int, Key] = {}
    signing = -1
    for line in authkeys.splitlines():
        words = line.split()
        if words[0] == "auth":
            signing = int(words[1])
        else:
            keys[int(words[0])] = Key(words[1], words[2].encode() if len(words) > 2 else b"")
    return KeyRing(Keys(keys=keys, signing=signing))
