"""`python3 -m launcher …`. Runs on old Pythons as far as finding a newer one."""

import importlib
import sys

from launcher import interpreter
from launcher.errors import LaunchError


def start() -> int:
    """Run the launcher on a Python that fits and return its exit status."""
    try:
        if interpreter.is_too_old(tuple(sys.version_info[:2])):
            interpreter.switch(sys.argv[1:])
        # Imported by name and only now: an old Python could not even read it.
        status: int = importlib.import_module("launcher.cli").main(sys.argv[1:])
    except LaunchError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(f"\nThis user has no right to {error.filename}. Use a copy of your own.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    return status


if __name__ == "__main__":
    sys.exit(start())
