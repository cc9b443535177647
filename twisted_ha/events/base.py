"""What every event is."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar

from twisted.logger import LogLevel

from twisted_ha.frozen import dataclass

__all__ = ["Event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    Something that happened.

    @cvar level: how much it matters to an operator.
    @cvar text: the sentence, formatted with the event's fields by L{render}.
    """

    level: ClassVar[Any] = LogLevel.info
    text: ClassVar[str] = ""

    def render(self) -> str:
        """The sentence people read."""
        shown = {
            name: ", ".join(map(str, value)) if isinstance(value, tuple) else value
            for name, value in self.asDict().items()
        }
        return self.text.format_map(shown)

    def asDict(self) -> dict[str, Any]:
        """The event's own fields, by name, for the log and the API."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
