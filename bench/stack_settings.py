"""The site's settings with one more address: what the measurements of files are held against."""

from docshare.settings import *  # noqa: F403

ROOT_URLCONF = "bench.stack_urls"
