"""Health checks: of one process (own.py), of the whole installation (parts.py), and as metrics (metrics.py).

Each illness has a page in docs/illnesses/, which the operator's page and each alarm link to.
"""
