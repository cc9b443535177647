"""
A message: an ordered list of typed fields (wire-protocol.md section 1).

Text is L{str} decoded as UTF-8 with C{surrogateescape}, so that any bytes a peer sends survive the
way in and out unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from functools import partial
from typing import NamedTuple, TypeAlias, Union

__all__ = ["Field", "FieldType", "Message", "Value", "makeField"]


class FieldType(IntEnum):
    """What a field holds; the number is the one on the wire."""

    STRING = 0
    BINARY = 1
    STRUCT = 2
    LIST = 3
    COMPRESSED = 4
    UNCOMPRESSED = 5


Value: TypeAlias = Union[str, bytes, "Message", tuple[str, ...]]
"""C{str} for strings, C{bytes} for binary and compressed, L{Message} for structs, a tuple for lists."""


class Field(NamedTuple):
    """
    One named value.

    A tuple, because a cluster makes hundreds of thousands of them: a frozen dataclass takes twice as
    long to build.
    """

    name: str
    value: Value
    type: FieldType = FieldType.STRING


makeField: Callable[[tuple[str, Value, FieldType]], Field] = partial(tuple.__new__, Field)
"""The same L{Field} in two thirds of the time, where a dozen are made for every message."""


class Message:
    """
    An immutable list of fields.  Names may repeat; reading finds the first.

    @ivar fields: in the order of the wire, which authentication covers.
    @ivar type: the value of C{t}; empty if there is none.
    """

    __slots__ = ("_values", "fields", "type")

    def __init__(self, fields: Iterable[Field] = (), values: dict[str, Value] | None = None) -> None:
        """@param values: the first value of each name, if it is known already."""
        self.fields: tuple[Field, ...] = tuple(fields)
        self._values = values
        first = self.fields[0] if self.fields else None
        # Nearly always C{t} comes first; and what is only sent is never looked at again.
        kind = first[1] if first is not None and first[0] == "t" else self.get("t")
        self.type: str = kind if isinstance(kind, str) else ""

    def _index(self) -> dict[str, Value]:
        """The first value of each name, made when somebody asks."""
        # From the back, so that the first field of a name is the one that stays.
        values = self._values = {field[0]: field[1] for field in reversed(self.fields)}
        return values

    @classmethod
    def of(cls, type: str, **values: str | bytes | None) -> Message:
        """
        A message of C{type} with these fields in this order: C{str} as strings, C{bytes} as binary,
        L{None} left out.
        """
        made = [Field("t", type)]
        for name, value in values.items():
            if isinstance(value, bytes):
                made.append(Field(name, value, FieldType.BINARY))
            elif value is not None:
                made.append(Field(name, value))
        return cls(made)

    @property
    def values(self) -> Mapping[str, Value]:
        """The first value of each name, for those who look at many of them."""
        return self._values or self._index()

    def get(self, name: str) -> str | None:
        """The first field of that name as text; L{None} if there is none or it is not a string."""
        value = (self._values or self._index()).get(name)
        return value if isinstance(value, str) else None

    def getBinary(self, name: str) -> bytes | None:
        """The first field of that name as bytes; L{None} if there is none or it is not binary."""
        value = (self._values or self._index()).get(name)
        return value if isinstance(value, bytes) else None

    def __contains__(self, name: object) -> bool:
        return name in (self._values or self._index())

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def replacing(self, name: str, value: str | bytes) -> Message:
        """
        This message with the first field of that name set in place, or appended if there is none.
        """
        kind = FieldType.BINARY if isinstance(value, bytes) else FieldType.STRING
        return self.stamped([Field(name, value, kind)])

    def stamped(self, fields: Sequence[Field]) -> Message:
        """
        This message with each of C{fields}, no two of one name, in place of the first of its name, or at
        the end if there is none.
        """
        values = self._values or self._index()
        for field in fields:
            if field[0] in values:
                break
        else:
            return Message((*self.fields, *fields))
        new = {field[0]: field for field in fields}
        kept = [new.pop(field[0], field) for field in self.fields]
        return Message((*kept, *new.values()))

    def without(self, name: str) -> Message:
        """This message without any field of that name."""
        return Message(field for field in self.fields if field.name != name)

    def strings(self) -> dict[str, str]:
        """Every string field, the first of each name: what event scripts get as C{HA_name}."""
        values = self._values or self._index()
        return {name: value for name, value in values.items() if isinstance(value, str)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.fields == other.fields

    def __hash__(self) -> int:
        return hash(self.fields)

    def __repr__(self) -> str:
        shown = " ".join(
            f"{field.name}={field.value!r}" for field in self.fields if field.name != "auth"
        )
        return f"<Message {shown}>"
