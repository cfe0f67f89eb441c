"""moto's S3 server, with what Google's XML API says otherwise.  usage: moto_server.py PORT

Google Cloud Storage's XML API is S3's, multipart uploads and lists included, but for how a request signs in, which moto
does not look at, and for the condition that a file is not there yet, which is put into S3's words here.
"""

import sys
import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

moto = DomainDispatcherApplication(create_backend_app)
# moto looks and writes in two steps; a real store does in one.
one_at_a_time = threading.Lock()


def answer(environ, start_response):
    if environ.pop("HTTP_X_GOOG_IF_GENERATION_MATCH", None) == "0":
        environ["HTTP_IF_NONE_MATCH"] = "*"
    with one_at_a_time:
        return moto(environ, start_response)


run_simple("127.0.0.1", int(sys.argv[1]), answer, threaded=True)
