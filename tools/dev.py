"""The one entry for people and CI.

    python tools/dev.py setup             make .venv and install the pinned versions
    python tools/dev.py demo  [args ...]  set up, then train the mock engine's agents for about a minute
    python tools/dev.py test  [args ...]  set up, then the tests but the slow ones; arguments go to pytest
    python tools/dev.py check [args ...]  set up, then format, lint, types, and all tests; arguments go to pytest
    python tools/dev.py bench [args ...]  set up, then the benches, all or one; `bench --help` lists them,
                                          `bench compare A.json B.json` shows what changed between two runs
    python tools/dev.py profile [args ..] set up, then show where a second goes, in the game and in the trainer

Needs nothing but Python 3.11 or later and a way to PyPI. On Linux, PyPI's torch brings CUDA libraries of several GB;
PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu in the environment takes the small one instead.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
CONSTRAINTS = ROOT / "tools" / "constraints.txt"
STAMP = VENV / "installed.sha256"
LOG = VENV / "setup.log"
MINIMUM_PYTHON = (3, 11)
EXTRAS = ".[trainer,watch,export,gymnasium,exchange,bench,dev]"
TYPED = ("host_sdk", "protocol", "tools", "trainer_process")

# Several pools of threads on a few cores fight each other; a test is quicker and steadier with one.
WORKERS = ("--numprocesses", str(min(4, (os.cpu_count() or 1) + 1)), "--dist", "worksteal")
"""Of the tests, one more than there are cores: many of them wait for processes, and hold none."""

ALONE = "tests/alone"
"""Tests whose trainers have a low priority, and get no time beside others."""

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


class DevError(Exception):
    """A step failed; the message says which, where its output is and what to do."""


def say(text: str) -> None:
    """Prints one line at once, also into a pipe."""
    print(f"[dev] {text}", flush=True)


def environment(**extra: str) -> dict[str, str]:
    """The environment of every child: this one, without what would lead Python to other packages."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH")}
    return {**kept, "PYTHONUTF8": "1", **extra}


def run(*command: str | Path, **extra: str) -> int:
    """Runs a command in the project's root with the terminal as its own; returns its exit status.

    Ctrl-C reaches the child as well, which then ends as it likes; this only waits for it.
    """
    arguments = [str(part) for part in command]
    with subprocess.Popen(arguments, cwd=ROOT, env=environment(**extra)) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue


def run_logged(step: str, remedy: str, *command: str | Path) -> None:
    """Runs a step of the set-up with its output in the log.

    Raises:
        DevError: when the step fails, with the end of its output.
    """
    say(step)
    started = time.perf_counter()
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if VENV.is_dir():
        LOG.write_text(done.stdout, encoding="utf-8")
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-20:])
        raise DevError(f"{tail}\n{step}: failed with exit status {done.returncode}. {remedy}")
    say(f"  done in {time.perf_counter() - started:.0f} s")


def venv_works() -> bool:
    """Whether .venv has a Python that starts and is new enough; it may be gone since its base was updated."""
    if not PYTHON.exists():
        return False
    probe = f"import sys; sys.exit(sys.version_info < {MINIMUM_PYTHON})"
    try:
        return subprocess.run([str(PYTHON), "-c", probe], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def wanted_stamp() -> str:
    """A hash of all that the installed packages follow from, the place of the checkout included."""
    digest = hashlib.sha256(str(ROOT).encode())
    for path in (ROOT / "pyproject.toml", CONSTRAINTS):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def setup() -> None:
    """Makes .venv with the running interpreter and installs into it what is not there yet.

    Raises:
        DevError: when the environment can't be made or a package can't be installed.
    """
    stamp = wanted_stamp()
    works = venv_works()
    if works and STAMP.exists() and STAMP.read_text(encoding="utf-8").strip() == stamp:
        say(".venv is up to date")
        return
    if not works:
        version = ".".join(map(str, sys.version_info[:3]))
        remedy = "On Debian and Ubuntu, install the package python3-venv."
        run_logged(f"making .venv with Python {version}", remedy, sys.executable, "-m", "venv", "--clear", VENV)
    run_logged(
        "installing pinned packages (torch is large: the first time takes minutes)",
        f"The whole output is in {LOG}; check the way to PyPI, then run this again.",
        *(PYTHON, "-m", "pip", "install", "--disable-pip-version-check"),
        *("-c", CONSTRAINTS, "-e", EXTRAS),
    )
    STAMP.write_text(stamp + "\n", encoding="utf-8")


def demo(arguments: list[str]) -> int:
    """Trains the mock engine's agents."""
    return run(BIN / ("learning-bridge.exe" if os.name == "nt" else "learning-bridge"), "demo", *arguments)


def test(arguments: list[str]) -> int:
    """Runs the tests that take seconds: side by side, and then those that starve beside others."""
    say("pytest")
    quick = (PYTHON, "-m", "pytest", "-m", "not slow")
    if arguments:
        return run(*quick, *WORKERS, *arguments, **ONE_THREAD)
    beside = run(*quick, *WORKERS, f"--ignore={ALONE}", **ONE_THREAD)
    return run(*quick, ALONE, **ONE_THREAD) or beside


def check(arguments: list[str]) -> int:
    """Runs everything that a change must pass, every step even after a failed one. Import rules are tests."""
    steps: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("ruff format --check", ("ruff", "format", "--check", "--quiet", ".")),
        ("ruff check", ("ruff", "check", "--quiet", ".")),
        ("mypy --strict", ("mypy", "--strict", *(part for name in TYPED for part in ("-p", name)))),
        ("pytest, slow tests too", ("pytest", *WORKERS, *arguments)),
    )
    failed = []
    for name, command in steps:
        say(name)
        if run(PYTHON, "-m", *command, **ONE_THREAD) != 0:
            failed.append(name)
    say(f"failed: {'; '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def bench(arguments: list[str]) -> int:
    """Measures; each bench sets the threads of what it starts."""
    return run(PYTHON, "-m", "tools.bench", *arguments)


def profile(arguments: list[str]) -> int:
    """Looks into a game and its trainer while they run, each on one thread as a user's."""
    return run(PYTHON, "-m", "tools.bench.profile", *arguments, **ONE_THREAD)


COMMANDS = {"bench": bench, "check": check, "demo": demo, "profile": profile, "test": test}


def main(arguments: list[str]) -> int:
    """Runs one command; returns the exit status."""
    if sys.version_info < MINIMUM_PYTHON:
        running = ".".join(map(str, sys.version_info[:3]))
        print(f"learning-bridge needs Python 3.11 or later; this is {running} ({sys.executable})", file=sys.stderr)
        return 2
    command = arguments[0] if arguments else ""
    if command in ("-h", "--help"):
        print(__doc__)
        return 0
    if command not in COMMANDS and command != "setup":
        print(f"expected one of setup, {', '.join(COMMANDS)}; got {command!r}\n\n{__doc__}", file=sys.stderr)
        return 2
    try:
        setup()
    except DevError as error:
        print(error, file=sys.stderr)
        return 1
    return COMMANDS[command](arguments[1:]) if command in COMMANDS else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
