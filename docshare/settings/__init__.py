"""Settings, from environment variables alone. Any variable `X` can be given as a file by `X_FILE` (secrets).

With no variable set, this is the embedded default: SQLite, files and a private Valkey inside `DATA_DIR`.
`DOCSHARE_ENV=production` refuses settings that only suit the embedded default (see docshare/checks.py).
"""

import django_stubs_ext

from docshare.settings.api import *
from docshare.settings.applications import *
from docshare.settings.database import *
from docshare.settings.fonts import *
from docshare.settings.headers import *
from docshare.settings.installation import *
from docshare.settings.language import *
from docshare.settings.legal import *
from docshare.settings.messages import *
from docshare.settings.observation import *
from docshare.settings.queue import *
from docshare.settings.sign_in import *
from docshare.settings.signing import *
from docshare.settings.static import *
from docshare.settings.storage import *

django_stubs_ext.monkeypatch()
