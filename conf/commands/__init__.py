"""What ``make`` runs: ``python -m commands.<name>``, with ``conf/`` on the path."""
