"""Those who are measured on one server: davault, vdirsyncer, and the bare requests (`bench/bare.rs`)."""

import json
import os
import pathlib
import subprocess

from measuring import DAVAULT, compiled, measure
from servers import TOOLS

LOGIN = ["-o", "username=alice", "-o", "password=alice-pw"]
# Most requests at once of all three; davault's default, and vdirsyncer's own is more.
CONNECTIONS = 4


class Davault:
    """davault with caches and a vault of its own, whose passphrase costs next to nothing."""

    title = "davault"

    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.vault = folder / "vault"
        self.environment = {**os.environ, "DAVAULT_PASSPHRASE": "bench"}
        self.environment |= {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "CACHE", "STATE")}
        self.environment.pop("DAVAULT_REPOSITORY", None)
        self.run("create", "-key-memory", "8")

    def run(self, *words):
        return measure([DAVAULT, "at", self.vault, *words], env=self.environment)

    def back_up(self, port, *options):
        measured = self.run("backup", f"dav://http://127.0.0.1:{port}/", *LOGIN, *options, "--json")
        measured.summary = json.loads(measured.output)
        return measured

    def take(self, folder):
        return self.run("-quiet", "backup", folder)

    def restore(self, port):
        return self.run("restore", "-to", f"dav://http://127.0.0.1:{port}/", *LOGIN)


VDIRSYNCER = """
[general]
status_path = "{folder}/status"

[pair calendars]
a = "calendars_server"
b = "calendars_folder"
collections = ["from a"]

[storage calendars_server]
type = "caldav"
url = "http://127.0.0.1:{port}/"
username = "alice"
password = "alice-pw"

[storage calendars_folder]
type = "filesystem"
path = "{folder}/calendars"
fileext = ".ics"
"""


class Vdirsyncer:
    """vdirsyncer with a status of its own; what it finds of collections, it has found before it is measured."""

    title = "vdirsyncer"
    program = TOOLS / "vdirsyncer" / "bin" / "vdirsyncer"

    def __init__(self, folder, port):
        folder.mkdir(parents=True)
        (folder / "config").write_text(VDIRSYNCER.format(folder=folder, port=port))
        self.command = [self.program, "-v", "ERROR", "-c", folder / "config"]
        # It asks for each folder whether to make it.
        answers = "y\n" * 10_000
        subprocess.run([*self.command, "discover"], input=answers, text=True, check=True, stdout=subprocess.DEVNULL)

    def sync(self):
        return measure([*self.command, "sync"])


class Bare:
    """The requests alone."""

    title = "bare requests"

    def __init__(self):
        self.program = compiled("bare")

    def ask(self, what, port):
        return measure([self.program, str(port), what, str(CONNECTIONS)])

    def put(self, port, folder: pathlib.Path, connections):
        return measure([self.program, str(port), "put", str(connections), folder])
