"""
The time of day decides nothing: a story whose clocks are set is told once more without that, and both
must decide the same at the same instants.
"""

from __future__ import annotations

from itertools import zip_longest

from twisted_ha.sim.invariants import Violation
from twisted_ha.sim.report import Timeline
from twisted_ha.sim.scenario import Story
from twisted_ha.sim.setup import ORIGINAL, Setup
from twisted_ha.sim.simulate import runStory

__all__ = ["WALL_CLOCK", "clockTwin", "decisions", "hasTwin"]

WALL_CLOCK = "the wall clock decides nothing"

SETS = "set clock "
DISKS = ("fill ", "protect ", "tear ", "fail power ")


def hasTwin(setup: Setup, story: Story) -> bool:
    """
    Whether the comparison says anything: clocks are set, and nobody has a reason to look at one.
    Without a generation on disk counting begins at the time of day, and the original compares the times
    in messages.
    """
    texts = [step.text for step in story.steps]
    kinds = {setup.kindOf(node) for node in setup.config.nodes}
    return (
        any(text.startswith(SETS) for text in texts)
        and not any(text.startswith(DISKS) for text in texts)
        and ORIGINAL not in kinds
    )


def clockTwin(setup: Setup, story: Story, told: Timeline) -> Violation | None:
    """
    Tell C{story} without the setting of clocks.

    @param told: how it went with it.
    @return: where the two part, if they do.
    """
    sets = [step for step in story.steps if step.text.startswith(SETS)]
    other = decisions(runStory(setup, story.without(sets), invariants=()))
    nothing = (told.seconds, "", "nothing more")
    for one, twin in zip_longest(decisions(told), other, fillvalue=nothing):
        if one != twin:
            at, node, text = one
            wrong = (
                f"{node or 'the world'}: {text}; with true clocks at {twin[0]:.3f} {twin[1]}: {twin[2]}"
            )
            return Violation(invariant=WALL_CLOCK, at=at, text=wrong, culprit=node)
    return None


def decisions(timeline: Timeline) -> list[tuple[float, str, str]]:
    """
    Everything but the setting of clocks, and generations, which may begin at the time of day.

    Nor what a damaged frame is refused for: that depends on its bytes, and the time of day is in them.
    """
    return [
        (line.at, line.node, line.text)
        for line in timeline.lines
        if not line.text.startswith((f"* {SETS}", "daemon ", "refused a packet "))
    ]
