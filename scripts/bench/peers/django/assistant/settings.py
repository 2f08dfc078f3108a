"""What Django's documentation recommends for PostgreSQL, and nothing else: no application but this one."""

import os

SECRET_KEY = "not a secret: nothing is signed here"
INSTALLED_APPS = ["assistant"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        # A folder: the server's Unix socket is in it.
        "HOST": os.environ["BENCH_PG_HOST"],
        "USER": os.environ["BENCH_PG_USER"],
        "NAME": os.environ["BENCH_PG_DATABASE"],
        # Each thread keeps its connection. Django's pool is the alternative: with as many connections as
        # threads it would only add its own work to each call.
        "CONN_MAX_AGE": None,
    }
}
