"""
Who may use the API: the C{apiauth} lines, and the rules that stand for those nobody wrote.

@see: client-api.md section 6.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted_ha.config.model import ApiAuth

__all__ = ["ANYBODY", "Rules"]

ANYBODY = "anon"
"""The rule for casual clients."""

_OTHERS = "default"


class Rules:
    """The rules by client name."""

    def __init__(self, lines: Iterable[ApiAuth]) -> None:
        """@param lines: of a configuration, the built-in ones included."""
        self._rules = {line.client: line for line in lines}

    def refusal(self, name: str | None, uid: int, gid: int) -> str:
        """
        Why a client may not sign on; empty if it may.

        @param name: of a named client; L{None} for a casual one.
        @param uid: effective, as the kernel tells it.
        @param gid: the same; groups it is in besides do not count.
        @return: the original's words.
        """
        if name is None:
            rule = self._rules.get(ANYBODY)
            missing = "apiauth anon missing"
        else:
            rule = self._rules.get(name) or self._rules.get(_OTHERS)
            missing = "no default client auth"
        if rule is None:
            return missing
        if uid in rule.uids or gid in rule.gids:
            return ""
        return "client failed authorization"
