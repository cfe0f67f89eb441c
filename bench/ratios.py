"""What `bench/run` found, as parts of docs/performance.md and as figures to compare with those of another time."""

from statistics import median as middle

from clients import CONNECTIONS, Davault, Vdirsyncer
from measuring import DAVAULT, machine, memory, ratio, seconds, version
from servers import TOOLS

# Of the line to the server, in ms.
ROUND_TRIPS = (0, 40)

READS = ["bare queries", "bare multigets", "first backup", "first sync", None]
READS += ["bare PROPFIND", "unchanged backup", "unchanged sync", None, "changed backup", "changed sync"]
WRITES = ["bare PUTs", "restore"]

NAMES = {
    "bare queries": "bare requests: a calendar-query of each calendar",
    "bare multigets": "bare requests: a listing and multigets of each calendar",
    "bare PROPFIND": "bare request: one PROPFIND of the home",
    "bare PUTs": "bare requests: MKCALENDARs and PUTs",
    "first backup": "**davault**, first backup",
    "unchanged backup": "**davault**, nothing changed",
    "changed backup": "**davault**, 10 events changed",
    "restore": "**davault**, restore",
    "first sync": "vdirsyncer, first sync",
    "unchanged sync": "vdirsyncer, nothing changed",
    "changed sync": "vdirsyncer, 10 events changed",
}

# What is held against what, and the most that it should be.
RATIOS = [
    ("first backup", "bare queries", 1.25),
    ("first backup", "bare multigets", None),
    ("first backup", "first sync", 0.4),
    ("unchanged backup", "bare PROPFIND", 1.1),
    ("unchanged backup", "unchanged sync", None),
    ("changed backup", "changed sync", None),
    ("restore", "bare PUTs", 1.3),
]
# What the server had to do for it, which does not depend on what else the machine does.
SERVERS_WORK = [("first backup", "bare queries"), ("unchanged backup", "bare PROPFIND"), ("restore", "bare PUTs")]
MOST_REQUESTS = 3
MOST_MEMORY = 60e6


def is_taken(taken, name):
    return (ROUND_TRIPS[0], name) in taken


def in_turns(taken, round_trip, ours, theirs):
    """Each of ours with the one of theirs beside it: there may be more of ours in a round."""
    ours, theirs = taken[round_trip, ours], taken[round_trip, theirs]
    return [(one, theirs[number * len(theirs) // len(ours)]) for number, one in enumerate(ours)]


def requests(one):
    return sum(one.counts["requests"].values())


def row(taken, round_trip, name):
    rounds = taken[round_trip, name]
    last = rounds[-1]
    bytes_moved = last.counts["sent_bytes"], last.counts["received_bytes"]
    sent, received = (f"{moved / 1e6:.2f}" for moved in bytes_moved)
    cells = [NAMES[name], seconds(rounds), requests(last), last.counts["most_in_flight"], f"{sent} / {received}"]
    cells += [f"{middle(one.cpu for one in rounds):.1f} / {middle(one.server_cpu for one in rounds):.1f} s", memory(rounds)]
    return f"| {' | '.join(map(str, cells))} |"


def table(taken, round_trip, names):
    rows = [row(taken, round_trip, name) if name else "| | | | | | | |" for name in names]
    heading = f"| at {round_trip} ms | time | requests | at once | MB sent / received | CPU, own / server's | memory |\n|---|---|---|---|---|---|---|"
    return "\n".join([heading, *rows])


def ratios(taken):
    """The table of ratios, and the figures to be compared; of each, smaller is better."""
    rows, figures = [], {}
    for ours, theirs, most in RATIOS:
        if not is_taken(taken, ours):
            continue
        cells = []
        for round_trip in ROUND_TRIPS:
            values = [one.seconds / other.seconds for one, other in in_turns(taken, round_trip, ours, theirs)]
            figures[f"{ours} / {theirs}, {round_trip} ms"] = values
            cells.append(ratio(values))
        rows.append((f"{ours} / {theirs}", *cells, f"≤ {most}" if most else "–"))
    for ours, theirs in SERVERS_WORK:
        if not is_taken(taken, ours):
            continue
        pairs = [in_turns(taken, round_trip, ours, theirs) for round_trip in ROUND_TRIPS]
        values = [[one.server_cpu / max(other.server_cpu, 0.01) for one, other in pair] for pair in pairs]
        figures |= {f"{ours} / {theirs}: CPU of the server, {at} ms": value for at, value in zip(ROUND_TRIPS, values)}
        rows.append((f"{ours} / {theirs}: CPU of the server", *map(ratio, values), "–"))
    for name, most in [("first backup", None), ("unchanged backup", MOST_REQUESTS), ("changed backup", None)]:
        if not is_taken(taken, name):
            continue
        counted = [[requests(one) for one in taken[round_trip, name]] for round_trip in ROUND_TRIPS]
        figures |= {f"{name}: requests, {at} ms": values for at, values in zip(ROUND_TRIPS, counted)}
        rows.append((f"{name}: requests", *(max(values) for values in counted), f"≤ {most}" if most else "–"))
    for name, most in [("first backup", MOST_MEMORY), ("unchanged backup", MOST_MEMORY), ("restore", None)]:
        if not is_taken(taken, name):
            continue
        peaks = [[one.peak / 1e6 for one in taken[round_trip, name]] for round_trip in ROUND_TRIPS]
        figures |= {f"{name}: MB of memory, {at} ms": values for at, values in zip(ROUND_TRIPS, peaks)}
        wanted = f"≤ {most / 1e6:.0f} MB" if most else "–"
        rows.append((f"{name}: memory", *(f"{max(values):.0f} MB" for values in peaks), wanted))
    heading = f"| | {' | '.join(f'{at} ms' for at in ROUND_TRIPS)} | wanted |\n|---|---|---|---|"
    return "\n".join([heading, *(f"| {' | '.join(map(str, cells))} |" for cells in rows)]), figures


def tables(taken, names):
    return "\n\n".join(table(taken, at, names) for at in ROUND_TRIPS)


def radicale():
    return version([TOOLS / "radicale" / "bin" / "python", "-m", "radicale", "--version"])


def reads(taken, account):
    """The text and the figures of what was read from an account of so many calendars, events and bytes."""
    calendars, items, raw = account
    table_of_ratios, figures = ratios(taken)
    rounds, turns = (len(taken[ROUND_TRIPS[0], name]) for name in ("first backup", "unchanged backup"))
    text = f"""Written by `bench/run --reads` on {machine()},
{version([DAVAULT, 'version'])}, {version([Vdirsyncer.program, '--version'])}, Radicale {radicale()}.

{calendars} calendars, {items} events, {raw / 1e6:.1f} MB. Radicale runs on the same machine with its folder in memory, closes each
connection after an answer, and is the slower side of everything here. Between it and the others is a proxy (`bench/proxy.rs`)
which delays each direction by half of the round trip, a new connection by a whole one, and counts. {rounds} round{'s' if rounds > 1 else ''}, in which
all take turns; what takes a second or so, the unchanged backup and the bare PROPFIND, {turns // rounds} times in each. Times are the median
(all in brackets, or their range), ratios are those of neighbours.

{table_of_ratios}

The bare requests are sent by a program that does nothing else (`bench/bare.rs`), on {CONNECTIONS} connections: one PROPFIND of
Depth 1 of the home with the ctags of all calendars, and then of each calendar one calendar-query with data (the fewest
requests by which Radicale gives everything), or its listing and multigets of 50 events. It knows where the home is, signs in
unasked and asks for no compression.

Memory is the sum of the peak resident sizes of a command's processes. davault is two, the host and its connector: the pages of
files that both have mapped, those of the one executable, are in memory once and count once. Its vault has a passphrase that costs 8 MiB and no noticeable time
(`create -key-memory 8`); by default one costs 256 MiB, given back before a backup begins, and about a second.

{tables(taken, READS)}
"""
    return text, figures


def restores(taken, account):
    """The same of what was put into an empty account."""
    calendars, items = account
    table_of_ratios, figures = ratios(taken)
    text = f"""Written by `bench/run --restores` on {machine()},
{version([DAVAULT, 'version'])}, Radicale {radicale()}.

{calendars} calendars, {items} plain events of about 1 KB, to an empty Radicale behind the same proxy, in one round: it takes half an hour. The bare requests
make each calendar and put each event with `If-None-Match`, on as many connections as davault had; davault also reads back what it put.

{table_of_ratios}

{tables(taken, WRITES)}
"""
    return text, figures
