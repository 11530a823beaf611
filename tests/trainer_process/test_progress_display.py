"""Progress as lines and as a table."""

from __future__ import annotations

import io

from rich.console import Console

from trainer_process.progress_display import ProgressDisplay
from trainer_process.progress_report import CountedProgress, ProgressReport, duration, number, short_count
from trainer_process.progress_table import LiveTable

METRICS = {
    "episodes": 4.0,
    "return_mean": 123.456,
    "return_deviation": 21.3,
    "episode_length_mean": 203.2,
    "policy_loss": -0.0213,
    "value_loss": 12.31,
    "steps_per_second": 4213.0,
    "lesson/gravity": 2.0,
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that pass as the test says."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def report(steps: int, title: str = "Walker", is_summary: bool | None = None, **metrics: float) -> ProgressReport:
    return ProgressReport(title, 3, steps, 1000, {**METRICS, **metrics}, is_summary)


def plain_lines(*reports: ProgressReport, seconds: float = 1.0) -> list[str]:
    stream, clock = io.StringIO(), Clock()
    with ProgressDisplay(stream, clock=clock) as display:
        for each in reports:
            clock.now_s += seconds
            display.show(each)
    return stream.getvalue().splitlines()


def test_without_a_terminal_there_are_plain_lines_not_too_many_and_the_last_one_always() -> None:
    lines = plain_lines(*(report(steps) for steps in (100, 200, 300, 1000)))
    assert lines[0] == (
        "Walker: step 100 (10%)  1.0 s  mean return 123.5 ± 21.3  length 203.2  policy loss -0.021  value loss 12.31  "
        "lesson gravity 2  4,213 steps/s"
    )
    assert [line.split(" ")[2] for line in lines] == ["100", "1,000"]


def test_a_run_with_summaries_has_a_line_for_each_of_them_and_no_others() -> None:
    lines = plain_lines(*(report(steps, is_summary=steps % 200 == 0) for steps in (100, 200, 300, 400, 500)))
    assert [line.split(" ")[2] for line in lines] == ["200", "400"]


def test_a_line_says_when_no_episode_ended_since_the_last() -> None:
    first, second, third = plain_lines(report(100), report(200, episodes=0.0), report(300, episodes=1.0), seconds=6.0)
    assert "no episode ended since the last summary" in second
    assert "no episode" not in first + third


def test_numbers_that_are_not_known_are_left_out() -> None:
    stream = io.StringIO()
    ProgressDisplay(stream, clock=Clock()).show(ProgressReport("Walker", 0, 0, 0))
    assert stream.getvalue() == "Walker: step 0  0.0 s  no episode ended since the last summary\n"


def test_what_is_only_counted_is_said_in_its_own_unit() -> None:
    stream = io.StringIO()
    with ProgressDisplay(stream) as display:
        display.show(CountedProgress("arena", 3, 10, "episodes", "120 steps"))
        display.say("done")
    assert stream.getvalue() == "arena: 3 episodes (30%)  120 steps\ndone\n"


def test_on_a_terminal_there_is_a_table_that_keeps_lines_above_it() -> None:
    stream = Terminal()
    with ProgressDisplay(stream) as display:
        display.show(report(500))
        display.say("above [bold] the table")
        display.show(report(1000))
    text = stream.getvalue()
    assert "above [bold] the table" in text
    assert "Walker" in text
    assert "100%" in text


def drawn(width: int, *reports: ProgressReport) -> list[str]:
    clock = Clock()
    table = LiveTable(Terminal(), clock)
    for each in reports:
        clock.now_s += 10.0
        table.show(each)
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(table._draw(width))
    return console.export_text().rstrip("\n").split("\n")


def test_a_wide_terminal_shows_every_number_of_every_behavior() -> None:
    head, walker, ball = drawn(140, report(100), report(200), report(50, title="Ball"))
    for heading in ("steps", "return", "length", "policy loss", "value loss", "lesson", "steps/s", "left"):
        assert heading in head
    for text in ("20%", "200 / 1k", "123.5 ± 21.3", "203.2", "-0.021", "12.31", "gravity 2", "4.2k", "1m 20s"):
        assert text in walker
    assert ball.startswith("Ball")


def test_a_narrow_terminal_keeps_bar_share_return_and_the_time_left() -> None:
    for width in (60, 80):
        head, walker = drawn(width, report(100), report(200))
        assert len(walker) <= width
        assert "━" in walker
        for text in ("20%", "123.5 ± 21.3", "1m 20s"):
            assert text in walker, f"{width} columns"
    assert "policy loss" not in head


def test_a_table_keeps_a_summarys_numbers_until_the_next() -> None:
    lines = drawn(140, report(100, is_summary=True, return_mean=1.0), report(200, is_summary=False, return_mean=7.0))
    assert "1.00 ± 21.30" in lines[1]
    assert "20%" in lines[1]


def test_numbers_take_as_few_digits_as_say_something() -> None:
    assert [number(value) for value in (0, 0.5, 0.012, 3e-5, 12.345, 123.45, 1421.4, 2e8)] == [
        "0.00",
        "0.50",
        "0.012",
        "3.0e-05",
        "12.35",
        "123.5",
        "1,421",
        "2.0e+08",
    ]
    assert [short_count(count) for count in (950, 12_300, 250_000, 1_250_000, 3e9)] == [
        "950",
        "12.3k",
        "250k",
        "1.25M",
        "3G",
    ]
    assert [duration(seconds) for seconds in (12.4, 245, 12_000, 183_600)] == ["12s", "4m 05s", "3h 20m", "2d 3h"]
