"""C{hactl simulate}: what would happen to this cluster, and what would its users feel of it."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace

from twisted_ha.cli import statuses
from twisted_ha.cli.anywhere import readAnywhere
from twisted_ha.cli.words import safe
from twisted_ha.config import exitStatus
from twisted_ha.config.location import Complaint, Location, Severity
from twisted_ha.errors import ConfigError, HeartbeatError
from twisted_ha.sim.scenario import StoryError, parseStory
from twisted_ha.sim.setup import ORIGINAL
from twisted_ha.sim.storyteller import inventStory
from twisted_ha.whatif import asjson
from twisted_ha.whatif.bench import Bench, benchOf
from twisted_ha.whatif.comparison import compare, comparisonPage
from twisted_ha.whatif.measure import Conditions
from twisted_ha.whatif.nights import Night, nightsPage
from twisted_ha.whatif.outcome import play
from twisted_ha.whatif.page import outcomePage
from twisted_ha.whatif.picture import writePicture
from twisted_ha.whatif.stories import STORIES, NoSuchStory, storyNamed
from twisted_ha.whatif.terminal import ASCII, styleFor
from twisted_ha.whatif.timings import Timing, TimingError, parseTiming, parseTimings
from twisted_ha.whatif.variants import AS_IT_IS, VariantError, parseVariant

__all__ = ["Progress", "benchFor", "simulate"]

_WIDTH = 100
"""Columns where nobody says how wide the terminal is."""


class CommandError(HeartbeatError):
    """The command line does not say what to do; the text says what could be written."""


def simulate(options: argparse.Namespace) -> int:
    """
    Do what the command line says.

    @return: the exit status.
    """
    return guarded(options, _simulate)


def guarded(options: argparse.Namespace, work: Callable[[argparse.Namespace], int]) -> int:
    """
    Do something, with each kind of complaint where and as every command has it.

    @return: the exit status.
    """
    try:
        return work(options)
    except ConfigError as error:
        print(safe(error), file=options.err)
        return exitStatus(error)
    except (CommandError, NoSuchStory, TimingError, VariantError) as error:
        print(f"hactl: {safe(error)}", file=options.err)
        return statuses.USAGE


def _simulate(options: argparse.Namespace) -> int:
    bench, notes = benchFor(options)
    if options.stories:
        print("\n".join(_stories(bench)), file=options.out)
        return statuses.OK
    if options.random is not None and (options.random > 1 or options.tries):
        return _nights(options, bench)
    try:
        title, script, place = _script(options, bench)
        story = (
            inventStory(bench.setup) if options.random is not None else parseStory(script, bench.setup)
        )
    except StoryError as error:
        print(safe(_complaint(error, script, place).render()), file=options.err)
        return statuses.USAGE
    if options.tries:
        return _compare(options, bench, str(story), title)
    outcome = play(bench.setup, story, detail=options.detail)
    if options.plot:
        writePicture(outcome, options.plot, f"{title}: {bench.config.directory}, seed {options.seed}")
    if options.json:
        print(json.dumps(asjson.outcome(outcome, notes), indent=2), file=options.out)
    else:
        style = ASCII if options.ascii else styleFor(getattr(options.out, "encoding", None))
        page = outcomePage(
            outcome, title, notes, width=_width(options), style=style, sentences=not options.quiet
        )
        print(safe(page), file=options.out)
    return statuses.BROKEN if outcome.broken else statuses.OK


def benchFor(options: argparse.Namespace) -> tuple[Bench, tuple[str, ...]]:
    """
    The cluster that the options name, and what is to be said of it.

    @raise ConfigError: its files are wrong.
    @raise TimingError: what was said of its scripts is.
    """
    timings: list[Timing] = []
    if options.timingFile is not None:
        timings += parseTimings(_read(options.timingFile).split("\n"), options.timingFile)
    timings += [parseTiming(text) for text in options.timings]
    config, note = readAnywhere(options.config_dir, options.node)
    bench = benchOf(config, timings, options.seed)
    for name in options.original:
        if name not in config.nodes:
            raise CommandError(
                f'--original: there is no node "{name}"; there are {", ".join(config.nodes)}'
            )
    kinds = dict.fromkeys(options.original, ORIGINAL)
    notes = [note] if note else []
    if config.warnings:
        count = len(config.warnings)
        notes.append(f"hactl check has {count} warning{'s' if count > 1 else ''} about these files")
    notes += bench.notes
    return replace(bench, setup=replace(bench.setup, kinds=kinds)), tuple(notes)


def _read(path: str) -> str:
    if path == "-":
        return sys.stdin.read()
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError as error:
        raise HeartbeatError(f"{path}: it cannot be read: {error.strerror}") from None


def _script(options: argparse.Namespace, bench: Bench) -> tuple[str, str, str]:
    """What happens: for a title, as a script, and where that was written."""
    if options.random is not None:
        return f"random night {options.seed}", "", ""
    if options.story is not None:
        named = storyNamed(options.story)
        return f"{named.name}: {named.summary}", named.tell(bench.setup), f"--story {named.name}"
    if options.file is not None:
        return options.file, _read(options.file), options.file
    if options.script is not None:
        return "your script", options.script, "script"
    raise CommandError(
        'say what happens: a script such as "at 10s cut eth1", -f FILE, --story NAME or --random N;'
        " --stories lists the names"
    )


def _complaint(error: StoryError, script: str, place: str) -> Complaint:
    """What is wrong with a script, as what is wrong with a configuration file is told."""
    start = error.position - 1
    line = script.count("\n", 0, start) + 1
    text = script.split("\n")[line - 1]
    column = start - (script.rfind("\n", 0, start) + 1)
    sentence = text[column:].split(";")[0].split("#")[0].rstrip()
    length = len(sentence)
    at = sentence.find(error.word) if error.word else -1
    if at >= 0:
        column, length = column + at, len(error.word)
    where = Location(file=place, line=line, column=column + 1, length=length, text=text)
    return Complaint(severity=Severity.ERROR, where=where, message=error.reason)


def _stories(bench: Bench) -> Iterable[str]:
    rows = []
    for one in STORIES:
        try:
            script = one.tell(bench.setup)
        except NoSuchStory as error:
            script = f"({str(error).rpartition(': ')[2]})"
        rows.append((one.name, one.summary, script))
    for name, summary, script in rows:
        yield f"{name:<16} {summary}"
        if script:
            yield f"{'':<16}   {safe(script)}"


def _width(options: argparse.Namespace) -> int:
    if options.width is not None:
        return int(options.width)
    return shutil.get_terminal_size((_WIDTH, 24)).columns


def _compare(options: argparse.Namespace, bench: Bench, script: str, title: str) -> int:
    variants = [AS_IT_IS, *(parseVariant(text) for text in options.tries)]
    for variant in variants:
        variant.of(bench.config)  # all complaints before the first long run
    conditions = Conditions(loss=options.loss, burst=options.burst, stall=options.stall)
    with Progress(options) as progress:
        rows = [
            compare(bench, variant, script, conditions, options.seed, progress) for variant in variants
        ]
    if options.json:
        print(json.dumps(asjson.comparison(rows, conditions), indent=2), file=options.out)
    else:
        print(safe(comparisonPage(rows, title, conditions)), file=options.out)
    return statuses.BROKEN if any(row.broken for row in rows) else statuses.OK


def _nights(options: argparse.Namespace, bench: Bench) -> int:
    if options.tries:
        raise CommandError("--try compares one story: write --random 1, and --seed for another night")
    nights: list[Night] = []
    with Progress(options) as progress:
        for seed in range(options.seed, options.seed + options.random):
            progress(f"night {len(nights) + 1} of {options.random}")
            setup = bench.seeded(seed)
            nights.append(Night.of(seed, play(setup, inventStory(setup))))
    if options.json:
        print(json.dumps(asjson.nights(nights), indent=2), file=options.out)
    else:
        print(safe("\n".join(nightsPage(nights))), file=options.out)
    return statuses.BROKEN if any(night.broken for night in nights) else statuses.OK


class Progress:
    """What is being done, on one line of a terminal that is wiped in the end; elsewhere nothing."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._stream = options.err
        self._shown = getattr(options.err, "isatty", lambda: False)() and not options.json

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self._say("")

    def __call__(self, text: str) -> None:
        """Say what is being done now."""
        self._say(text)

    def _say(self, text: str) -> None:
        if self._shown:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()
