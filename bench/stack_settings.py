"""The site's settings with one more address, the floor for measurements of downloads."""

from docshare.settings import *  # noqa: F403

ROOT_URLCONF = "bench.stack_urls"
