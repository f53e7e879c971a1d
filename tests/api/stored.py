# SPDX-License-Identifier: MIT
"""What a site keeps on disk, for the few tests that look there or put something wrong there on purpose."""
import os
import sqlite3
from contextlib import closing


def path(site, *names):
    return os.path.join(site.data, *names)


def rooms_db(site, sql, *values):
    """Runs one statement on the site's rooms and returns its rows."""
    with closing(sqlite3.connect(path(site, "rooms.db"), timeout=10)) as db, db:
        return db.execute(sql, values).fetchall()
