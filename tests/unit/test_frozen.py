"""Frozen dataclasses that share what need not be their own."""

from __future__ import annotations

import copy
import dataclasses
import gc
import pickle
import weakref
from typing import Any, ClassVar

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ship:
    """A value."""

    ocean: ClassVar[str] = "Atlantic"
    name: str
    cargo: tuple[str, ...] = ()
    secret: str = dataclasses.field(default="", repr=False)
    noticed: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ferry(Ship):
    """One that inherits, and adds."""

    cars: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """One by position, that says itself what it is."""

    x: int
    y: int

    def __repr__(self) -> str:
        return f"<{self.x}, {self.y}>"


@dataclass(frozen=True, slots=True)
class Harbour(Place):
    """One whose parent says itself what it is."""

    depth: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """One without fields."""


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """One that is only itself."""


@dataclass(slots=True)
class Log:
    """Not frozen."""

    lines: int = 0


def theirs(cls: type) -> Any:
    """The same fields as the standard library's dataclass makes a class of them."""
    made = [
        (one.name, one.type, dataclasses.field(default=one.default, repr=one.repr, compare=one.compare))
        for one in dataclasses.fields(cls)
    ]
    return dataclasses.make_dataclass(cls.__name__, made, frozen=True, slots=True, kw_only=True)


class FrozenTests(SynchronousTestCase):
    """It is as the standard library's, and lighter."""

    def test_cannotBeChanged(self) -> None:
        """Neither a field nor anything else is set or deleted."""
        for value in (Ship(name="Endurance"), Ferry(name="Pride", cars=3)):
            for name in ("name", "cargo", "cars", "ocean", "nothing"):
                with self.assertRaisesRegex(dataclasses.FrozenInstanceError, f"assign.*'{name}'"):
                    setattr(value, name, "x")
                with self.assertRaisesRegex(dataclasses.FrozenInstanceError, f"delete.*'{name}'"):
                    delattr(value, name)
        self.assertEqual(value.name, "Pride")

    def test_sameWords(self) -> None:
        """The representation is that of the standard library, secrets left out."""
        for cls in (Ship, Ferry):
            words = {"name": "Endurance", "cargo": ("dogs",), "secret": "rum"}
            self.assertEqual(repr(cls(**words)), repr(theirs(cls)(**words)))
        self.assertNotIn("rum", repr(Ship(name="Endurance", secret="rum")))

    def test_ownWords(self) -> None:
        """What a class says of itself is kept, and not inherited: as with the standard library."""
        self.assertEqual(repr(Place(1, 2)), "<1, 2>")
        self.assertEqual(repr(Harbour(1, 2, 3)), "Harbour(x=1, y=2, depth=3)")

    def test_compares(self) -> None:
        """Equal values of one class are equal, and have one hash."""
        self.assertEqual(Ship(name="A", noticed=1), Ship(name="A", noticed=2))
        self.assertEqual(hash(Ship(name="A", noticed=1)), hash(Ship(name="A", noticed=2)))
        self.assertNotEqual(Ship(name="A"), Ship(name="B"))
        self.assertNotEqual(Ship(name="A"), Ferry(name="A"))
        self.assertEqual(len({Place(1, 2), Place(1, 2), Place(2, 1), Harbour(1, 2)}), 3)
        self.assertEqual((Mark(), {Mark()}), (Mark(), {Mark()}))
        self.assertNotEqual(Mark(), Ship(name="A"))

    def test_identities(self) -> None:
        """Where it is asked for, what is alike is not the same."""
        self.assertNotEqual(Anchor(), Anchor())
        self.assertEqual(len({Anchor(), Anchor()}), 2)

    def test_copies(self) -> None:
        """They are replaced, copied and pickled."""
        ferry = Ferry(name="A", cars=2)
        self.assertEqual(dataclasses.replace(ferry, cars=3), Ferry(name="A", cars=3))
        self.assertEqual(copy.deepcopy(ferry), ferry)
        self.assertEqual(pickle.loads(pickle.dumps(ferry)), ferry)
        self.assertEqual(dataclasses.asdict(Place(1, 2)), {"x": 1, "y": 2})

    def test_shares(self) -> None:
        """Nothing of the class is kept that is not its own, nor the class as it was without slots."""
        for name in ("__setattr__", "__delattr__", "__repr__", "__eq__", "__hash__"):
            self.assertIs(vars(Ship)[name], vars(Ferry)[name])
        before: list[weakref.ref[type]] = []

        def remember(cls: type) -> type:
            before.append(weakref.ref(cls))
            return cls

        @dataclass(frozen=True, slots=True)
        @remember
        class Boat:
            oars: int

        gc.collect()
        self.assertEqual(Boat(2).oars, 2)
        self.assertEqual([one() for one in before], [None])

    def test_othersAreTheirs(self) -> None:
        """What is not frozen is the standard library's own."""
        log = Log()
        log.lines = 2
        self.assertEqual(repr(log), "Log(lines=2)")
