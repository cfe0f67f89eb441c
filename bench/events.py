"""Plain events of about 1 KB, which a server parses in a fraction of the time of those of tests/support/generate.rs."""

import random

WORDS = """meeting review planning budget project release lunch coffee call customer team weekly report invoice design travel
flight hotel dentist school birthday concert training workshop quarterly strategy hiring interview deadline milestone demo
retrospective support incident holiday vacation party dinner breakfast garden repair car""".split()


def calendars(count, events_each):
    """So many calendars: the name of each, and its events as names and contents."""
    for number in range(count):
        yield f"calendar-{number}", events(events_each, random.Random(number))


def events(count, chance):
    for _ in range(count):
        uid = f"{chance.getrandbits(128):032x}"
        yield f"{uid}.ics", event(uid, chance).encode()


def event(uid, chance):
    def some(words):
        return " ".join(chance.choices(WORDS, k=words))

    month, day, hour = chance.randint(1, 12), chance.randint(1, 28), chance.randint(7, 18)
    start = f"2026{month:02}{day:02}T{hour:02}"
    # Lines of at most 75 octets (RFC 5545 §3.1).
    description = "\r\n ".join(some(6) for _ in range(12))
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//davault//bench//EN\r\nBEGIN:VEVENT\r\n"
        f"UID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{start}0000Z\r\nDTEND:{start}3000Z\r\nSUMMARY:{some(4)}\r\n"
        f"LOCATION:{some(3)}\r\nDESCRIPTION:{description}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )


def write(folder, calendars):
    """Writes them as folders of files, as `davault backup FOLDER` takes them; returns their bytes."""
    written = 0
    for name, items in calendars:
        (folder / "calendars" / name).mkdir(parents=True)
        for item, content in items:
            written += (folder / "calendars" / name / item).write_bytes(content)
    return written


def read(folder):
    """The calendars of such a folder."""
    for calendar in sorted((folder / "calendars").iterdir()):
        yield calendar.name, ((item.name, item.read_bytes()) for item in sorted(calendar.glob("*.ics")))
