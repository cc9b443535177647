"""What happens, told as it happens, with the times the service's user measured."""

from __future__ import annotations

from tests.demo.stage import DEADTIME, KEEPALIVE, Stage
from tests.interop.lab.waiting import ConditionNotMet, now, waitFor

__all__ = ["Story"]

_WHOLE = {("local", "local"), ("all", "none"), ("none", "all")}
"""What alpha and beta hold when both are at rest and agree."""
_OTHER = {"alpha": "beta", "beta": "alpha"}


class Story:
    """One performance on one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def tell(self) -> None:
        """
        Everything, in order.

        @raise ConditionNotMet: something did not happen.
        """
        stage = self._stage
        print(f"Two nodes, alpha and beta, {stage.place}.")
        print(f"Keepalive {KEEPALIVE * 1000:.0f} ms, deadtime {DEADTIME * 1000:.0f} ms.", end=" ")
        print(f"A client asks {stage.service} every 2 ms.\n")
        self._client = stage.client()
        self._began = now()
        try:
            self._form()
            self._plan("alpha")
            self._kill("beta")
            self._lose("alpha")
            if stage.cables:
                self._part()
                self._isolate("alpha")
        except ConditionNotMet:
            for name in _OTHER:
                print(f"\n--- the end of {name}'s log\n{stage.log(name)}")
            raise
        finally:
            self._client.stop()
        print("\nThat is all.  What a client can notice is one number: how long nobody answered.")

    # The chapters

    def _form(self) -> None:
        started = max(self._stage.start(name) for name in _OTHER)
        self._say(started, "both nodes are switched on")
        answer = self._client.expect("alpha", 30.0, started)
        self._settle()
        self._say(answer.answered, f"alpha serves, {answer.answered - started:.2f} s after the start")

    def _plan(self, giver: str) -> None:
        asked = self._stage.standby(giver)
        self._say(asked, f"{giver} is asked to hand over")
        self._moved(asked, _OTHER[giver])

    def _kill(self, victim: str) -> None:
        killed = self._stage.kill(victim)
        self._say(killed, f"{victim}'s daemon is killed (SIGKILL); its guardian releases the service")
        self._moved(killed, _OTHER[victim])
        self._return(victim)

    def _lose(self, victim: str) -> None:
        lost = self._stage.lose(victim)
        self._say(lost, f"{victim} loses power")
        self._moved(lost, _OTHER[victim])
        self._return(victim)

    def _part(self) -> None:
        parted = self._stage.part()
        self._say(parted, "the cable between the nodes is cut; their users still reach both")
        waitFor("each thinks the other dead", self._eachAlone, 15.0)
        self._say(now(), "each thinks the other dead; the address still answers, so nobody doubles it")
        self._say(self._stage.mend(), "the cable is mended")
        self._whole(parted)

    def _isolate(self, victim: str) -> None:
        cut = self._stage.isolate(victim)
        self._say(cut, f"all cables of {victim} are cut; it lives on and knows nothing")
        self._moved(cut, _OTHER[victim])
        mended = self._stage.mend()
        self._say(mended, "the cables are mended: two nodes have the address, one must give it up")
        self._whole(mended)

    def _return(self, name: str) -> None:
        returned = self._stage.start(name)
        self._say(returned, f"{name} comes back")
        self._whole(returned)

    def _whole(self, since: float) -> None:
        """Wait until both nodes are at rest, and say what the client heard meanwhile."""
        self._settle()
        settled = now()
        answer = self._client.expectAny(5.0)
        silence = self._client.longestSilence(since)
        self._say(
            settled,
            f"the cluster is whole, {answer.machine} serves; longest silence {_ms(silence.seconds)}",
        )

    # Watching

    def _moved(self, since: float, to: str) -> None:
        answer = self._client.expect(to, 15.0, since)
        silence = self._client.longestSilence(since)
        self._say(answer.answered, f"{to} serves; nobody answered for {_ms(silence.seconds)}")
        waitFor(f"{to} is settled", lambda: self._stage.holdings(to) in ("local", "all"), 15.0)

    def _settle(self) -> None:
        def settled() -> bool:
            return tuple(self._stage.holdings(name) for name in _OTHER) in _WHOLE

        waitFor("both nodes are settled", settled, 30.0, 0.1)

    def _eachAlone(self) -> bool:
        return all(self._stage.holdings(name) == "all" for name in _OTHER)

    def _say(self, when: float, what: str) -> None:
        print(f"  {when - self._began:7.3f} s  {what}", flush=True)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
