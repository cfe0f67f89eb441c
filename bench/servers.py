"""A Radicale whose folder is in memory, filled without asking it, and a slow line to it that counts (`bench/proxy.rs`)."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

from measuring import ROOT, compiled

TOOLS = pathlib.Path(os.environ.get("SRVTOOLS", ROOT / "target" / "tools"))
# Where no disk is waited for; Radicale syncs each file that it is given.
MEMORY = pathlib.Path("/dev/shm") if pathlib.Path("/dev/shm").is_dir() else ROOT / "target"
AUTHORIZATION = {"Authorization": "Basic YWxpY2U6YWxpY2UtcHc="}


class Radicale:
    """A server of its own on a free port, with a line to it."""

    def __init__(self, stage, name):
        self.folder = MEMORY / f"davault-bench-{os.getpid()}-{name}"
        self.folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = stage / f"{name}.log"
        self.server = self.line = None

    def __enter__(self):
        with open(self.log, "w") as log:
            command = [ROOT / "tests" / "servers" / "radicale.sh", self.folder, str(self.port)]
            self.server = subprocess.Popen(command, stdout=log, stderr=log)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            sys.exit(f"Radicale does not listen: {self.log.read_text()}")
        self.line = Line(self.port)
        return self

    def __exit__(self, *_):
        self.line.close()
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()
        shutil.rmtree(self.folder)

    def pid(self):
        """Its script became it."""
        return self.server.pid

    def collections(self):
        return self.folder / "store" / "collection-root" / "alice"

    def fill(self, calendars):
        """Takes over calendars (`events.py`) as if they had been there before it was started."""
        for name, items in calendars:
            to = self.collections() / name
            to.mkdir(parents=True)
            (to / ".Radicale.props").write_text(json.dumps({"tag": "VCALENDAR", "D:displayname": name}))
            for item, content in items:
                (to / item).write_bytes(content)
        self.warm_up()

    def empty(self):
        for collection in self.collections().iterdir():
            shutil.rmtree(collection)

    def warm_up(self):
        """Lets it parse everything once, as it does with what it is given by PUT; it keeps what comes of that."""
        for collection in sorted(self.collections().iterdir()):
            self.ask("PROPFIND", f"/alice/{collection.name}/", '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>')

    def ask(self, method, href, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, href, body, {**AUTHORIZATION, "Depth": "1"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            sys.exit(f"{method} {href}: {answer.status} {text.decode()}")

    def change(self, count, stamp):
        """Gives so many events, spread over all, a further line."""
        items = sorted(item for item in self.collections().glob("*/*.ics") if b"\r\nSUMMARY" in item.read_bytes())
        for item in items[:: max(1, len(items) // count)][:count]:
            before, after = item.read_bytes().split(b"\r\nSUMMARY", 1)
            content = before + b"\r\nX-BENCH:%d\r\nSUMMARY" % stamp + after
            self.ask("PUT", f"/alice/{item.parent.name}/{item.name}", content)


class Line:
    """The way to a server through the proxy, which delays and counts."""

    def __init__(self, port):
        program = compiled("proxy")
        self.proxy = subprocess.Popen([program, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.proxy.stdout.readline())

    def delay(self, round_trip_ms):
        self.say(f"delay {round_trip_ms}")

    def counts(self):
        """What went over it since the last time."""
        self.say("count")
        return json.loads(self.proxy.stdout.readline())

    def say(self, words):
        self.proxy.stdin.write(f"{words}\n")
        self.proxy.stdin.flush()

    def close(self):
        self.proxy.stdin.close()
        self.proxy.wait()
