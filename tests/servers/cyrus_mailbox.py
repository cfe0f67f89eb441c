"""Makes mailboxes in Cyrus, without a quota, over its IMAP socket.   usage: cyrus_mailbox.py SOCKET USER…"""

import socket
import sys

connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
server = connection.makefile("rwb")
server.readline()


def say(command):
    server.write(f"x {command}\r\n".encode())
    server.flush()
    while line := server.readline():
        if line.startswith(b"x "):
            if not line.startswith(b"x OK") and b"already exists" not in line:
                sys.exit(f"{command.split()[0]}: {line.decode().strip()}")
            return
    sys.exit("imapd has hung up")


say("LOGIN cyrus cyrus-pw")
for user in sys.argv[2:]:
    say(f"CREATE user/{user}")
    say(f"SETQUOTA user/{user} ()")
say("LOGOUT")
