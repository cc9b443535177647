"""One simulation as a page for people: sentences, a drawing, and what the users would have felt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from twisted_ha.sim.report import Line
from twisted_ha.whatif.columns import columns
from twisted_ha.whatif.felt import Felt, Silence
from twisted_ha.whatif.outcome import Outcome
from twisted_ha.whatif.terminal import Style, draw

__all__ = ["lasting", "outcomePage"]

MOST = 6
"""Silences of one group that are told one by one."""


def outcomePage(
    outcome: Outcome,
    title: str,
    notes: Iterable[str],
    *,
    width: int,
    style: Style,
    sentences: bool = True,
) -> str:
    """
    What C{hactl simulate} shows.

    @param width: columns of the drawing.
    @param sentences: tell what happened, and not only what it came to.
    """
    timeline = outcome.timeline
    parts = [f"{title} (seed {timeline.seed}, {timeline.seconds:.0f} s simulated)"]
    for note in notes:
        parts += _folded(f"note: {note}", width)
    parts += [
        f"  {number:>2}  at {at:.1f} s: {text}" for number, (at, text) in enumerate(outcome.deeds, 1)
    ]
    if sentences:
        parts += ["", *_told(outcome.lines)]
    parts += ["", *draw(outcome, width, style)]
    if outcome.felt:
        parts += ["", "What the users felt", *_felt(outcome.felt, width)]
    parts += ["", *_verdict(outcome)]
    return "\n".join(parts)


def _told(lines: Sequence[Line]) -> Iterator[str]:
    margin = max((len(line.node) for line in lines), default=0)
    for line in lines:
        yield f"{line.at:10.3f}  {line.node:<{margin}}  {line.text}".rstrip()


def lasting(seconds: float) -> str:
    """How long something lasted: C{none}, C{80 ms}, C{28.3 s}."""
    if seconds <= 0:
        return "none"
    if seconds < 0.9995:
        return f"{max(1, round(seconds * 1000))} ms"
    return f"{seconds:.1f} s" if seconds < 600 else f"{seconds / 60:.1f} min"


def _folded(text: str, width: int) -> Iterable[str]:
    """A long sentence over several lines; nothing in it is broken apart."""
    return wrap(
        text,
        max(width, 40),
        initial_indent="  ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _felt(every: Sequence[Felt], width: int) -> Iterator[str]:
    rows = [("GROUP", "WITHOUT AN OWNER", "LONGEST", "TWO OWNERS", "IN THE END")]
    for felt in every:
        longest = felt.longest
        rows.append(
            (
                felt.group,
                lasting(felt.silent) if felt.first is not None else "always",
                lasting(longest.seconds if longest else 0.0),
                lasting(felt.doubled),
                " and ".join(felt.owners) or "nobody",
            )
        )
    yield from columns(rows, "  ")
    for felt in every:
        for text in (
            *_spans(felt.group, "nobody", felt.silences),
            *_spans(felt.group, "two owners", felt.doubles),
        ):
            yield from _folded(text, width)


def _spans(group: str, what: str, spans: Sequence[Silence]) -> Iterator[str]:
    for one in sorted(spans, key=lambda one: -one.seconds)[:MOST]:
        until = "" if one.over else " and longer"
        yield f"{group}: {what} for {lasting(one.seconds)}{until} from {one.begin:.2f} s: {one.why}"
    if len(spans) > MOST:
        yield f"{group}: {what} {len(spans) - MOST} times more, each shorter"


def _verdict(outcome: Outcome) -> Iterator[str]:
    timeline = outcome.timeline
    if outcome.broken:
        yield "Something happened that must never happen; please report it with these files:"
        yield from (f"  {violation}" for violation in timeline.violations)
        yield f"  script: {timeline.story}"
        return
    bound = sum(1 for count in timeline.counts if count.premises)
    yield (
        f"Nothing happened that must never happen: {bound} of {len(timeline.counts)} invariants had"
        " something to watch, and all held."
    )
