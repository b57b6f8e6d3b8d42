"""The directive ``{benchmarks}``: what `make bench` recorded, on each machine that did.

::

    ```{benchmarks} train
    ```

draws a task of every record, one drawing a workload: ``train``, ``infer`` or ``generate``. With

``order``      the fastest of each workload, with those that are too close to it to call
``fairness``   what every stack computed in and on, and how far it was from the reference
``compiling``  what the first call cost, and after how many steps compiling had paid for itself
``memory``     the most that a process held
``scaling``    the cases with other batches and threads
``choices``    what each stack is tuned by

it is a table. ``:record:`` names one record, of several; without, all are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from site_ext.base import frameworks, machine
from site_ext.base.nodes import folded, row, table
from site_ext.claims import multiples, paying
from site_ext.claims.benchmarks import TASKS
from site_ext.claims.domain import claims_of
from site_ext.claims.evidence import like
from site_ext.claims.measurements import FOLDER
from site_ext.claims.multiples import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata, OptionSpec

    from site_ext.claims.benchmarks import Benchmarks, Case

#: A drawing shows no more than this many times the fastest.
MOST = 64


def caption(record: Benchmarks) -> str:
    """Where the values come from, in a line."""
    rounds = {len(case.rounds) for case in record.main if case.rounds}
    several = f"{min(rounds)} to {max(rounds)}" if len(rounds) > 1 else f"{max(rounds, default=0)}"
    threads = max((case.threads for case in record.cases), default=0)
    return (
        f"{machine.line(record.machine)}; {threads} threads, {record.date}. "
        f"{', '.join(frameworks.named(record.versions))}. A mark is the median of {several} rounds, each a "
        "process, a faint dot a round, the line its 95 % interval; the scale is times the fastest."
    )


def drawings(record: Benchmarks, task: str) -> list[Node]:
    """A task of every workload that has it, with one scale."""
    every = {name: multiples.marks(record, name, task) for name in record.workloads}
    shown = {name: found for name, found in every.items() if any(one.time for one in found)}
    if not shown:
        return []
    times = [
        m.time.ms / found[0].time.ms
        for found in shown.values()
        for m in found
        if m.time and found[0].time
    ]
    most = 2.0
    while most < min(max(times), MOST):
        most *= 2
    grid = nodes.container(classes=["multiples"])
    for name, found in shown.items():
        title = f"{record.workloads[name].title}, {multiples.NEXT[task]}"
        if task != "generate":  # which answers one prompt
            title += f", batch of {record.batch(name)}"
        figure = nodes.figure(classes=["multiple-figure"])
        heading = nodes.paragraph("", title, classes=["multiple-title"])
        figure += nodes.raw("", multiples.draw(found, title, most), format="html")
        # Beside the figure, which may hold nothing else without a caption.
        words = addnodes.only(
            "", nodes.paragraph("", multiples.told(found, title)), expr="not html"
        )
        grid += nodes.container("", heading, figure, words)
    return [grid, nodes.paragraph("", caption(record), classes=["multiples-caption"])]


def order(record: Benchmarks) -> list[Node]:
    """The fastest of each workload and task, and who is too close to it."""
    rows = []
    for name, load in record.workloads.items():
        for task in TASKS:
            found = [one for one in multiples.marks(record, name, task) if one.time]
            if not found:
                continue
            first, close = found[0], []
            assert first.time
            close = [one.title for one in found[1:] if one.time and one.time.overlaps(first.time)]
            last = found[-1]
            assert last.time
            rows.append(row([
                [nodes.Text(f"{load.title}, {multiples.NEXT[task]}")],
                [nodes.Text(first.title)],
                [nodes.Text("; ".join(close) or "none")],
                [nodes.Text(f"{last.title}, {last.time.ms / first.time.ms:.1f} times")],
            ]))  # fmt: skip
    return [
        table(
            ["Workload", "Fastest", "Too close to it to call", "Slowest"], rows, widths=[3, 3, 4, 4]
        )
    ]


def fairness(record: Benchmarks) -> list[Node]:
    """A fold a workload: what its stacks have in common, and how far each is from the reference."""
    numbers = frozenset({1, 3, 4, 6, 7})
    headings = [
        "Stack", "Weights", "Numbers", "Batch", "Threads", "Layout", "Outputs apart", "Losses apart",
        "Compared",
    ]  # fmt: skip
    found: list[Node] = []
    for name, load in record.workloads.items():
        cases = [case for case in record.main if case.workload == name]
        passed = [case for case in cases if case.gate and not case.gate.why]
        rows = [
            row([[nodes.Text(text)] for text in _fair(record, case)], numbers=numbers)
            for case in cases
        ]
        told = f"{load.title}: {len(passed)} of {len(cases)} stacks compute the same"
        found.append(folded([nodes.Text(told)], [table(headings, rows, numbers=numbers)]))
    return found


def _fair(record: Benchmarks, case: Case) -> Iterator[str]:
    yield record.stacks[case.stack].title
    yield f"{case.parameters:,}" if case.parameters else ""
    yield case.dtype
    yield str(case.batch)
    yield str(case.threads)
    yield case.layout if case.workload in {"cnn", "resnet50"} else ""
    yield f"{case.gate.outputs:.0e}" if case.gate else ""
    yield f"{case.gate.losses:.0e}" if case.gate else ""
    if case.gate and case.gate.why:
        yield f"not comparable: {case.gate.why}"
    elif case.why_not:
        yield f"not measured: {case.why_not}"
    else:
        yield f"yes, {len(case.rounds)} rounds"


def compiling(record: Benchmarks) -> list[Node]:
    numbers = frozenset({2, 3, 4, 5})
    rows = []
    for one in paying.all_of(record):
        load, stack = record.workloads[one.workload], record.stacks[one.stack]
        rows.append(row([
            [nodes.Text(load.title)], [nodes.Text(stack.title)],
            [nodes.Text(f"{one.first:.1f} s")], [nodes.Text(f"{milliseconds(one.plain)} ms")],
            [nodes.Text(f"{milliseconds(one.compiled)} ms")], [nodes.Text(one.told)],
        ], numbers=numbers))  # fmt: skip
    headings = ["Workload", "Compiled", "First step", "A step without", "A step with", "Pays after"]
    return [table(headings, rows, widths=[3, 4, 2, 2, 2, 3], numbers=numbers)]


def memory(record: Benchmarks) -> list[Node]:
    loads = list(record.workloads)
    numbers = frozenset(range(1, len(loads) + 1))
    rows = []
    for name, stack in record.stacks.items():
        cells = [nodes.Text(stack.title)]
        for load in loads:
            case = next((c for c in record.main if (c.workload, c.stack) == (load, name)), None)
            held = case.median("device_mib") or case.median("peak_mib") if case else None
            cells.append(nodes.Text(f"{held:,.0f}" if held else ""))
        if any(cell.astext() for cell in cells[1:]):
            rows.append(row([[cell] for cell in cells], numbers=numbers))
    headings = ["MiB", *(record.workloads[name].title.partition(",")[0] for name in loads)]
    return [table(headings, rows, numbers=numbers)]


def scaling(record: Benchmarks) -> list[Node]:
    numbers = frozenset({2, 3, 4, 5})
    several = {
        (case.workload, case.stack)
        for case in record.cases
        if len([c for c in record.cases if (c.workload, c.stack) == (case.workload, case.stack)])
        > 1
    }
    some = [c for c in record.cases if (c.workload, c.stack) in several and c.tasks]
    rows = []
    for case in sorted(some, key=lambda c: (c.workload, c.stack, c.threads, c.batch)):
        time, rate = case.time("train"), record.rate(case, "train")
        if time is None or rate is None:
            continue
        rows.append(row([
            [nodes.Text(record.workloads[case.workload].title)],
            [nodes.Text(record.stacks[case.stack].title)],
            [nodes.Text(str(case.threads))], [nodes.Text(str(case.batch))],
            [nodes.Text(f"{milliseconds(time.ms)} ms")],
            [nodes.Text(f"{rate:,.0f} {record.workloads[case.workload].unit}")],
        ], numbers=numbers))  # fmt: skip
    headings = ["Workload", "Stack", "Threads", "Batch", "A training step", "A second"]
    return [table(headings, rows, numbers=numbers)] if rows else []


def choices(record: Benchmarks) -> list[Node]:
    found = {case.stack: case.choices for case in record.cases if case.choices}
    rows = [
        row([[nodes.Text(record.stacks[name].title)], [nodes.Text(text)]])
        for name, text in found.items()
    ]
    return [table(["Stack", "Tuned by"], rows, widths=[2, 5])]


PARTS: dict[str, Callable[[Benchmarks], list[Node]]] = {
    "order": order, "fairness": fairness, "compiling": compiling, "memory": memory,
    "scaling": scaling, "choices": choices,
}  # fmt: skip


class BenchmarksDirective(SphinxDirective):
    """``{benchmarks}``: the argument is a task or a table."""

    required_arguments = 1
    option_spec: ClassVar[OptionSpec] = {"record": directives.unchanged}

    def run(self) -> list[Node]:
        part, wanted = self.arguments[0], self.options.get("record")
        if part not in (known := (*TASKS, *PARTS)):
            raise self.error(f"benchmarks: {part!r} is none of {', '.join(known)}")
        domain = claims_of(self.env)
        names = [name for name, one in domain.measurements.items() if one.benchmarks]
        if wanted and FOLDER + wanted not in names:
            raise self.error(f"benchmarks: there is no record {wanted!r}{like(wanted, names)}")
        found: list[Node] = []
        for name in names:
            if wanted in {None, name.removeprefix(FOLDER)}:
                taken = domain.measurement(name)
                assert taken
                assert taken.benchmarks
                shown = (
                    PARTS[part](taken.benchmarks)
                    if part in PARTS
                    else drawings(taken.benchmarks, part)
                )
                if len(names) > 1 and shown:
                    found.append(nodes.paragraph("", "", nodes.strong("", taken.title)))
                found += shown
        found = found or [
            nodes.paragraph(
                "",
                "Nothing was measured yet: ",
                nodes.literal("", "make bench"),
                nodes.Text(" does."),
            )
        ]
        return [nodes.container("", *found, classes=["of-record"])]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("benchmarks", BenchmarksDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
