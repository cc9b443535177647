"""
The netstring encoding of heartbeat 3.0.6: every field with its length in front, values as they are.

@see: wire-protocol.md section 1.2.
"""

from __future__ import annotations

import re

from twisted_ha.errors import WireError
from twisted_ha.wire.classic import coveredBytes
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
from twisted_ha.wire.message import Field, FieldType, Message, Value
from twisted_ha.wire.signed import Claim, Encoding, SignedMessage, Signer, readClaim

__all__ = ["START", "bareNetstring", "claimNetstring", "decodeNetstring", "encodeNetstring"]

START = b"###\n"
END = b"%%%\n"

# The possessive quantifier keeps a field without "=" from being tried again at every byte.
_FIELD = re.compile(rb"([1-9][0-9]{0,6}):\(([0-5])\)([^=]++)=")
_OUTER = re.compile(rb"([1-9][0-9]{0,6}):")
_TYPES = tuple(FieldType)
_LABELS = {name.encode(): name for name in KNOWN}
_RAW = frozenset({FieldType.BINARY, FieldType.COMPRESSED, FieldType.UNCOMPRESSED})
_NO_INNER = frozenset({FieldType.STRUCT, FieldType.COMPRESSED, FieldType.UNCOMPRESSED})


def decodeNetstring(frame: bytes, limit: int = MAX_FRAME) -> SignedMessage:
    """
    Read a netstring frame.  Bytes behind its authentication count for nothing.

    @raise WireError: it is not one.
    """
    if len(frame) > limit:
        raise WireError(limit, f"a message of more than {limit} bytes")
    fields, end = _readFields(frame, 0, len(frame), 0, Budget())
    inner: str | None = None
    kept: list[Field] = []
    for field in fields:
        if field.name != AUTH:
            kept.append(field)
        elif isinstance(field.value, str):
            inner = field.value
    key, digest = _readOuter(frame, end)
    return SignedMessage(Message(kept), key, digest, frame[:end], Encoding.NETSTRING, inner)


def claimNetstring(frame: bytes) -> Claim:
    """
    What a netstring frame says of its authenticity, before any of its fields is read.

    Taken from behind the last end marker.  One in the bytes behind the authentication would mislead it;
    nobody sends such bytes, and the frame is refused then.

    @raise WireError: it has no end marker.
    """
    if len(frame) > MAX_FRAME:
        raise WireError(MAX_FRAME, f"a message of more than {MAX_FRAME} bytes")
    end = frame.rfind(END, len(START)) + len(END)
    if end < len(END):
        raise WireError(len(frame), "no end marker")
    return Claim(*_readOuter(frame, end), frame[:end])


def encodeNetstring(message: Message, sign: Signer, innerAuth: bool = False) -> bytes:
    """
    Write C{message} with its authentication behind it.

    @param innerAuth: also write the classic authentication as a field, as heartbeat 3.0.6 does with
        C{msgfmt classic}; never for a message with a nested or compressed field, as there.
    @raise WireError: it cannot be written in this encoding.
    """
    fields = [field for field in message.fields if field.name != AUTH]
    if innerAuth and not any(field.type in _NO_INNER for field in fields):
        fields.append(Field(AUTH, sign(coveredBytes(message))))
    covered = _writeFields(fields, 0)
    claim = sign(covered).encode("ascii")
    frame = b"%b%d:%b," % (covered, len(claim), claim)
    if len(frame) > MAX_FRAME:
        raise WireError(MAX_FRAME, f"a message of more than {MAX_FRAME} bytes")
    return frame


def bareNetstring(message: Message) -> bytes:
    """
    C{message} without any authentication, as on a local socket (client-api.md section 4.2).

    @raise WireError: it cannot be written in this encoding.
    """
    return _writeFields([field for field in message.fields if field.name != AUTH], 0)


def _readOuter(frame: bytes, position: int) -> tuple[int | None, str]:
    """The claim behind the end marker; an unreadable one is no reason to refuse the message yet."""
    length = _OUTER.match(frame, position)
    if length is None:
        return None, ""
    end = length.end() + int(length[1])
    if frame[end : end + 1] != b",":
        return None, ""
    return readClaim(toText(frame[length.end() : end]))


def _readFields(
    data: bytes, start: int, stop: int, depth: int, budget: Budget
) -> tuple[list[Field], int]:
    """
    The fields of the message at C{start}.

    @param stop: where reading must have ended.
    @return: the fields, and the position after the end marker.
    """
    if not data.startswith(START, start, stop):
        raise WireError(start, "no start marker")
    position = start + 4
    fields: list[Field] = []
    while not data.startswith(END, position, stop):
        head = _FIELD.match(data, position, stop)
        if head is None:
            raise WireError(position, "neither a field nor the end marker")
        length, type, label = head.groups()
        end = head.end(1) + 1 + int(length)
        begin = head.end()
        if begin > end or end >= stop or data[end] != 0x2C:
            raise WireError(position, "a field does not end where its length says")
        budget.spend(1, position)
        name = _LABELS.get(label) or toText(label)
        if name not in KNOWN and not isName(name):
            raise WireError(position, "not a name of a field")
        kind = _TYPES[int(type)]
        fields.append(Field(name, _readValue(data, begin, end, kind, depth, budget), kind))
        position = end + 1
    return fields, position + 4


def _readValue(data: bytes, begin: int, end: int, kind: FieldType, depth: int, budget: Budget) -> Value:
    if kind is FieldType.STRUCT:
        if depth >= MAX_DEPTH:
            raise WireError(begin, f"messages nested more than {MAX_DEPTH} deep")
        fields, after = _readFields(data, begin, end, depth + 1, budget)
        if after != end:
            raise WireError(after, "bytes behind a nested message")
        return Message(fields)
    value = data[begin:end]
    if kind is FieldType.STRING or kind is FieldType.LIST:
        if b"\0" in value:
            raise WireError(begin, "a NUL in text")
        return toText(value) if kind is FieldType.STRING else parseList(value, begin, budget)
    return value


def _writeFields(fields: list[Field] | tuple[Field, ...], depth: int) -> bytes:
    if len(fields) >= MAX_FIELDS:
        raise WireError(0, f"a message of more than {MAX_FIELDS} fields")
    made = [START]
    for name, value, kind in fields:
        if name not in KNOWN:
            checkName(name)
        content = b"(%d)%b=%b" % (kind, fromText(name), _writeValue(value, kind, depth))
        made.append(b"%d:%b," % (len(content), content))
    made.append(END)
    return b"".join(made)


def _writeValue(value: Value, kind: FieldType, depth: int) -> bytes:
    if kind is FieldType.STRING and isinstance(value, str):
        if "\0" in value:
            raise WireError(0, "a string with a NUL")
        return fromText(value)
    if kind is FieldType.STRUCT and isinstance(value, Message):
        if depth >= MAX_DEPTH:
            raise WireError(0, f"messages nested more than {MAX_DEPTH} deep")
        return _writeFields(value.fields, depth + 1)
    if kind is FieldType.LIST and isinstance(value, tuple):
        return formatList(value)
    if kind in _RAW and isinstance(value, bytes):
        return value
    raise TypeError("a field's value is not of its type")
