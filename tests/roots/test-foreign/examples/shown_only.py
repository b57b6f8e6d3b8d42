"""
Shown, not executed
===================

About it.
"""

raise SystemExit("this is not executed")
