"""
Arguments and resets
====================

About it.
"""

import sys

import helping

print(sys.argv[1:], helping.state)
