"""Progress as lines and as a bar."""

from __future__ import annotations

import io

from trainer_process.progress_display import ProgressDisplay, ProgressReport


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def report(steps: int, title: str = "Walker") -> ProgressReport:
    metrics = {"return_mean": 1.5, "steps_per_second": 1234.0}
    return ProgressReport.from_metrics(title, metrics, iteration=3, steps=steps, total_steps=1000, version=4)


def test_without_a_terminal_there_are_plain_lines_not_too_many_and_the_last_one_always() -> None:
    stream = io.StringIO()
    with ProgressDisplay(stream) as display:
        for steps in (100, 200, 300, 1000):
            display.show(report(steps))
        display.say("done")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Walker: 100 steps (10%)  iteration 3  return 1.50  1,234 steps/s  policy v4"
    assert [line.split(" ")[1] for line in lines[:-1]] == ["100", "1,000"]
    assert lines[-1] == "done"


def test_numbers_that_are_not_known_are_left_out() -> None:
    bare = ProgressReport.from_metrics("Walker", {}, iteration=0, steps=0, total_steps=0, version=0)
    stream = io.StringIO()
    ProgressDisplay(stream).show(bare)
    assert stream.getvalue() == "Walker: 0 steps  iteration 0  policy v0\n"


def test_on_a_terminal_there_is_a_bar_with_the_same_numbers() -> None:
    stream = Terminal()
    with ProgressDisplay(stream) as display:
        display.show(report(500))
        display.say("beside [bold] the bar")
        display.show(report(1000))
    text = stream.getvalue()
    assert "policy v4" in text
    assert "1,000 steps" in text
    assert "beside [bold] the bar" in text
