"""
No example
==========

About it.
"""

raise SystemExit
