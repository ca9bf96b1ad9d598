"""Makes tables and pictures of what measure.py has kept, for the terminal or for docs/PERFORMANCE.md.

benches/report.py target/bench [docs]    says again what benches/run has said, or puts it into docs
"""

import json
import re
import statistics
import sys
from pathlib import Path

MEASURE = "librdkafka"
NAMES = {
    "librdkafka": "C, librdkafka",
    "librdkafka, batches": "C, librdkafka, batches",
    "libkafka": "C, kafka.h",
    "luajit": "LuaJIT, kafka.lua",
    "luajit, batches": "LuaJIT, produce_batch",
    "prototype": "LuaJIT, librdkafka",
    "confluent": "Python, confluent-kafka",
}
COLOURS = {
    "librdkafka": "#444444",
    "libkafka": "#0072b2",
    "luajit": "#d55e00",
    "luajit, batches": "#e69f00",
    "prototype": "#aa7fc4",
    "confluent": "#009e73",
}

# --- Numbers -------------------------------------------------------------------


def quartiles(values):
    """The lower one, the median and the upper one."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def ratios(times, name, of):
    """Round by round, of those in which none had to wait for the broker: so what the machine does meets both sides."""
    return [of(number) / ns for number, ns in enumerate(times[name]) if ns and of(number)]


def of_measure(times):
    return lambda number: times[MEASURE][number]


def of_better(times):
    """Of C's two ways, the one that is faster as a rule."""
    name = min(("librdkafka", "librdkafka, batches"), key=lambda name: statistics.median(times[name]))
    return lambda number: times[name][number]


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def size_text(size):
    if size >= 1 << 20:
        return f"{size >> 20} MiB"
    return f"{size >> 10} KiB" if size >= 1024 else f"{size} B"


def spread(values, form=number):
    low, middle, high = (form(value) for value in quartiles(values))
    return f"{middle} ({low}-{high})"


def ratio_text(value):
    return f"{value:.2f}"


# --- Tables --------------------------------------------------------------------


def table(head, rows):
    """In Markdown, and legible as it is."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]

    def line(cells):
        texts = [cell.rjust(width) for cell, width in zip(cells, widths)]
        return "| " + " | ".join([cells[0].ljust(widths[0]), *texts[1:]]) + " |"

    rule = "|" + "|".join("-" * (width + 1) + ("-" if at == 0 else ":") for at, width in enumerate(widths)) + "|"
    return "\n".join([line(head), rule, *map(line, rows)]) + "\n"


def ratio_rows(rows, names, of):
    found = []
    for row in rows:
        times = row["times"]
        cells = [row["label"], spread([ns for ns in times[MEASURE] if ns])]
        for name in names:
            cells.append(spread(ratios(times, name, of(times)), ratio_text) if name in times else "")
        target = row.get("target")
        reached = quartiles(ratios(times, "luajit", of(times)))[1]
        cells += [target, "yes" if round(reached, 2) >= target else "**no**"] if target else ["", ""]
        found.append(cells)
    return found


def calls_table(found):
    names = ("libkafka", "luajit", "prototype", "confluent")
    head = ["calling thread", "C, librdkafka: ns", *(NAMES[name] for name in names), "target", "reached"]
    return table(head, ratio_rows(found["rows"], names, of_measure))


def alone_table(found):
    """What Lua alone takes, beside C's whole time for a message."""
    beside = {"strings": "receive", "tables": "produce"}
    rows = []
    for row in found["alone"]:
        label = f"{beside[row['case']]}, {size_text(row['size'])}"
        measure = next(other["times"][MEASURE] for other in found["rows"] if other["label"] == label)
        ours = quartiles(row["times"]["luajit"])[1]
        whole = quartiles([ns for ns in measure if ns])[1]
        rows.append([row["label"], spread(row["times"]["luajit"]), f"{ours / whole:.2f} of {label}"])
    return table(["", "ns", "C's whole time for a message"], rows)


def broker_table(found):
    names = ("librdkafka, batches", "libkafka", "luajit", "confluent")
    rows = ratio_rows(found["rows"], names[1:], of_better)
    for cells, row in zip(rows, found["rows"]):
        cells.insert(2, spread(row["times"]["librdkafka, batches"]))
    head = ["message", "C, single: ns", "C, batches: ns", *(NAMES[name] for name in names[1:]), "target", "reached"]
    return table(head, rows)


def delivered_table(found):
    def cells(values, name):
        of = "librdkafka, batches" if name.endswith("batches") else MEASURE
        middle = number(quartiles(values[name])[1])
        of_measure = [ours / theirs for ours, theirs in zip(values[name], values[of])]
        return [middle, spread(of_measure, ratio_text) if name != of else ""]

    rows = [[NAMES[name], *cells(found["rates"], name), *cells(found["processor"], name)] for name in found["rates"]]
    return table(["", "messages a second", "of C's", "processor: ns a message", "of C's"], rows)


def memory_table(found):
    names = (MEASURE, "libkafka", "luajit")

    def row(label, values, unit, most=None):
        middles = {name: quartiles(values[name])[1] for name in names}
        cells = [label, f"{number(middles[MEASURE])} {unit}"]
        for name in names[1:]:
            cells.append(f"{number(middles[name])} {unit}, {middles[name] / middles[MEASURE]:.2f}")
        if most is None:
            return cells + ["", ""]
        return cells + [
            f"<= {most}",
            "yes" if max(round(middles[name] / middles[MEASURE], 2) for name in names) <= most else "**no**",
        ]

    def kib(values):
        return {name: [value / 1024 for value in values[name]] for name in names}

    rows = [
        row(f"a queued message of {size_text(queued['size'])}", queued["bytes"], "B", 1.05)
        for queued in found["queued"]
    ]
    rows += [row(full["label"], full["bytes"], "B", 1.15) for full in found["outage"]]
    rows.append(row("one more idle producer", kib(found["client"]), "KiB", 1.05))
    rows.append(row("a process with one idle producer", kib(found["process"]), "KiB"))
    started = {name: quartiles(found["started_ms"][name])[1] for name in found["started_ms"]}
    more = {name: started[name] - started[MEASURE] for name in names}
    rows.append(
        ["from exec to the first producer", f"{started[MEASURE]:.1f} ms"]
        + [f"{started[name]:.1f} ms, {more[name]:+.1f}" for name in names[1:]]
        + ["<= +20 ms", "yes" if max(more.values()) <= 20 else "**no**"]
    )
    return table(["", *(NAMES[name] for name in names), "target", "reached"], rows)


def rate_text(times):
    return number(1e9 / quartiles(times)[1])


def growth_table(found, what, label):
    series = list(found[what][0]["times"])
    rows = [[label(row["at"]), *(rate_text(row["times"][name]) for name in series)] for row in found[what]]
    return table([f"messages a second, by {what}", *(NAMES[name] for name in series)], rows)


def count_text(count):
    return f"{count:,}"


def growth_tables(found):
    return "\n".join(
        [
            growth_table(found, "size", size_text),
            growth_table(found, "batch", count_text),
            growth_table(found, "partitions", count_text),
        ]
    )


def stream_table(found):
    rows = []
    for name, run in found["programs"].items():
        samples = [(done, size / 1024 / 1024) for done, size in run["samples"]]
        parts = []
        for part in range(4):
            between = [
                size for done, size in samples if part * found["count"] < 4 * done <= (part + 1) * found["count"]
            ]
            parts.append(f"{max(between):.0f}" if between else "")
        rows.append([NAMES[name], count_text(round(found["count"] / run["seconds"])), *parts])
    head = [f"{found['count']:,} messages", "messages a second", "1st quarter: MiB at most", "2nd", "3rd", "4th"]
    return table(head, rows)


def latency_table(found):
    rows = []
    for name in NAMES:
        if name in found:
            us = [ns / 1000 for ns in found[name]]
            rows.append([NAMES[name], *(f"{us[int(part * (len(us) - 1))]:.0f}" for part in (0.5, 0.9, 0.99, 0.999))])
    return table(["from `send` to its report: us", "median", "90 %", "99 %", "99.9 %"], rows)


def threads_table(found):
    rows = []
    for row in found["rates"]:
        rate = quartiles(row["rates"])[1]
        rows.append([row["at"], number(rate), f"{1e6 * row['at'] / rate:.0f}"])
    return table(["light threads", "messages a second", "us for each"], rows)


def machine_text(found):
    machine = found["machine"]
    return (
        f"{machine['date']}, {machine['processor']}, load {machine['load']} before; kafka-ffi {machine['kafka-ffi']}; "
        f"{machine['LuaJIT']}; confluent-kafka {machine['confluent-kafka']}; {found['rounds']} rounds.\n"
    )


# Name -> the group that it is of, and how it is put.
TABLES = {
    "machine": ("calls", machine_text),
    "calls": ("calls", calls_table),
    "alone": ("calls", alone_table),
    "memory": ("memory", memory_table),
    "broker": ("broker", broker_table),
    "delivered": ("delivered", delivered_table),
    "growth": ("growth", growth_tables),
    "stream": ("stream", stream_table),
    "latency": ("latency", latency_table),
    "threads": ("threads", threads_table),
}

# --- Pictures ------------------------------------------------------------------


def axes(width=6.4, height=3.6):
    import matplotlib

    matplotlib.use("svg")
    # Text stays text, and the same numbers make the same file.
    matplotlib.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "kafka-ffi",
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#e4e4e4",
            "grid.linewidth": 0.6,
            "axes.axisbelow": True,
            "legend.frameon": False,
            "figure.constrained_layout.use": True,
        }
    )
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(width, height))


def per_second(axis):
    from matplotlib.ticker import FuncFormatter, NullFormatter

    def text(value, _):
        for unit, name in (1e6, "million"), (1e3, "thousand"):
            if value >= unit:
                return f"{value / unit:g} {name}"
        return f"{value:g}"

    axis.set_major_formatter(FuncFormatter(text))
    axis.set_minor_formatter(NullFormatter())


def plot_rates(plot, points, label):
    """Lines with their quartiles, one for each contestant."""
    places = [row["at"] for row in points]
    for name in points[0]["times"]:
        rates = [quartiles([1e9 / ns for ns in row["times"][name]]) for row in points]
        plot.plot(places, [middle for _, middle, _ in rates], "o-", ms=3.5, color=COLOURS[name], label=NAMES[name])
        plot.fill_between(
            places, [low for low, _, _ in rates], [high for _, _, high in rates], color=COLOURS[name], alpha=0.15, lw=0
        )
    plot.set_xscale("log")
    plot.set_xticks(places, [label(place) for place in places])
    plot.minorticks_off()
    plot.set_ylabel("messages a second")


def size_picture(found):
    figure, plot = axes()
    plot_rates(plot, found["size"], size_text)
    plot.set_yscale("log")
    per_second(plot.yaxis)
    plot.set_xlabel("size of a message")
    plot.set_title("Throughput by message size, until the last report", loc="left", fontsize=10)
    plot.legend()
    return figure


def linear_picture(points, label, xlabel, title):
    figure, plot = axes()
    plot_rates(plot, points, label)
    plot.set_ylim(0, 1.3 * plot.get_ylim()[1])
    per_second(plot.yaxis)
    plot.set_xlabel(xlabel)
    plot.set_title(title, loc="left", fontsize=10)
    plot.legend(loc="upper center", ncols=2)
    return figure


def batch_picture(found):
    title = "Messages that the calling thread queues, by batch size (100 B, no keys)"
    return linear_picture(found["batch"], count_text, "messages in a call of produce_batch", title)


def partitions_picture(found):
    title = "Throughput by number of partitions, until the last report (100 B)"
    return linear_picture(found["partitions"], count_text, "partitions of the topic", title)


def calls_picture(found):
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    rows = found["rows"]
    figure, plot = axes(7.2, 1 + 0.27 * len(rows))
    for name in ("confluent", "prototype", "libkafka", "luajit"):
        at, middles, below, above = [], [], [], []
        for place, row in enumerate(rows):
            if name in row["times"]:
                low, middle, high = quartiles(ratios(row["times"], name, of_measure(row["times"])))
                at.append(place)
                middles.append(middle)
                below.append(middle - low)
                above.append(high - middle)
        plot.errorbar(middles, at, xerr=[below, above], fmt="o", ms=4.5, lw=1, color=COLOURS[name], label=NAMES[name])
    targets = [(row["target"], place) for place, row in enumerate(rows) if row["target"]]
    plot.plot(*zip(*targets), "|", ms=9, mew=1.5, color="#000000", label="target", zorder=1)
    plot.axvline(1, color=COLOURS[MEASURE], lw=1)
    plot.set_xscale("log")
    plot.xaxis.set_major_locator(FixedLocator([0.1, 0.2, 0.5, 1, 2, 5]))
    plot.xaxis.set_minor_locator(NullLocator())
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    plot.set_yticks(range(len(rows)), [row["label"] for row in rows])
    plot.set_ylim(len(rows) - 0.5, -0.5)
    plot.set_xlabel("times as fast as C on librdkafka (median and quartiles)")
    plot.set_title("What a message costs the calling thread", loc="left", fontsize=10)
    plot.legend(loc="upper center", bbox_to_anchor=(0.3, -0.07), ncols=3)
    return figure


def latency_picture(found):
    figure, plot = axes()
    for name in COLOURS:
        if name in found:
            us = [ns / 1000 for ns in found[name]]
            step = max(1, len(us) // 400)
            shown = us[::step]
            plot.plot(
                shown,
                [100 * (at * step + 1) / len(us) for at in range(len(shown))],
                color=COLOURS[name],
                label=NAMES[name],
            )
    plot.set_xscale("log")
    low = min(found[name][0] for name in COLOURS if name in found) / 1000
    high = max(found[name][int(0.995 * len(found[name]))] for name in COLOURS if name in found) / 1000
    plot.set_xlim(low * 0.95, high)
    ticks = [tick for tick in (10, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000) if low <= tick <= high]
    plot.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    plot.minorticks_off()
    plot.set_ylim(0, 100)
    plot.set_xlabel("us from sending a message to having its report")
    plot.set_ylabel("of the messages, %")
    plot.set_title("Latency of a message at a time (100 B, linger.ms 0)", loc="left", fontsize=10)
    plot.legend(loc="lower right")
    return figure


def stream_picture(found):
    figure, plot = axes()
    for name, run in found["programs"].items():
        plot.plot(
            [done / 1e6 for done, _ in run["samples"]],
            [size / 1024 / 1024 for _, size in run["samples"]],
            "o-",
            ms=2.5,
            color=COLOURS[name],
            label=NAMES[name],
        )
    plot.set_ylim(0, 1.25 * plot.get_ylim()[1])
    plot.set_xlim(0, found["count"] / 1e6)
    plot.set_xlabel("messages delivered, million")
    plot.set_ylabel("memory, MiB")
    plot.set_title(f"Memory, while {found['count'] / 1e6:g} million messages are sent", loc="left", fontsize=10)
    plot.legend(loc="upper center", ncols=2)
    return figure


def threads_picture(found):
    figure, plot = axes()
    places = [row["at"] for row in found["rates"]]
    rates = [quartiles(row["rates"]) for row in found["rates"]]
    plot.plot(places, [middle for _, middle, _ in rates], "o-", ms=3.5, color=COLOURS["luajit"])
    plot.fill_between(
        places, [rate[0] for rate in rates], [rate[2] for rate in rates], color=COLOURS["luajit"], alpha=0.15, lw=0
    )
    plot.set_xscale("log")
    plot.set_xticks(places, places)
    plot.minorticks_off()
    plot.set_ylim(bottom=0)
    per_second(plot.yaxis)
    plot.set_xlabel("light threads in an nginx worker, each waiting for a report before it sends again")
    plot.set_ylabel("messages a second")
    plot.set_title("produce_sync, by number of light threads", loc="left", fontsize=10)
    return figure


PICTURES = {
    "calls": ("calls", calls_picture),
    "size": ("growth", size_picture),
    "batch": ("growth", batch_picture),
    "partitions": ("growth", partitions_picture),
    "latency": ("latency", latency_picture),
    "stream": ("stream", stream_picture),
    "threads": ("threads", threads_picture),
}

# --- Where they go -------------------------------------------------------------


def read(work, group):
    return json.loads((work / f"{group}.json").read_text())


def draw(work, directory, groups):
    directory.mkdir(exist_ok=True)
    for name, (group, picture) in PICTURES.items():
        if group in groups:
            figure = picture(read(work, group))
            figure.savefig(directory / f"{name}.svg", metadata={"Date": None})


def show(work, groups):
    """Prints the tables of these groups, and draws their pictures beside their data."""
    print()
    print(machine_text(read(work, groups[0])))
    for name, (group, put) in TABLES.items():
        if group in groups and name != "machine":
            print(put(read(work, group)))
    draw(work, work, groups)


def write_docs(work, docs):
    """Fills in what stands between `<!-- NAME: ... -->` and `<!-- end -->`, and draws the pictures."""
    path = docs / "PERFORMANCE.md"
    text = path.read_text()
    for name, (group, put) in TABLES.items():
        pattern = re.compile(rf"(<!-- {name}: [^>]*-->\n).*?(<!-- end -->)", re.DOTALL)
        found = put(read(work, group))
        text, count = pattern.subn(lambda match: match[1] + found + match[2], text)
        if count != 1:
            sys.exit(f"bench: {path} has {count} places for the table {name}")
    path.write_text(text)
    draw(work, docs / "performance", {group for group, _ in PICTURES.values()})


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    if len(sys.argv) > 2:
        write_docs(directory, Path(sys.argv[2]))
    else:
        show(directory, [group for group in dict(TABLES.values()) if (directory / f"{group}.json").exists()])
