"""One installation for many seeds: `python -m tests.faults.lane FOLDER files|s3 RESULTS KINDS ACTS SEED…`."""

from __future__ import annotations

import json
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from tests.faults.installation import Installation
from tests.faults.pace import PACE

STILL_SECONDS = 300  # without progress for so long, it will not recover
# What happens meanwhile: the acts of practices, and those of patients.
CASES = {"all": (2, 1), "patients": (0, 3)}
# An email and an SMS for each worker whose record a fault may prevent.
IN_FLIGHT = {"worker": 2, "database": 4, "power": 4}
T = TypeVar("T")


def main() -> None:
    folder, storage, results, kinds, acts, *seeds = sys.argv[1:]
    # Ends all parts. Not SystemExit, by which fsck reports faults.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    installation = Installation(Path(folder), on_s3=storage == "s3")
    try:
        installation.start()
        import django

        django.setup()
        lane = Lane(installation, Path(results), [kind.strip() for kind in kinds.split(",") if kind.strip()], acts)
        for seed in seeds:
            lane.run(int(seed))
    finally:
        installation.stop()


class Lane:
    def __init__(self, installation: Installation, results: Path, kinds: list[str], acts: str) -> None:
        from django.core.management import call_command

        from tests.faults.practice import open_practice
        from tests.faults.verdict import Taken

        self.installation = installation
        self.results = results
        self.kinds = kinds
        self.acts = acts
        call_command("migrate", verbosity=0)
        self.world = open_practice(installation.bases, installation.texts, scans="clamd" in installation.parts)
        installation.start_site()
        self.taken = Taken(installation.taken)

    def run(self, seed: int) -> None:
        """Run one scenario, and record its result in any case."""
        from tests.faults import strikes

        chance = random.Random(seed)
        planned = strikes.plan(chance, strikes.kinds_of(self.installation, self.kinds), PACE)
        result: dict[str, Any] = {"seed": seed, "strikes": [one.kind for one in planned]}
        began, wronged = time.monotonic(), self.installation.wronged()
        try:
            cases = self._cases(seed)
            self._live_through(cases, planned, chance)
            struck = time.monotonic()
            self._recover()
            result |= {"recovery": round(time.monotonic() - struck), **self._judge(cases)}
            allowed = sum(IN_FLIGHT.get(one.kind.split()[0], 0) for one in planned)
            if result["twice"] > allowed:
                result["faults"].append(
                    f"{result['twice']} messages were sent twice, {allowed} may have been in flight"
                )
            self._forget(cases)
        except Exception as error:  # whatever it is, the other seeds continue
            traceback.print_exc()
            result |= {"faults": [f"{type(error).__name__}: {error}"]}
        result |= {
            "seconds": round(time.monotonic() - began),
            "retries": self.world.retries,
            "calls": self.world.calls,
            "wronged": self.installation.wronged() - wronged,
        }
        self.world.retries = self.world.calls = 0
        with self.results.open("a") as lines:
            lines.write(json.dumps(result) + "\n")
        print(json.dumps(result), flush=True)

    def _cases(self, seed: int) -> list[Any]:
        from tests.faults.actors import Case
        from tests.faults.patients import PatientCase
        from tests.faults.practice import open_account

        of_practices, of_patients = CASES[self.acts]
        chances = [random.Random(f"{seed}/{number}") for number in range(of_practices + of_patients)]
        cases = [
            Case(f"S{seed}-{number}", self.world, chance) for number, chance in enumerate(chances[:of_practices])
        ]
        for number, chance in enumerate(chances[of_practices:], of_practices):
            name, mobile = f"S{seed}-{number}", f"+3361{chance.randrange(10**7):07}"
            account = patiently(partial(open_account, name, mobile))
            cases.append(PatientCase(name, self.world, chance, account=account))
        return cases

    def _live_through(self, cases: list[Any], planned: list[Any], chance: random.Random) -> None:
        from tests.faults.strikes import KINDS

        began = time.monotonic()

        def strike(one: Any) -> None:
            time.sleep(max(0, began + one.at - time.monotonic()))
            with KINDS[one.kind](self.installation, chance):
                time.sleep(one.seconds)

        threads = [threading.Thread(target=case.run, daemon=True) for case in cases]
        threads += [threading.Thread(target=strike, args=(one,), daemon=True) for one in planned]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _recover(self) -> None:
        """Wait until nothing is in progress. The limit is on lack of progress: a busy machine may take longer."""
        from django.db import connection

        from tests.faults.verdict import unfinished

        connection.close()  # a fault may have cut it
        seen: object = None
        moved = time.monotonic()
        while True:
            left = patiently(unfinished)
            if left[:2] == (0, 0) and self.installation.ready():
                return
            if left != seen:
                seen, moved = left, time.monotonic()
            if time.monotonic() - moved > STILL_SECONDS:
                raise TimeoutError(f"no recovery: {left} (automatic, messages, and their attempts)")
            time.sleep(0.5)

    def _judge(self, cases: list[Any]) -> dict[str, Any]:
        from tests.faults.verdict import faults_of, fsck

        twice = self.taken.read()
        faults = list(faults_of(cases, self.taken))
        lines, orphans = fsck()
        return {"faults": faults + [f"fsck: {line}" for line in lines], "twice": twice, "orphans": orphans,
                "shares": sum(len(case.shares) for case in cases), **self._acts(cases)}  # fmt: skip

    @staticmethod
    def _acts(cases: list[Any]) -> dict[str, int]:
        from tests.faults.patients import PatientCase

        patients = [case for case in cases if isinstance(case, PatientCase)]
        return {
            "sent": sum(len(case.sent) for case in patients),
            "answered": sum(len(case.answers) for case in patients),
            "consents": sum(state != "asked" for case in patients for state in case.consents.values()),
        }

    def _forget(self, cases: list[Any]) -> None:
        """Delete the cases, so that the next fsck checks its own seed only."""
        from accounts.models import User
        from appointments.booking import delete
        from appointments.models import Appointment

        secretary = User.objects.get(email="secretariat@lilas.example")
        for appointment in Appointment.objects.filter(patient__last_name__in=[case.number for case in cases]):
            delete(appointment=appointment, by=secretary)


def patiently(ask: Callable[[], T]) -> T:
    """Repeat while the database is starting."""
    from django.db import DatabaseError, InterfaceError, connection

    for _ in range(100):
        try:
            return ask()
        except (DatabaseError, InterfaceError):
            connection.close()
            time.sleep(0.5)
    return ask()


if __name__ == "__main__":
    main()
