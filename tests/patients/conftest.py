from tests.documents.conftest import *  # noqa: F403  # the same documents
