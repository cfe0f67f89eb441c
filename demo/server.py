"""What a person would do in a calendar app: server.py URL USER PASSWORD list | delete NAME | wait

`list` prints the display names of the user's collections, `delete` removes the one of that folder name, `wait` returns when
the server answers. Standard library only.
"""

import base64
import sys
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree

PATIENCE_SECONDS = 60


def send(method, url, login, body=None, depth="0"):
    request = urllib.request.Request(url, data=body, method=method)
    request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    request.add_header("Depth", depth)
    request.add_header("Content-Type", "application/xml")
    # The proxy of the environment is not for this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as response:
        return response.read()


def list_collections(home, login):
    body = b'<propfind xmlns="DAV:"><prop><displayname/><resourcetype/></prop></propfind>'
    tree = ElementTree.fromstring(send("PROPFIND", home, login, body, depth="1"))
    for response in tree.iter("{DAV:}response"):
        kinds = {kind.tag.rpartition("}")[2] for kind in response.find(".//{DAV:}resourcetype")}
        if kinds & {"calendar", "addressbook"}:
            kind = "calendar" if "calendar" in kinds else "address book"
            print(f"  {response.find('.//{DAV:}displayname').text} ({kind})")


def wait(home, login):
    for _ in range(PATIENCE_SECONDS * 20):
        try:
            return send("PROPFIND", home, login)
        except urllib.error.URLError:
            time.sleep(0.05)
    sys.exit(f"{home} does not answer")


def main():
    url, user, password, what, *names = sys.argv[1:]
    home, login = f"{url}{user}/", f"{user}:{password}"
    if what == "list":
        list_collections(home, login)
    elif what == "delete":
        send("DELETE", f"{home}{names[0]}/", login)
    else:
        wait(home, login)


main()
