"""Checks whether the servers in DATABASE_URL and REDIS_URL answer; prints a sentence and exits with 1 if one does
not."""

from __future__ import annotations

import os
import sys

import environ
import psycopg
import redis


def main() -> int:
    faults = []
    database = environ.Env.db_url_config(os.environ["DATABASE_URL"])
    try:
        psycopg.connect(
            host=database["HOST"] or None, port=database["PORT"] or None, user=database["USER"] or None,
            password=database["PASSWORD"] or None, dbname="postgres", connect_timeout=5,
        ).close()  # fmt: skip
    except psycopg.OperationalError as error:
        faults.append(f"PostgreSQL does not answer (DATABASE_URL): {error}")
    try:
        redis.Redis.from_url(os.environ["REDIS_URL"], socket_connect_timeout=5).ping()
    except redis.RedisError as error:
        faults.append(f"Redis does not answer (REDIS_URL): {error}")
    for fault in faults:
        print(fault.strip(), file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
