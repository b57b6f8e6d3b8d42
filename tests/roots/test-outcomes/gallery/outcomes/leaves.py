"""
It calls sys.exit
=================
"""

print("before")

# %%
# Then it happens.

import sys

sys.exit(0)

# %%
# This must not look executed.

print("after")
