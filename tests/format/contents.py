"""Writes the account of one day as folders of items.  usage: contents.py FOLDER DAY"""

import pathlib
import random
import sys

folder, day = pathlib.Path(sys.argv[1]), int(sys.argv[2])
WORDS = "lunch meeting call report travel garden letter doctor school train music budget review dinner holiday repair".split()


def event(uid, summary, description=""):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//davault//format//EN", "BEGIN:VEVENT", f"UID:{uid}"]
    lines += ["DTSTAMP:20260101T000000Z", "DTSTART:20260101T100000Z", f"SUMMARY:{summary}"]
    lines += [f"DESCRIPTION:{description}"] * bool(description) + ["END:VEVENT", "END:VCALENDAR"]
    return "\r\n".join(lines).encode() + b"\r\n"


def card(uid, name):
    return f"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:{uid}\r\nFN:{name}\r\nEND:VCARD\r\n".encode()


def write(path, content):
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)


numbers = random.Random(7)
for n in range(12):
    write(f"calendars/work/{n:02}.ics", event(f"work-{n}", " ".join(numbers.choices(WORDS, k=5))))
for n in range(6):
    write(f"contacts/friends/{n:02}.vcf", card(f"friend-{n}", f"Zoë {WORDS[n].title()} {n}"))
write("calendars/work/displayname", "Büro – Arbeit".encode())
# Of more than 512 KiB, so in two parts or more; and small in the vault.
lines = "\r\n ".join(" ".join(numbers.choices(WORDS[:3], k=1) * 11) for _ in range(9000))
write("calendars/work/large.ics", event("large", "much to say", lines))
# What is new, changed and gone from day to day.
write(f"calendars/daily/{day % 5}.ics", event(f"daily-{day}", f"day {day}"))
write("calendars/work/00.ics", event("work-0", f"changed on day {day}"))
