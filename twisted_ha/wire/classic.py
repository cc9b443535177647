"""
The classic text encoding: one line a field between C{>>>} and C{<<<}.

Splitting is left to C{str.split} and C{str.partition}: a cluster reads thousands of these in a second
of simulated time, and no loop in here looks at single characters.

@see: wire-protocol.md section 1.1.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from itertools import repeat

from twisted_ha.errors import WireError
from twisted_ha.wire.grammar import (
    AUTH,
    KNOWN,
    MAX_DEPTH,
    MAX_FIELDS,
    MAX_FRAME,
    Budget,
    checkName,
    formatList,
    fromText,
    isName,
    parseList,
    toText,
)
from twisted_ha.wire.message import Field, FieldType, Message, makeField
from twisted_ha.wire.signed import Claim, Encoding, SignedMessage, Signer, readClaim

__all__ = [
    "END",
    "START",
    "bareClassic",
    "claimClassic",
    "coveredBytes",
    "decodeClassic",
    "encodeClassic",
    "readCovered",
]

START = b">>>\n"
END = b"<<<\n"

_NEWLINES = tuple(chr(code) for code in (*range(20, 32), 15, 16, 17, 18))
"""What a newline of a nested message becomes, by the depth of its parent."""

_TYPES = {"1": FieldType.BINARY, "2": FieldType.STRUCT, "3": FieldType.LIST, "4": FieldType.COMPRESSED}
_CHANGING = ("seq=", "ts=", "ld=")
"""What no two messages have in common, so that there is no use in remembering it."""
_FEW = 20
"""Fields: no status has more, and a message with more is not looked at closely."""
_LONG = 200
"""Characters: lines of strangers that are longer are not kept in memory."""

_AUTH_LINE = re.compile(rb"(\([1-4]\))?auth=")

_USUAL_END = re.compile(rb"\nauth=([0-9]{1,9}) ([0-9a-f]+)\n<<<\n\0?")
_UNUSUAL = (b"auth=", b"\n\n", b"\n<<<", b"\0")
# Named once: naming a member of an enumeration costs Python 3.11 as much as a call.
_STRING, _BINARY, _CLASSIC = FieldType.STRING, FieldType.BINARY, Encoding.CLASSIC

_TAIL = ("seq", "hg", "ts", "ld", "ttl")
_USUAL_TAIL = re.compile("".join(rf"{name}=([^\n\x13]*)\n" for name in _TAIL))
"""How every message for all nodes ends; it is taken apart at once."""


def decodeClassic(frame: bytes, limit: int = MAX_FRAME) -> SignedMessage:
    """
    Read a classic frame.  The first NUL ends it, and so does its end marker.

    @raise WireError: it is not one.
    """
    body = _bodyOf(frame, limit)
    lines = toText(body).split("\n")
    lines.pop()
    fields, auths = _readLines(lines, 0, 4, Budget())
    if not auths:
        covered = body if len(fields) == len(lines) else _withoutAuth(body)
        return SignedMessage(Message(fields), None, "", covered, _CLASSIC)
    # Nearly always the one auth line is the last and nothing was skipped: the rest is one slice.
    if len(fields) + 1 == len(lines) and lines[-1].startswith("auth="):
        covered = body[: body.rfind(b"\n", 0, -1) + 1]
    else:
        covered = _withoutAuth(body)
    value = auths[-1].value
    key, digest = readClaim(value) if isinstance(value, str) else (None, "")
    return SignedMessage(Message(fields), key, digest, covered, _CLASSIC)


def readCovered(covered: bytes) -> Message:
    """
    The message in the bytes that a claim covers: what was not authenticated is not read.

    @param covered: as of L{claimClassic}.
    @raise WireError: it is none.
    """
    # What stands before the number is the same in one status after another of all that a node says.
    number = covered.find(b"\nseq=") + 1
    head = _readHead(covered[:number]) if number <= _LONG else None
    if head is None:
        head, number = Message(), 0
    text = toText(covered[number:])
    usual = _USUAL_TAIL.fullmatch(text) if number else None
    if usual is not None:
        texts = usual.groups()
        fields = (*head.fields, *map(makeField, zip(_TAIL, texts, repeat(_STRING))))
        # The first of a name counts, and that is one in the head if there is one.
        return Message(fields, {**dict(zip(_TAIL, texts, strict=True)), **head.values})
    budget = Budget()
    budget.spend(1 + len(head.fields), 4)  # the authentication is one more
    lines = text.split("\n")
    lines.pop()
    return Message((*head.fields, *_readLines(lines, 0, 4 + number, budget)[0]))


@lru_cache(maxsize=64)
def _readHead(head: bytes) -> Message | None:
    """
    The fields of lines with names seen all day; L{None} if there is any other line.

    Remembered, like L{_readKnown}, and all of them at once.
    """
    lines = toText(head).split("\n")
    lines.pop()
    fields = [field for line in lines if (field := _readKnown(line)) is not None]
    return Message(fields) if len(fields) == len(lines) else None


def claimClassic(frame: bytes) -> Claim:
    """
    What a classic frame says of its authenticity, before any of its fields is read.

    @raise WireError: it has no markers.
    """
    if len(frame) <= MAX_FRAME and frame.startswith(START):
        # As everybody writes it: the one authentication last, no empty line, and nothing behind it.
        end = frame.rfind(b"\nauth=")
        usual = _USUAL_END.fullmatch(frame, end) if end > 3 else None
        if usual is not None:
            lines = frame[3 : end + 1]
            for mark in _UNUSUAL:
                if lines.find(mark) >= 0:  # "in" tries to read the mark as a number first, and raises
                    break
            else:
                return Claim(int(usual[1]), usual[2].decode("ascii"), lines[1:])
    body = _bodyOf(frame, MAX_FRAME)
    auths = [line for line in body.split(b"\n") if _AUTH_LINE.match(line) is not None]
    plain = auths and auths[-1].startswith(b"auth=")
    return Claim(*(_claimOf(auths[-1][5:]) if plain else (None, "")), _withoutAuth(body))


def _claimOf(value: bytes) -> tuple[int | None, str]:
    return readClaim(toText(value).replace("\x13", "\n"))


def _bodyOf(frame: bytes, limit: int) -> bytes:
    """@raise WireError: there are no markers around any."""
    if len(frame) > limit:
        raise WireError(limit, f"a message of more than {limit} bytes")
    nul = frame.find(b"\0")
    if nul >= 0:
        frame = frame[:nul]
    if not frame.startswith(START):
        raise WireError(0, "no start marker")
    end = frame.find(b"\n<<<\n", 3)
    if end < 0:
        raise WireError(len(frame), "no end marker")
    return frame[4 : end + 1]


def encodeClassic(message: Message, sign: Signer, datagram: bool = True) -> bytes:
    """
    Write C{message} with its authentication last.

    @param datagram: whether a NUL follows, as in a datagram; a serial line has none.
    @raise WireError: it cannot be written in this encoding.
    """
    covered = coveredBytes(message)
    end = b"\n<<<\n\0" if datagram else b"\n<<<\n"
    frame = b">>>\n%bauth=%b%b" % (covered, sign(covered).encode("ascii"), end)
    if len(frame) > MAX_FRAME:
        raise WireError(MAX_FRAME, f"a message of more than {MAX_FRAME} bytes")
    return frame


def bareClassic(message: Message) -> bytes:
    """
    C{message} without any authentication, as on a local socket (client-api.md section 4.1).

    @raise WireError: it cannot be written in this encoding.
    """
    return START + coveredBytes(message) + END + b"\0"


def coveredBytes(message: Message) -> bytes:
    """
    The lines of every field but C{auth}: what the classic authentication is over, in both encodings.

    @raise WireError: it cannot be written in this encoding.
    """
    fields = message.fields
    number = 0
    if message.type == "status" and len(fields) <= _FEW:
        # As in L{readCovered}: what stands before the number is the same in one after another.
        for number, field in enumerate(fields):
            if field[0] == "seq":
                return _writeHead(fields[:number]) + fromText(_writeLines(fields[number:], 0))
    return fromText(_writeLines(fields, 0))


@lru_cache(maxsize=64)
def _writeHead(head: tuple[Field, ...]) -> bytes:
    """The lines of the first fields of a status, remembered."""
    return fromText(_writeLines(head, 0))


def _readLines(
    lines: list[str], depth: int, origin: int, budget: Budget
) -> tuple[list[Field], list[Field]]:
    """
    The fields of C{lines}; apart from them, at depth 0, those named C{auth}.

    @param origin: where the first line stands in the frame.
    """
    budget.spend(len(lines), origin)
    fields: list[Field] = []
    auths: list[Field] = []
    for number, line in enumerate(lines):
        if line.startswith(_CHANGING):
            name, _, value = line.partition("=")
            fields.append(makeField((name, value.replace("\x13", "\n"), _STRING)))
            continue
        field = _readKnown(line) if len(line) <= _LONG else None
        if field is not None:
            fields.append(field)
        elif line:
            try:
                field = _readLine(line, depth, budget)
            except WireError as error:
                raise WireError(_offset(lines, number, origin) + error.offset, error.reason) from None
            (auths if field.name == AUTH and not depth else fields).append(field)
    return fields, auths


@lru_cache(maxsize=512)
def _readKnown(line: str) -> Field | None:
    """
    The field of a line with a name seen all day; L{None} for any other.

    Remembered, because nearly every line of a message was in the one before it.
    """
    name, separator, value = line.partition("=")
    if not separator:
        return None
    if name in KNOWN:
        return Field(name, value.replace("\x13", "\n"))
    if name.startswith("(1)") and name[3:] in KNOWN:
        with suppress(WireError):  # that is for L{_readLine} to say, which knows where it stands
            return _readTyped(line, 0, Budget())
    return None


def _readLine(line: str, depth: int, budget: Budget) -> Field:
    """Any other line that is not empty; an error's offset is within the line."""
    name, separator, value = line.partition("=")
    if not separator:
        raise WireError(0, "a line without =")
    if line.startswith("("):
        field = _readTyped(line, depth, budget)
    else:
        field = Field(name, value.replace("\x13", "\n"))
    if field.name != AUTH and not isName(field.name):
        raise WireError(0, "not a name of a field")
    return field


def _readTyped(line: str, depth: int, budget: Budget) -> Field:
    """The field of a line that begins with a type; an error's offset is within the line."""
    kind = _TYPES.get(line[1:2])
    if kind is None or line[2:3] != ")":
        raise WireError(0, "not a type of a field")
    name, _, value = line[3:].partition("=")
    if kind is FieldType.BINARY or kind is FieldType.COMPRESSED:
        try:
            return Field(name, binascii.a2b_base64(value, strict_mode=True), kind)
        except ValueError:
            raise WireError(0, "not base64") from None
    start = 4 + len(fromText(name))
    if kind is FieldType.LIST:
        return Field(name, parseList(fromText(value), start, budget), kind)
    return Field(name, _readNested(value, depth, start, budget), kind)


def _readNested(value: str, depth: int, origin: int, budget: Budget) -> Message:
    """The message inside a field of a message at C{depth}."""
    if depth >= MAX_DEPTH:
        raise WireError(origin, f"messages nested more than {MAX_DEPTH} deep")
    lines = value.split(_NEWLINES[depth])
    if len(lines) < 3 or lines[0] != ">>>" or lines[-1] or lines[-2] != "<<<":
        raise WireError(origin, "a nested message without its markers")
    return Message(_readLines(lines[1:-2], depth + 1, origin + 4, budget)[0])


def _withoutAuth(body: bytes) -> bytes:
    """The covered lines of a body with empty lines, or with auth in unusual places."""
    return b"".join(
        line + b"\n" for line in body.split(b"\n") if line and _AUTH_LINE.match(line) is None
    )


def _offset(lines: list[str], number: int, origin: int) -> int:
    """Where the line of that number begins in the frame."""
    return origin + sum(len(fromText(line)) + 1 for line in lines[:number])


def _writeLines(fields: Iterable[Field], depth: int) -> str:
    """The lines of C{fields} of a message at C{depth}, each with its newline; C{auth} not at depth 0."""
    made: list[str] = []
    for name, value, kind in fields:
        if name not in KNOWN:
            if name == AUTH and not depth:
                continue
            checkName(name)
        if kind is not _STRING:
            made.append(f"({kind:d}){name}={_writeTyped(value, kind, depth)}\n")
        elif not isinstance(value, str):
            raise TypeError("a string field without a string")
        elif value.isprintable():
            made.append(f"{name}={value}\n")
        else:
            made.append(f"{name}={_writeString(value)}\n")
    if len(made) >= MAX_FIELDS:  # the authentication is one more
        raise WireError(0, f"a message of more than {MAX_FIELDS} fields")
    return "".join(made)


def _writeString(value: str) -> str:
    if "\0" in value or "\x13" in value:
        raise WireError(0, "a string with a NUL or 0x13, which classic text cannot carry")
    return value.replace("\n", "\x13")


def _writeTyped(value: object, kind: FieldType, depth: int) -> str:
    if isinstance(value, bytes) and (kind is _BINARY or kind is FieldType.COMPRESSED):
        return _writeUuid(value) if len(value) == 16 else _writeBytes(value)
    if kind is FieldType.STRUCT and isinstance(value, Message):
        return _writeNested(value, depth)
    if kind is FieldType.LIST and isinstance(value, tuple):
        text = toText(formatList(value))
        if "\n" in text:
            raise WireError(0, "a list item with a newline, which classic text cannot carry")
        return text
    if kind is FieldType.UNCOMPRESSED:
        raise WireError(0, "a field waiting for compression, which classic text cannot carry")
    raise TypeError("a field's value is not of its type")


def _writeBytes(value: bytes) -> str:
    return binascii.b2a_base64(value, newline=False).decode("ascii")


_writeUuid = lru_cache(maxsize=64)(_writeBytes)


def _writeNested(message: Message, depth: int) -> str:
    if depth >= MAX_DEPTH:
        raise WireError(0, f"messages nested more than {MAX_DEPTH} deep")
    text = f">>>\n{_writeLines(message.fields, depth + 1)}<<<\n"
    newline = _NEWLINES[depth]
    if newline in text:
        raise WireError(0, "a nested message with a control character that stands for a newline")
    return text.replace("\n", newline)
