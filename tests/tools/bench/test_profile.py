"""Where a second goes: stacks sampled, and named by phases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import PACKAGES, source_files
from tools.bench.options import ROOT
from tools.bench.profile import report
from tools.bench.profile_phase import PHASES, REST, leaf_counts, phase_counts, phase_of
from tools.bench.sampler import Samples, own_stack, read, write

LOOP = "host_sdk.ppo_trainer:PPOTrainer.run_training"
RUN = ("host_sdk.policy:Policy.evaluate_policy", "host_sdk.inference.network:NumpyNetwork.run")
BUSY = """
import sys, time
from pathlib import Path
from tools.bench.sampler import Sampler
def busy_with_it():
    sum(range(100))
sampler = Sampler(Path(sys.argv[1]))
sampler._look(sys._getframe())
sampler.start()
while not any("busy_with_it" in stack[-1] for stack in sampler.samples().stacks.get("MainThread", {}) if stack):
    busy_with_it()
while not Path(sys.argv[1]).exists():
    busy_with_it()
sampler.stop()
"""


def test_the_main_thread_is_found_where_it_is(tmp_path: Path) -> None:
    program = tmp_path / "host_sdk.py"  # a name by which its functions count as this project's
    program.write_text("def run():\n" + "\n".join(f"    {line}" for line in BUSY.splitlines()), encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import host_sdk; host_sdk.run()"
    subprocess.run((sys.executable, "-c", code, str(tmp_path / "samples.json")), cwd=ROOT, check=True, timeout=50)
    seen = read(tmp_path / "samples.json")
    assert any("busy_with_it" in stack[-1] for stack in seen.stacks["MainThread"])
    assert seen.cpu_s.get("MainThread", 1.0) > 0


def test_a_stack_holds_this_projects_functions_alone() -> None:
    def inner() -> tuple[str, ...]:
        return own_stack(sys._getframe())

    assert inner() == ()  # tests are no part of it


def test_samples_are_read_as_they_were_written(tmp_path: Path) -> None:
    samples = Samples(12.5, {"learner": {(LOOP, *RUN): 3, (): 1}}, {"learner": 0.5}, 2.0)
    write(samples, tmp_path / "samples.json")
    assert read(tmp_path / "samples.json") == samples
    assert read(tmp_path / "none.json") == Samples()


def test_what_came_since_is_a_difference() -> None:
    early = Samples(1.0, {"main": {RUN: 2}}, {"main": 0.5}, 1.0)
    late = Samples(3.0, {"main": {RUN: 5, (): 1}}, {"main": 2.0}, 3.0)
    assert late.since(early) == Samples(2.0, {"main": {RUN: 3, (): 1}}, {"main": 1.5}, 2.0)


def test_a_stack_belongs_to_its_innermost_phase() -> None:
    assert phase_of("host", (LOOP, *RUN)) == "inference"
    assert phase_of("host", (LOOP,)) == REST
    inner = "trainer_process.algorithms.ppo.target:_values"
    outer = "trainer_process.algorithms.ppo.target:build_training_data"
    assert phase_of("trainer", (outer, inner)) == "values"
    assert phase_of("trainer", (outer,)) == "advantages"


@pytest.mark.parametrize("side", PHASES)
def test_every_function_that_a_phase_names_exists(side: str) -> None:
    text = "\n".join(file.text for file in source_files(*PACKAGES))
    for function, _ in PHASES[side]:
        owner, _, name = function.rpartition(".")
        assert f"def {name}(" in text, function
        assert not owner or f"class {owner}" in text, function


def test_a_report_tells_milliseconds_of_a_second() -> None:
    samples = Samples(
        2.0, {"MainThread": {(LOOP, *RUN): 3, (LOOP,): 1}, "parent watch": {(): 4}}, {"MainThread": 1.0}, 1.5
    )
    text = report("host", samples)
    assert "host, main thread: of 1,000 ms, 500 ms on a processor (4 samples)" in text
    assert "| 750 | inference |" in text
    assert "parent watch" not in text
    assert "all other threads (sockets, files): 250 ms" in text
    assert phase_counts("host", samples)["MainThread"] == {"inference": 3, REST: 1}
    assert leaf_counts(samples)["MainThread"] == {RUN[-1]: 3, LOOP: 1}
