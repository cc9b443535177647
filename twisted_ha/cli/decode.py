"""C{hactl decode}: a packet of the cluster's protocol, readable."""

from __future__ import annotations

import os
import re
import sys
import time
from typing import TextIO

from twisted_ha.cli import statuses
from twisted_ha.cli.words import safe
from twisted_ha.errors import WireError
from twisted_ha.wire import FieldType, Message, SignedMessage
from twisted_ha.wire import decode as decodeFrame
from twisted_ha.wire.fields import baseOf, readNumber
from twisted_ha.wire.framer import Framer

__all__ = ["decode"]

_LARGEST = 16 << 20
_SEPARATORS = re.compile(rb"0[xX]|[\s:,]+")


def decode(source: str, out: TextIO, err: TextIO) -> int:
    """
    Print what C{source} says.

    @param source: hexadecimal digits, the path of a file, or C{-}.
    @return: 1 if it is no packet.
    """
    try:
        data = _bytesOf(source)
    except OSError as error:
        print(f"hactl: {safe(source)}: {error.strerror}", file=err)
        return statuses.FAILED
    if data is None:
        text = "is neither a file nor hexadecimal digits"
        print(f"hactl: {safe(source[:60])!r} {text}", file=err)
        return statuses.FAILED
    frames = Framer().feed(data + b"\n")  # a serial line's, of which there may be several
    failed = False
    for number, frame in enumerate(frames or [data]):
        if number:
            print(file=out)
        try:
            print("\n".join(_lines(decodeFrame(frame))), file=out)
        except WireError as error:
            print(f"hactl: not a packet of this protocol: {error}", file=err)
            failed = True
    return statuses.FAILED if failed else statuses.OK


def _bytesOf(source: str) -> bytes | None:
    if source == "-":
        data = sys.stdin.buffer.read(_LARGEST)
    elif os.path.exists(source):
        with open(source, "rb") as file:
            data = file.read(_LARGEST)
    else:
        return _fromHex(source.encode(errors="surrogateescape"))
    return _fromHex(data) or data


def _fromHex(text: bytes) -> bytes | None:
    digits = _SEPARATORS.sub(b"", text)
    if not digits or len(digits) % 2 or re.fullmatch(rb"[0-9a-fA-F]+", digits) is None:
        return None
    return bytes.fromhex(digits.decode())


def _lines(signed: SignedMessage) -> list[str]:
    key = "nothing readable" if signed.key is None else f"key {signed.key}"
    lines = [f"{signed.encoding.value} encoding, signed with {key} (not checked here)"]
    return lines + _fields(signed.message, "  ")


def _fields(message: Message, margin: str) -> list[str]:
    width = max((len(field.name) for field in message), default=0)
    lines = []
    for field in message:
        start = f"{margin}{safe(field.name):<{width}}  "
        if isinstance(field.value, Message):
            lines.append(start.rstrip())
            lines += _fields(field.value, margin + "    ")
        elif isinstance(field.value, bytes):
            kind = "compressed " if field.type is FieldType.COMPRESSED else ""
            lines.append(f"{start}{field.value.hex()} ({kind}{len(field.value)} bytes)")
        elif isinstance(field.value, tuple):
            lines.append(start + ", ".join(safe(each) for each in field.value))
        else:
            lines.append(start + _text(message, field.name, field.value))
    return lines


def _text(message: Message, name: str, value: str) -> str:
    """The text as it stands there, and what it means where that is not plain."""
    shown = safe(value).replace("\n", "\\n")
    if message.get(name) != value:
        return f"{shown} (a second {safe(name)}: not read)"
    try:
        number, base = readNumber(message, name), baseOf(message.type, name)
    except KeyError:
        return shown
    if number is None:
        return f"{shown} (not a number in base {base})"
    if name == "ts":
        return f"{shown} ({time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(number % 2**32))} UTC)"
    if name == "dt":
        return f"{shown} ({number} ms)"
    return f"{shown} ({number})" if base == 16 and str(number) != value else shown
