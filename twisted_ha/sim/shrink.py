"""Make a failing story short: the fewest sentences, the roundest times, that still fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from twisted_ha.sim.scenario import Step, Story

__all__ = ["shrink"]


def shrink(story: Story, fails: Callable[[Story], bool], budget: int = 300) -> Story:
    """
    The shortest story found that still fails.

    Sentences are left out by halves, quarters and so on, then one by one; then times are rounded.

    @param fails: runs a story; whether it fails in the way that matters.
    @param budget: how many stories may be run.
    """
    left = [budget]

    def still(candidate: Story) -> bool:
        if left[0] <= 0:
            return False
        left[0] -= 1
        return fails(candidate)

    story = _fewer(story, still)
    story = _rounder(story, still)
    return _fewer(story, still)


def _fewer(story: Story, still: Callable[[Story], bool]) -> Story:
    size = max(1, len(story.steps) // 2)
    while True:
        place = 0
        removed = False
        while place < len(story.steps):
            candidate = story.without(story.steps[place : place + size])
            if candidate.steps != story.steps and still(candidate):
                story = candidate
                removed = True
            else:
                place += size
        if size > 1:
            size //= 2
        elif not removed:
            return story


def _rounder(story: Story, still: Callable[[Story], bool]) -> Story:
    for place in range(len(story.steps)):
        step = story.steps[place]
        for digits in (-1, 0, 1):
            at = max(0.0, round(step.at, digits))
            if at == step.at:
                break
            candidate = _with(story, place, replace(step, at=at))
            if still(candidate):
                story = candidate
                break
    return story


def _with(story: Story, place: int, step: Step) -> Story:
    steps = [*story.steps[:place], step, *story.steps[place + 1 :]]
    return replace(story, steps=tuple(sorted(steps, key=lambda one: one.at)))
