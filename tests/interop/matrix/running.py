"""Telling a case: in this process, or in one of its own so that several go on at a time."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.interop.lab import ConditionNotMet, Lab
from tests.interop.matrix.cases import Case
from tests.interop.matrix.stage import Row, Stage

__all__ = ["Result", "read", "runAll", "tell"]

LIMIT = 900.0
"""Seconds for one case."""
_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Result:
    """
    How a case ended.

    @ivar case: its name.
    @ivar rows: its steps, as far as it came.
    @ivar trouble: why it did not come to its end; empty if it did.
    @ivar seconds: how long it took.
    """

    case: str
    rows: tuple[Row, ...]
    trouble: str = ""
    seconds: float = 0.0
    attempt: int = field(default=1, compare=False)

    @property
    def ok(self) -> bool:
        """It came to its end, and every step ended as it must."""
        return not self.trouble and bool(self.rows) and all(row.ok for row in self.rows)

    def line(self) -> str:
        """As one line of JSON."""
        return json.dumps({**asdict(self), "ok": self.ok})

    @classmethod
    def parse(cls, line: str) -> Result:
        """@raise ValueError: it is not such a line."""
        try:
            values: dict[str, Any] = json.loads(line)
            rows = tuple(Row(**row) for row in values["rows"])
            return cls(
                values["case"], rows, values["trouble"], values["seconds"], values.get("attempt", 1)
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a result: {error}") from error


def tell(case: Case) -> Result:
    """Tell one case here and now.  Whatever happens is a result."""
    began = time.monotonic()
    stage: Stage | None = None
    trouble = ""
    try:
        with Lab(*case.setting.nodes) as lab:
            stage = case.story.stage(lab, case.setting, case.story.deadtime)
            try:
                case.story.tell(stage)
            except ConditionNotMet as failure:
                trouble = str(failure)
            bugs = lab.bugs()
            if bugs and not trouble:
                trouble = "\n".join(bugs)
    except Exception:  # a case that cannot be told has failed, and the next one is told all the same
        trouble = trouble or traceback.format_exc()
    rows = tuple(stage.rows) if stage is not None else ()
    return Result(case.name, rows, trouble, time.monotonic() - began)


def runAll(
    cases: Iterable[Case],
    *,
    jobs: int,
    done: Callable[[Result], None],
    until: float = float("inf"),
    attempts: int = 1,
) -> int:
    """
    Tell cases in processes of their own.

    @param jobs: how many at a time.
    @param done: called with each result.
    @param until: the monotonic time after which no other case is begun.
    @param attempts: how often a case is told that fails; every result is given to C{done}.
    @return: how many were not begun.
    """
    waiting = deque((case, 1) for case in cases)
    running: dict[subprocess.Popen[bytes], tuple[Case, int, float, IO[str]]] = {}
    with contextlib.ExitStack() as files:
        while running or (waiting and time.monotonic() < until):
            while waiting and len(running) < jobs and time.monotonic() < until:
                case, attempt = waiting.popleft()
                # Not a pipe: nobody reads before the end, and a long story would wait for that.
                output = files.enter_context(tempfile.TemporaryFile("w+"))
                process = subprocess.Popen(
                    [sys.executable, "-m", "tests.interop.matrix", "--here", case.name],
                    cwd=_ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
                running[process] = (case, attempt, time.monotonic(), output)
            for process, (case, attempt, began, output) in list(running.items()):
                if process.poll() is None and time.monotonic() - began > LIMIT:
                    process.kill()
                if process.poll() is None:
                    continue
                del running[process]
                output.seek(0)
                result = _collect(
                    output.read(), process.returncode, case, attempt, time.monotonic() - began
                )
                done(result)
                if not result.ok and attempt < attempts:
                    waiting.append((case, attempt + 1))
            time.sleep(0.1)
    return len(waiting)


def _collect(output: str, status: int, case: Case, attempt: int, seconds: float) -> Result:
    for line in output.splitlines():
        try:
            parsed = Result.parse(line)
        except ValueError:
            continue
        return Result(parsed.case, parsed.rows, parsed.trouble, parsed.seconds, attempt)
    trouble = f"the case ended with status {status} and told nothing:\n{output}"
    return Result(case.name, (), trouble, seconds, attempt)


def read(path: Path) -> dict[str, Result]:
    """The last result of each case in a file of them; nothing if there is no such file."""
    found: dict[str, Result] = {}
    if path.exists():
        for line in path.read_text().splitlines():
            result = Result.parse(line)
            found[result.case] = result
    return found
