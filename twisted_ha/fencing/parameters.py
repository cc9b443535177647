"""What stands behind the type of a device in C{ha.cf}, and how it is kept out of every log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from twisted_ha.errors import FencingError
from twisted_ha.operations import Completed

__all__ = ["Settings", "assign", "ending", "hostsIn", "secretsOf", "wordsIn"]

_SHORT = 4
_LONGEST = 200


class Settings(dict[str, str]):
    """An environment with passwords in it: shows its names only."""

    def __repr__(self) -> str:
        return f"<{len(self)} variables>"

    __str__ = __repr__


def wordsIn(output: bytes) -> tuple[str, ...]:
    """The words a device's script answered with, each once."""
    return tuple(dict.fromkeys(output.decode("utf-8", "surrogateescape").split()))


def hostsIn(text: str) -> frozenset[str]:
    """The nodes of a list of hosts, lower-case as nodes are here; blanks or commas part them."""
    return frozenset(text.lower().replace(",", " ").split())


def assign(names: Sequence[str], words: Sequence[str]) -> Settings:
    """
    Give each parameter of a device its value.

    The words stand in the order of C{names}, and the last one takes the rest of the line
    (resource-management.md section 3.12).  Or each is C{NAME=value} with a name of the device, and one
    without C{=} goes on with the value before it; then what is not named is left out.

    @raise FencingError: they do not fit; never says a value.
    """
    if words and words[0].partition("=")[0] in names and "=" in words[0]:
        return _named(names, words)
    if len(words) < len(names):
        raise FencingError(
            f"it needs {len(names)} parameters ({' '.join(names)}), and ha.cf gives {len(words)}:"
            " write them in this order, or as NAME=value"
        )
    if words and not names:
        raise FencingError(f"it takes no parameters, and ha.cf gives {len(words)}: delete them")
    last = len(names) - 1
    return Settings(
        {
            name: " ".join(words[place:]) if place == last else words[place]
            for place, name in enumerate(names)
        }
    )


def _named(names: Sequence[str], words: Sequence[str]) -> Settings:
    values = Settings()
    current = ""
    for place, word in enumerate(words, 1):
        name, equals, value = word.partition("=")
        if not equals:
            values[current] += f" {word}"
        elif name in names:
            current = name
            values[name] = value
        else:
            raise FencingError(
                f"word {place} of its parameters names none that it knows; they are {' '.join(names)}"
            )
    return values


def ending(completed: Completed, secrets: Iterable[str]) -> str:
    """
    How a device's script ended, with its last words: C{"exit status 2: no such outlet"}.

    @param secrets: what must not be read there; it becomes C{***}.
    """
    if completed.timedOut:
        how = f"no end after {completed.seconds:.1f} s, stopped by force"
    elif completed.signal is not None:
        how = f"ended by signal {completed.signal}"
    elif completed.status is None:
        how = "could not be run"
    else:
        how = f"exit status {completed.status}"
    words = _lastLine(completed, sorted(secrets, key=len, reverse=True))
    return f"{how}: {words}" if words else how


def _lastLine(completed: Completed, secrets: Sequence[str]) -> str:
    for stream in (completed.errors, completed.output):
        # Hidden before it is cut, so that no half of a password is left at the edge.
        for line in reversed(stream.decode("utf-8", "surrogateescape").splitlines()):
            if line.strip():
                hidden = _hide(line, secrets)
                shown = "".join(letter if letter.isprintable() else " " for letter in hidden)
                return shown.strip()[-_LONGEST:]
    return ""


def _hide(line: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        if len(secret) >= _SHORT:
            line = line.replace(secret, "***")
        elif secret:
            # A value of one or two letters would otherwise make every word unreadable.
            line = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", line)
    return line


def secretsOf(values: Iterable[str], harmless: Iterable[str]) -> frozenset[str]:
    """
    What must not be read in a log: the values, and their words.

    @param harmless: words that stand in C{ha.cf} for everybody to read, as the nodes' names.
    """
    known = {word.lower() for word in harmless}
    found: set[str] = set()
    for value in values:
        found.update((value, *value.split()))
    return frozenset(secret for secret in found if secret and secret.lower() not in known)
