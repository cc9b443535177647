"""
State machines as data: a table from (state, input) to the next state and the actions to perform.

A table is a value.  It decides and does not act: L{Table.step} returns a L{Rule}, and whoever asked
performs its actions.  So a step cannot re-enter, the state can be shown and compared, and the pairs
nobody has thought about can be listed (L{Table.undecided}) and kept empty by a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Generic, TypeVar

from twisted_ha.frozen import dataclass

__all__ = ["Rule", "Table"]

S = TypeVar("S", bound=Enum)
I = TypeVar("I", bound=Enum)  # noqa: E741 - states, inputs, actions: S, I, A
A = TypeVar("A", bound=Enum)


@dataclass(frozen=True, slots=True)
class Rule(Generic[S, A]):
    """
    What one input does in one state.

    @ivar state: the state afterwards.
    @ivar actions: what to do, in this order.
    """

    state: S
    actions: tuple[A, ...] = ()


class Table(Generic[S, I, A]):
    """
    A state machine.

    @ivar name: for people: the heading of its printed form.
    """

    def __init__(
        self,
        name: str,
        states: type[S],
        inputs: type[I],
        rules: Mapping[tuple[S, I], Rule[S, A]],
        ignored: Iterable[tuple[S, I]] = (),
    ) -> None:
        """
        @param ignored: pairs that are meant to change nothing.
        @raise ValueError: a pair is both decided and ignored.
        """
        self.name = name
        self._states = states
        self._inputs = inputs
        self._rules = dict(rules)
        self._ignored = frozenset(ignored)
        both = [pair for pair in self._ignored if pair in self._rules]
        if both:
            raise ValueError(f"{name}: decided and ignored at once: {both}")

    def step(self, state: S, given: I) -> Rule[S, A] | None:
        """
        What C{given} does in C{state}.

        @return: the rule; one that keeps the state and does nothing for an ignored pair; L{None} for
            a pair nobody has decided, which the caller reports as an event.
        """
        rule = self._rules.get((state, given))
        if rule is None and (state, given) in self._ignored:
            return Rule(state)
        return rule

    def undecided(self) -> list[tuple[S, I]]:
        """Every pair that is neither decided nor ignored, in the order of the enums."""
        return [
            (state, given)
            for state in self._states
            for given in self._inputs
            if (state, given) not in self._rules and (state, given) not in self._ignored
        ]

    def unreachable(self, start: S) -> list[S]:
        """The states no sequence of inputs leads to from C{start}."""
        seen = {start}
        todo = [start]
        while todo:
            state = todo.pop()
            for (origin, _), rule in self._rules.items():
                if origin is state and rule.state not in seen:
                    seen.add(rule.state)
                    todo.append(rule.state)
        return [state for state in self._states if state not in seen]

    def render(self) -> str:
        """The table as aligned text, one line a decided pair, for the guide and for the manhole."""
        rows = [
            (
                state.name,
                given.name,
                rule.state.name,
                ", ".join(action.name for action in rule.actions),
            )
            for (state, given), rule in self._rules.items()
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else [0] * 3
        lines = [self.name, "=" * len(self.name)]
        for state, given, after, actions in rows:
            line = f"{state:<{widths[0]}}  {given:<{widths[1]}}  -> {after:<{widths[2]}}  {actions}"
            lines.append(line.rstrip())
        return "\n".join(lines)
