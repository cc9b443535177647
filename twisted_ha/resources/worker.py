"""
The one place where groups are started and stopped.

Others say which groups should run here (L{GroupWorker.want}); the worker brings each group there, one
operation at a time and one group at a time, stops before starts, in the order of C{haresources}.  Only a
stop does not wait until the start of another group has ended: that one's scripts may hang for minutes,
while the other node serves what is to be stopped here.
A wish may change while an operation is under way: nothing is started twice, no two operations of a group
overlap, and the new wish is reached from wherever the group stands then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_ha.bus import EventBus
from twisted_ha.config.model import ResourceGroup, StopFailure, Tuning
from twisted_ha.errors import AgentError
from twisted_ha.events import GroupFailed, GroupReleaseFailed
from twisted_ha.interfaces import IAgentRegistry, IGuardian
from twisted_ha.operations import GuardedGroup
from twisted_ha.resources.gate import Gate
from twisted_ha.resources.group import GroupRunner, GroupState

__all__ = ["GroupWorker", "backOff"]

FIRST_RETRY = 5.0
"""Seconds before a group that failed is tried again; doubled each time."""

LONGEST_RETRY = 300.0


def backOff(failures: int) -> float:
    """How long to wait after that many failures in a row, in seconds: 5, 10, 20 and up to 300."""
    return float(min(LONGEST_RETRY, FIRST_RETRY * 2 ** max(0, min(failures, 10) - 1)))


class GroupWorker:
    """
    Brings groups where they are wanted.

    @ivar withheld: groups that are not started although they are wanted; see L{withhold}.
    @ivar changed: called after every operation and every wish that is reached; the manager's turn.
    @ivar handleFailure: called with a group that would not start; it answers what follows, in words,
        besides trying again later.
    """

    _log = Logger()

    def __init__(
        self,
        groups: Sequence[ResourceGroup],
        registry: IAgentRegistry,
        clock: IReactorTime,
        bus: EventBus,
        guardian: IGuardian,
        tuning: Tuning,
        gate: Gate,
    ) -> None:
        """@param gate: passed before each operation of a resource begins."""
        self._clock = clock
        self._bus = bus
        self._guardian = guardian
        self._registry = registry
        self._tuning = tuning
        self._gate = gate
        gate.opened = self._pump
        self.runners: dict[str, GroupRunner] = {}
        for group in groups:
            self.runners.setdefault(group.key, self._runner(group))
        self._wanted: dict[str, tuple[bool, bool, str]] = {}
        self._retries: dict[str, IDelayedCall] = {}
        self._starting: GroupRunner | None = None
        self._stopping: GroupRunner | None = None
        self._guarded: tuple[GuardedGroup, ...] = ()
        self._stopped = False
        self.withheld: frozenset[str] = frozenset()
        self._successors: dict[str, ResourceGroup | None] = {}
        self.changed: Callable[[], None] = lambda: None
        self.handleFailure: Callable[[GroupRunner], str | None] = lambda runner: None

    # what others ask

    def want(self, keys: Iterable[str], run: bool, *, handedOver: bool = False, why: str = "") -> None:
        """
        From now on these groups should run here, or not.

        @param handedOver: see L{twisted_ha.interfaces.IResourceAgent.start}.
        @param why: the reason that will stand beside the groups.
        """
        for key in keys:
            runner = self.runners.get(key)
            if runner is None:
                continue
            self._wanted[key] = (run, handedOver, why)
            self._cancelRetry(key)
            if not run:
                if runner is self._starting and runner.state is GroupState.STARTING:
                    runner.abandon()
                elif runner.state is GroupState.FAILED:
                    runner.lost(why)
            elif runner.state is GroupState.FAILED:
                runner.lost(why)
        self._guard()
        self._pump()

    def wants(self, key: str) -> bool:
        """Whether the group, as it is configured at present, should run here."""
        return key not in self._successors and self._wanted.get(key, (False, False, ""))[0]

    def settled(self, keys: Iterable[str] | None = None) -> bool:
        """
        Whether these groups (without C{keys}: all) are where they are wanted, or have failed to get
        there and wait.
        """
        chosen = self.runners if keys is None else keys
        return all(self._reached(self.runners[key]) for key in chosen if key in self.runners)

    def failed(self, keys: Iterable[str]) -> list[GroupRunner]:
        """Those of these groups that would not start or stop."""
        chosen = (self.runners[key] for key in keys if key in self.runners)
        return [one for one in chosen if one.state in (GroupState.FAILED, GroupState.STUCK)]

    def standing(self, keys: Iterable[str]) -> bool:
        """Whether anything of these groups may run here."""
        return any(self._stands(self.runners[key]) for key in keys if key in self.runners)

    @staticmethod
    def _stands(runner: GroupRunner) -> bool:
        if runner.state is GroupState.STARTING:
            return runner.touched
        return runner.state not in (GroupState.STOPPED, GroupState.FAILED)

    def lost(self, keys: Iterable[str], why: str) -> None:
        """These groups were stopped by somebody else and are not wanted here any more."""
        for key in keys:
            runner = self.runners.get(key)
            if runner is None:
                continue
            self._wanted[key] = (False, False, why)
            self._cancelRetry(key)
            if self._isBusy(runner):
                runner.abandon()
            else:
                runner.lost(why)
        self._guard()

    def reconfigure(self, groups: Sequence[ResourceGroup], tuning: Tuning) -> list[str]:
        """
        Other groups from now on.  One that is gone or has changed is stopped as it was before.

        @return: the keys of groups that are new here.
        """
        self._tuning = tuning
        wanted = {group.key: group for group in reversed(groups)}
        for key, runner in self.runners.items():
            if wanted.get(key) != runner.group:
                self._successors[key] = wanted.get(key)
        new = [key for key in wanted if key not in self.runners]
        for group in groups:
            if group.key not in self.runners:
                self.runners[group.key] = self._runner(group)
        for key in list(self._successors):
            if self._isBusy(self.runners[key]):
                self.runners[key].abandon()
            self._succeed(key)
        self._guard()
        self._pump()
        return new

    def _runner(self, group: ResourceGroup) -> GroupRunner:
        return GroupRunner(group, self._registry, self._clock, self._bus, self._gate)

    def _succeed(self, key: str) -> None:
        runner = self.runners[key]
        if self._isBusy(runner) or runner.state not in (GroupState.STOPPED, GroupState.FAILED):
            return
        successor = self._successors.pop(key)
        self._cancelRetry(key)
        if successor is None:
            del self.runners[key]
            self._wanted.pop(key, None)
        else:
            self.runners[key] = self._runner(successor)

    def withhold(self, keys: Iterable[str]) -> None:
        """
        From now on exactly these groups are not started, wanted or not: another node claims them too,
        and it is not decided whose they are.  A start that has not done anything yet is given up.
        """
        withheld = frozenset(keys)
        if withheld != self.withheld:
            self.withheld = withheld
            starting = self._starting
            if starting is not None and starting.group.key in withheld and not self._stands(starting):
                starting.abandon()
            self._pump()

    def suspect(self, keys: Iterable[str], why: str) -> None:
        """These groups may still run here, though nobody wants them to: they are stopped again."""
        for key in keys:
            if key in self.runners:
                self.runners[key].suspect(why)
        self._guard()
        self._pump()

    def announce(self, keys: Iterable[str]) -> None:
        """Tell the neighbours again where the addresses of these groups are."""
        for key in keys:
            if key in self.runners:
                self.runners[key].announce()

    def stop(self) -> None:
        """Begin nothing more.  What is under way ends by itself."""
        self._stopped = True
        for key in list(self._retries):
            self._cancelRetry(key)

    # how it gets there

    def _isBusy(self, runner: GroupRunner) -> bool:
        return runner is self._starting or runner is self._stopping

    def _reached(self, runner: GroupRunner) -> bool:
        if self._isBusy(runner):
            return False
        if self.wants(runner.group.key) and runner.group.key not in self.withheld:
            return runner.state in (GroupState.STARTED, GroupState.FAILED, GroupState.STUCK)
        return runner.state in (GroupState.STOPPED, GroupState.FAILED, GroupState.STUCK)

    def _next(self) -> GroupRunner | None:
        waiting = [
            runner
            for runner in self.runners.values()
            if runner.group.key not in self._retries and not self._isBusy(runner)
        ]
        for runner in waiting:
            if not self.wants(runner.group.key) and runner.state in (
                GroupState.STARTED,
                GroupState.STUCK,
            ):
                return runner
        if self._starting is not None:
            return None
        for runner in waiting:
            if runner.group.key in self.withheld:
                continue
            if self.wants(runner.group.key) and runner.state in (
                GroupState.STOPPED,
                GroupState.FAILED,
                GroupState.STUCK,
            ):
                return runner
        return None

    def _pump(self) -> None:
        if self._stopping is not None or self._stopped or not self._gate.isOpen:
            return
        runner = self._next()
        if runner is None:
            return
        key = runner.group.key
        _, handedOver, why = self._wanted.get(key, (False, False, ""))
        if self.wants(key):
            self._starting = runner
            done = runner.start(handedOver, why)
        else:
            self._stopping = runner
            done = runner.stop("haresources has changed" if key in self._successors else why)
        done.addErrback(self._bug)
        done.addCallback(lambda _: self._ended(runner))

    def _bug(self, failure: Failure) -> None:
        self._log.failure("driving a resource group failed; this is a bug", failure)

    def _ended(self, runner: GroupRunner) -> None:
        if runner is self._starting:
            self._starting = None
        else:
            self._stopping = None
        key = runner.group.key
        if runner.state in (GroupState.STARTING, GroupState.STOPPING):
            runner.lost("an internal error interrupted the operation")  # only after _bug
        if key in self._successors:
            self._succeed(key)
        if runner.state is GroupState.FAILED and self.wants(key):
            self._startFailed(runner)
        elif runner.state is GroupState.STUCK:
            self._stopFailed(runner)
        self._guard()
        self._pump()
        self.changed()

    def _startFailed(self, runner: GroupRunner) -> None:
        culprit, reason = runner.culprit, runner.reason
        wait = backOff(runner.failures)
        self._retryLater(runner.group.key, wait)
        answer = f"trying again in {wait:.0f} s"
        other = self.handleFailure(runner)
        if other is not None:
            answer = f"{other}; otherwise {answer}"
        self._bus.publish(
            GroupFailed(
                group=runner.group.key,
                resource=culprit,
                reason=reason,
                next=answer,
            )
        )

    def _stopFailed(self, runner: GroupRunner) -> None:
        policy = self._tuning.stopFailure
        if policy is StopFailure.IGNORE:
            answer = "taken as stopped (stop_failure ignore)"
        else:
            wait = backOff(runner.failures)
            answer = f"it stays claimed by this node; trying again in {wait:.0f} s"
            self._retryLater(runner.group.key, wait)
        self._bus.publish(
            GroupReleaseFailed(
                group=runner.group.key,
                resource=runner.culprit,
                reason=runner.reason,
                next=answer,
            )
        )
        if policy is StopFailure.IGNORE:
            runner.lost(f"{runner.culprit} did not stop, which this configuration ignores")

    def _retryLater(self, key: str, wait: float) -> None:
        self._cancelRetry(key)
        if not self._stopped:
            self._retries[key] = self._clock.callLater(wait, self._retry, key)

    def _retry(self, key: str) -> None:
        self._retries.pop(key, None)
        self._pump()

    def _cancelRetry(self, key: str) -> None:
        call = self._retries.pop(key, None)
        if call is not None and call.active():
            call.cancel()

    # what the guardian must know

    def _guard(self) -> None:
        guarded: list[GuardedGroup] = []
        for key, runner in self.runners.items():
            if not self.wants(key) and runner.state in (GroupState.STOPPED, GroupState.FAILED):
                continue
            try:
                stops = [agent.emergencyStop() for agent in reversed(runner.agents())]
            except AgentError:
                stops = []
            guarded.append(GuardedGroup(key=key, stops=tuple(s for s in stops if s is not None)))
        if tuple(guarded) != self._guarded:
            self._guarded = tuple(guarded)
            self._guardian.hold(guarded)
