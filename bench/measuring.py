"""What the benches share: measuring a command, and writing one part of docs/performance.md."""

import functools
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DAVAULT = pathlib.Path(os.environ.get("DAVAULT_PROGRAM", ROOT / "target" / "release" / "davault"))


class Measured:
    """A finished command: its wall and CPU times in seconds, and what its processes had resident at most, in bytes.

    That is the sum of each one's peak; pages of files that processes of one program have mapped are there once, and count once.
    """

    def __init__(self, seconds, cpu, peak, output):
        self.seconds, self.cpu, self.peak, self.output = seconds, cpu, peak, output


def measure(command, **options):
    began, before = time.monotonic(), waited_for()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
    processes, ended = {}, threading.Event()
    watcher = threading.Thread(target=watch, args=(child.pid, processes, ended))
    watcher.start()
    output, _ = child.communicate()
    seconds = time.monotonic() - began
    ended.set()
    watcher.join()
    if child.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {child.returncode}: {output}")
    return Measured(seconds, waited_for() - before, peak(processes.values()), output)


def peak(processes):
    """The peaks together, without the pages of files that several processes of one program have: the most that one has counts."""
    of_files = {}
    for program, _, mapped in processes:
        of_files.setdefault(program, []).append(mapped)
    shared = sum(sum(mapped) - max(mapped) for mapped in of_files.values())
    return sum(high for _, high, _ in processes) - shared


def waited_for():
    """The CPU time of all processes that ended and that this one started, or those that it started, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def used_by(pid):
    """The CPU time of a running process so far, in seconds."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watch(pid, processes, ended):
    """Keeps, of the process and of everything that it started: program, high-water mark, and bytes of mapped files."""
    while not ended.wait(0.02):
        for member in tree(pid):
            try:
                program = os.readlink(f"/proc/{member}/exe")
                status = pathlib.Path(f"/proc/{member}/status").read_text()
            except OSError:
                continue
            bytes_of = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in status.splitlines() if line.endswith(" kB")}
            if "VmHWM" in bytes_of:
                processes[member] = (program, bytes_of["VmHWM"], bytes_of.get("RssFile", 0))


def tree(pid):
    members = [pid]
    for member in members:
        try:
            for thread in pathlib.Path(f"/proc/{member}/task").iterdir():
                members += [int(child) for child in (thread / "children").read_text().split()]
        except OSError:
            pass
    return members


def build():
    """An optimised davault, unless one is given."""
    if "DAVAULT_PROGRAM" not in os.environ:
        subprocess.run(["cargo", "build", "--release", "--locked", "--bin", "davault"], cwd=ROOT, check=True)


@functools.cache
def compiled(name):
    """One of the small programs beside this file, which need the standard library alone."""
    program = ROOT / "target" / "bench-programs" / name
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["rustc", "--edition", "2024", "-O", ROOT / "bench" / f"{name}.rs", "-o", program], check=True)
    return program


def size_of(folder):
    return sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*") if path.is_file())


def generate(folder, size):
    """Writes a generated account into a folder; returns its number of items and their bytes."""
    made = subprocess.run([compiled("account"), folder, *size], check=True, capture_output=True, text=True).stdout
    items, raw = map(int, made.split())
    return items, raw


def version(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().splitlines()[0]


def machine():
    return f"{time.strftime('%Y-%m-%d')}: {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def seconds(rounds):
    values = [one.seconds for one in rounds]
    return f"{statistics.median(values):.1f} s ({spread(values, 1)})"


def ratio(values):
    return f"**{statistics.median(values):.2f}** ({spread(values, 2)})"


def spread(values, digits):
    """All of a few numbers, the least and the greatest of many."""
    if len(values) <= 5:
        return ", ".join(f"{value:.{digits}f}" for value in values)
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def memory(rounds):
    return f"{max(one.peak for one in rounds) / 1e6:.0f} MB"


ORDER = [
    "An account on a server",
    "A restore to a server",
    "An account that grows",
    "A million items, a thousand snapshots",
    "Beside restic and borg",
]


def write_part(heading, text, figures=None):
    """Puts `text` under the heading in docs/performance.md, in place of what was there, and its figures in docs/performance.json."""
    file = ROOT / "docs" / "performance.md"
    first, *others = file.read_text().split("\n## ")
    parts = {part.splitlines()[0]: part for part in others}
    parts[heading] = f"{heading}\n\n{text.rstrip()}\n"
    file.write_text("\n## ".join([first, *in_order(parts).values()]))
    if figures is not None:
        file = file.with_suffix(".json")
        kept = json.loads(file.read_text()) if file.exists() else {}
        kept[heading] = {"written": machine(), "figures": {name: shortly(values) for name, values in figures.items()}}
        file.write_text(json.dumps(in_order(kept), indent=1, ensure_ascii=False) + "\n")


def in_order(parts):
    return dict(sorted(parts.items(), key=lambda part: ORDER.index(part[0]) if part[0] in ORDER else len(ORDER)))


def shortly(values):
    """Numbers as exact as such things are, on one line."""
    return " ".join(f"{value:.4g}" for value in values)
