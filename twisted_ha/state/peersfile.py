"""
The text of the file that says how far the other nodes were heard.

One line a node: its name, the generation of its life and the highest number in it, both in decimal.  The
last line is a checksum, so that a damaged number locks nobody out.
"""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

from twisted_ha.terms import LifeMark, NodeName

__all__ = ["readMarks", "writeMarks"]

HEADING = (
    "# How far the other nodes were heard: name, generation, number.  What is older is refused.\n"
    "# If a node has lost its hb_generation: stop twisted_ha here, remove this file, start it.\n"
)

_CHECK = "check "


def writeMarks(marks: Mapping[NodeName, LifeMark]) -> bytes:
    """The file for these nodes."""
    lines = [f"{name} {mark.generation} {mark.sequence}\n" for name, mark in sorted(marks.items())]
    body = (HEADING + "".join(lines)).encode()
    return body + f"{_CHECK}{crc32(body):08x}\n".encode()


def readMarks(content: bytes) -> dict[NodeName, LifeMark] | None:
    """@return: what a file says; L{None} if it is damaged."""
    body, found, check = content.rpartition(_CHECK.encode())
    if not found or check != f"{crc32(body):08x}\n".encode():
        return None
    marks: dict[NodeName, LifeMark] = {}
    for line in body.decode("utf-8", "replace").splitlines():
        if line.startswith("#"):
            continue
        try:
            name, generation, sequence = line.split()
            marks[NodeName(name)] = LifeMark(int(generation), int(sequence))
        except ValueError:
            return None
    return marks
