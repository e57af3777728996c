#!/usr/bin/env python3
"""Django's command line for docshare."""

import os
import sys
from contextlib import suppress


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from docshare.embedded import prepare

    with suppress(ImproperlyConfigured):  # said by whatever reads the settings, as Django says it
        prepare()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
