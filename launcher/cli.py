"""The launcher's commands. `make help` shows the everyday ones."""

import argparse
import os
import shutil
from collections.abc import Callable, Sequence

from launcher import environment, files, place, product, secret_file, throwaway
from launcher.errors import LaunchError
from launcher.paths import Paths
from launcher.terminal import say


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status. Raises LaunchError with what a person must do."""
    options = _parser().parse_args(arguments)
    paths = Paths.here()
    if options.dev is not None:
        environment.ensure(paths, dev=options.dev)
        if not environment.is_inside(paths):
            os.chdir(paths.repo)
            os.execv(paths.python, [str(paths.python), "-m", "launcher", *arguments])
    words = getattr(options, "words", [])
    if words[:1] == ["--"]:
        words = words[1:]
    if options.takes_words and not words:
        raise LaunchError(f"`launcher {options.name}` needs a command: python3 -m launcher {options.name} -- …")
    action: Callable[[Paths, list[str]], int] = options.action
    return action(paths, words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m launcher", description=__doc__)
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")

    def add(name: str, text: str, action: Callable[[Paths, list[str]], int], *, dev: bool | None, words: bool) -> None:
        command = commands.add_parser(name, help=text)
        # dev: which packages the command needs; None for none at all.
        command.set_defaults(action=action, dev=dev, takes_words=words)
        if words:
            command.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND …")

    add("up", "run everything until Ctrl-C", lambda paths, _: product.up(paths), dev=False, words=False)
    add("down", "stop what runs", lambda paths, _: product.down(paths), dev=None, words=False)
    add("status", "say what runs", lambda paths, _: product.status(paths), dev=None, words=False)
    add("run", "run a command beside the whole product", _run_whole, dev=False, words=True)
    add("servers", "run a command with this copy's servers", _run_on_servers, dev=False, words=True)
    add("throwaway", "run a command with throw-away servers", throwaway.run, dev=True, words=True)
    add("install", "install what the product needs", lambda *_: 0, dev=False, words=False)
    add("install-dev", "install what developing it needs", lambda *_: 0, dev=True, words=False)
    add("clean-data", "delete this copy's data", lambda paths, _: _clean_data(paths), dev=None, words=False)
    return parser


def _run_whole(paths: Paths, words: list[str]) -> int:
    return product.run(paths, words, whole=True)


def _run_on_servers(paths: Paths, words: list[str]) -> int:
    return product.run(paths, words, whole=False)


def _clean_data(paths: Paths) -> int:
    paths.make_folders()
    with files.lock(paths.run / "up.lock", wait=False) as held:
        if held is None:
            raise LaunchError("The points mall runs in this copy. Stop it first with `make down`.")
        if paths.secrets.exists() and os.geteuid() == 0:
            shutil.rmtree(place.outside_folder(paths, secret_file.load(paths)), ignore_errors=True)
        shutil.rmtree(paths.var)
    say("The data of this copy is deleted.")
    return 0
