"""`make chaos`: the long form of the crash test. With --controls also the three builds with one guard less."""

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos import builds, form, report
from tests.chaos.builds import Build
from tests.chaos.form import Ending, Plan
from tests.chaos.killer import EVERYTHING

SERVICES = {"postgres": 8, "web": 40, "worker": 5, "redis": 3, "beat": 1, EVERYTHING: 2}


def main() -> int:
    """Run it and return the exit status: 0 when nothing was violated, and every control was."""
    options = _parser().parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    print(f"Seed {seed}.", flush=True)
    with _folder() as folder:
        ending = form.run(_plan(options, seed), folder)
    print(report.table(report.rows(ending)), flush=True)
    if ending.faults:
        print(report.shown(ending.faults))
    controls = [(build, _control(build, seed)) for build in builds.BUILDS] if options.controls else []
    green = [build.name for build, one in controls if not build.red <= {fault.kind for fault in one.faults}]
    for name in green:
        print(f"The build {name} did not go red: the test does not see what it is for.")
    if options.report:
        command = f"make chaos ARGS='{' '.join(sys.argv[1:])}'"
        report.write(options.report, command=command, ending=ending, controls=controls)
    return 1 if ending.faults or green else 0


def _control(build: Build, seed: int) -> Ending:
    with _folder() as folder:
        ending = form.run(build.plan(folder, seed=seed), folder, say=lambda _text: None)
    kinds = sorted({fault.kind for fault in ending.faults})
    print(f"Without the guard that {build.guard}: {', '.join(kinds) or 'nothing found'}.", flush=True)
    return ending


def _plan(options: argparse.Namespace, seed: int) -> Plan:
    return Plan(
        clients=options.clients,
        keys=options.keys,
        members=max(2, options.keys // 30),
        kills={victim: getattr(options, victim) for victim in SERVICES},
        seed=seed,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--clients", type=int, default=32, help="processes that drive the API")
    parser.add_argument("--keys", type=int, default=12_000, help="what they ask for in all; three in ten are repeated")
    for victim, count in SERVICES.items():
        parser.add_argument(f"--{victim}", type=int, default=count, help=f"how often {victim} is killed")
    parser.add_argument("--seed", type=int, default=None, help="for all that is left to chance")
    parser.add_argument("--controls", action="store_true", help="also run the builds with one guard taken away")
    parser.add_argument("--report", type=Path, default=None, metavar="FILE", help="write the figures as a page")
    return parser


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="points-mall-journals-") as name:
        folder = Path(name)
        # A build's copy lies in it, and the account that runs PostgreSQL for root must be able to pass.
        folder.chmod(0o711)
        yield folder


if __name__ == "__main__":
    sys.exit(main())
