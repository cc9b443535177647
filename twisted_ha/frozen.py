"""
Dataclasses whose frozen ones cost a third of the memory.

L{dataclasses.dataclass} writes for each frozen class its own refusal to be changed, its own comparison
and representation, and the refusal keeps the class alive as it was before it got its slots: in Python
3.11 that is 13 kB a class, of which 9 say the same each time.  A daemon has some 140 such classes.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, dataclass_transform

__all__ = ["dataclass"]

_T = TypeVar("_T")


def _refuseToSet(self: object, name: str, value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuseToDelete(self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _represent(self: Any) -> str:
    shown = [f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr]
    return f"{type(self).__qualname__}({', '.join(shown)})"


@functools.cache
def _reader(cls: Any) -> Callable[[object], object]:
    """Reads what values of this class are compared by.  Of most classes none ever are."""
    names = [one.name for one in dataclasses.fields(cls) if one.compare]
    return operator.attrgetter(*names) if names else type


def _equals(self: object, other: object) -> Any:
    cls: Any = type(self)
    read = _reader(cls)
    if type(other) is not type(self):
        return NotImplemented
    return read(self) == read(other)


def _hash(self: object) -> int:
    cls: Any = type(self)
    return hash(_reader(cls)(self))


@dataclass_transform(field_specifiers=(dataclasses.field,))
def dataclass(
    *, frozen: bool = False, slots: bool = False, kw_only: bool = False, eq: bool = True
) -> Callable[[type[_T]], type[_T]]:
    """
    As L{dataclasses.dataclass}; what is frozen and has slots shares whatever need not be its own.

    Such a class defines no C{__eq__} or C{__hash__} itself.
    """

    def decorate(cls: type[_T]) -> type[_T]:
        if not (frozen and slots):
            return dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only, eq=eq)(cls)
        represents = "__repr__" not in vars(cls)
        made: Any = dataclasses.dataclass(
            frozen=True, slots=True, kw_only=kw_only, eq=False, repr=False
        )(cls)
        made.__setattr__, made.__delattr__ = _refuseToSet, _refuseToDelete
        if represents:
            made.__repr__ = _represent
        if eq:
            made.__eq__, made.__hash__ = _equals, _hash
        result: type[_T] = made
        return result

    return decorate
