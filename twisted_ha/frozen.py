"""
Dataclasses whose frozen ones cost a fraction of the memory.

L{dataclasses.dataclass} writes for each frozen class its own refusal to be changed and its own
representation, and the refusal keeps the class alive as it was before it got its slots: in Python 3.11
13 kB a class, of which 9 are the same words again.  A daemon has some 140 such classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, dataclass_transform

__all__ = ["dataclass"]

_Class = TypeVar("_Class", bound=type)


def _refuseToSet(self: object, name: str, value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuseToDelete(self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _represent(self: Any) -> str:
    shown = [f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr]
    return f"{type(self).__qualname__}({', '.join(shown)})"


@dataclass_transform(field_specifiers=(dataclasses.field,))
def dataclass(
    *, frozen: bool = False, slots: bool = False, kw_only: bool = False, eq: bool = True
) -> Callable[[_Class], _Class]:
    """As L{dataclasses.dataclass}; what is frozen and has slots shares whatever need not be its own."""

    def decorate(cls: _Class) -> _Class:
        shares = frozen and slots
        represents = shares and "__repr__" not in vars(cls)
        made: Any = dataclasses.dataclass(
            frozen=frozen, slots=slots, kw_only=kw_only, eq=eq, repr=not shares
        )(cls)
        if shares:
            made.__setattr__ = _refuseToSet
            made.__delattr__ = _refuseToDelete
        if represents:
            made.__repr__ = _represent
        result: _Class = made
        return result

    return decorate
