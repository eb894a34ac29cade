"""Which database and Redis a platform uses: those that the caller names, embedded ones for the rest."""

import os
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from deploy.data_folder import DataFolder
from deploy.embedded.ports import free_port
from deploy.embedded.postgres import APPLICATION, OWNER, Passwords, Postgres
from deploy.embedded.redis_server import RedisServer
from deploy.errors import StartRefused
from deploy.processes import Child

# In an env file: which of its addresses are embedded servers, whose ports and passwords are ours to choose.
MARK = "HEADWATERS_EMBEDDED"
POSTGRES, REDIS = "postgres", "redis"
DATABASE_NAMES = ("DATABASE_URL", "DATABASE_OWNER_URL")


def start_servers(folder: DataFolder, add: Callable[[Child], None]) -> dict[str, str]:
    """Start what the caller does not bring; returns the values for DIR/env, all but the web port.

    `add` receives every started child at once, so that a failure after it still stops it.
    """
    given, before = named_by_caller(os.environ), folder.remembered()
    kept = before.get(MARK, "").split()
    own = {
        "SECRET_KEY": given.get("SECRET_KEY") or before.get("SECRET_KEY") or new_secret(),
        "DATA": str(folder.path),
        "STORAGE_URL": given.get("STORAGE_URL") or f"file://{folder.path}/storage",
        MARK: " ".join(name for name, url in ((POSTGRES, "DATABASE_URL"), (REDIS, "REDIS_URL")) if url not in given),
    }
    if "DATABASE_URL" in given:
        own |= {name: given[name] for name in DATABASE_NAMES}
    else:
        own |= _start_postgres(folder, before if POSTGRES in kept else {}, add)
    own["REDIS_URL"] = given.get("REDIS_URL") or _start_redis(folder, before if REDIS in kept else {}, add)
    return own


def named_by_caller(environment: Mapping[str, str]) -> dict[str, str]:
    """The servers, storage and key that the caller's environment names.

    A shell that has loaded a DIR/env names the embedded servers, storage and key of that folder, which is no
    wish for this one. Raises StartRefused for a database with one of its two addresses missing.
    """
    names = {*DATABASE_NAMES, "REDIS_URL", "STORAGE_URL", "SECRET_KEY"}
    if MARK in environment:
        embedded = environment[MARK].split()
        names -= {"STORAGE_URL", "SECRET_KEY"}
        names -= set(DATABASE_NAMES) if POSTGRES in embedded else set()
        names -= {"REDIS_URL"} if REDIS in embedded else set()
    given = {name: environment[name] for name in names if environment.get(name)}
    missing = [name for name in DATABASE_NAMES if name not in given]
    if len(missing) == 1:
        raise StartRefused(
            f"Set {missing[0]} too: DATABASE_OWNER_URL signs in the role that migrates, "
            "DATABASE_URL the application's role, which owns nothing."
        )
    return given


def new_secret() -> str:
    """A random password of letters and digits, safe in addresses and shells."""
    return secrets.token_hex(24)


def _start_postgres(folder: DataFolder, before: Mapping[str, str], add: Callable[[Child], None]) -> dict[str, str]:
    application, owner = (urlsplit(before.get(name, "")) for name in DATABASE_NAMES)
    passwords = Passwords(owner=owner.password or new_secret(), application=application.password or new_secret())
    server = Postgres(folder=folder.path, port=application.port or free_port(), passwords=passwords)
    if server.data.exists() and not (owner.password and application.password):
        server.set_passwords()  # DIR/env was lost
    add(server.start())
    return {"DATABASE_URL": server.url(APPLICATION), "DATABASE_OWNER_URL": server.url(OWNER)}


def _start_redis(folder: DataFolder, before: Mapping[str, str], add: Callable[[Child], None]) -> str:
    known = urlsplit(before.get("REDIS_URL", ""))
    server = RedisServer(folder=folder.path, port=known.port or free_port(), password=known.password or new_secret())
    add(server.start())
    return server.url()
