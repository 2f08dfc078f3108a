"""Django in a process that measures itself: a request a line on stdin, an answer a line on stdout, both JSON.

    {"do": "open", "users": 500, "history": 0, "context": {}, "texts": ["..."]}
    {"do": "sample", "verb": "storeLine", "callers": 256, "ms": 1500, "perCall": 1}

    python serve.py <folder of the server's socket> <user> <database>

An error is answered as {"error": "..."}. When stdin ends, so does the process, whatever is under way.
"""

import json
import os
import sys
import threading
from queue import SimpleQueue

import django

host, user, database = sys.argv[1:]
os.environ.update(
    BENCH_PG_HOST=host,
    BENCH_PG_USER=user,
    BENCH_PG_DATABASE=database,
    DJANGO_SETTINGS_MODULE="assistant.settings",
)
django.setup()

from django.db import connection  # noqa: E402

from measure import sample  # noqa: E402
from people import People  # noqa: E402

SETTINGS = ["server_version", "fsync", "synchronous_commit", "full_page_writes"]


def describe():
    """What answers here, and how durable it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [SETTINGS])
        return {"django": django.get_version(), **dict(cursor.fetchall())}


class Requests:
    people = None

    def open(self, **scene):
        self.people = People(**scene)
        return describe()

    def sample(self, verb, callers, ms, perCall):
        call = self.people.verb(verb, perCall)
        return sample(call, callers=callers, seconds=ms / 1000, per_call=perCall)


def answer_all(lines):
    requests = Requests()
    while True:
        request = json.loads(lines.get())
        try:
            answer = getattr(requests, request.pop("do"))(**request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


lines = SimpleQueue()
threading.Thread(target=answer_all, args=[lines], daemon=True).start()
for line in sys.stdin:
    lines.put(line)
os._exit(0)
