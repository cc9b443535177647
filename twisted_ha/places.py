"""Where one daemon reads and writes."""

from __future__ import annotations

from twisted_ha.frozen import dataclass

__all__ = ["Places"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """
    Directories and sockets.

    @ivar config: C{ha.cf}, C{authkeys}, C{haresources} and the scripts.
    @ivar state: what outlives the machine: generation and identity.
    @ivar run: what does not: sockets, the guardian's note.
    @ivar api: the path of the API's socket; L{None} for none.
    @ivar manhole: the path of the manhole's socket; L{None} for none.
    """

    config: str
    state: str
    run: str
    api: str | None = None
    manhole: str | None = None
