"""
It calls os._exit
=================
"""

print("before")

# %%
# Then it happens.

import os

os._exit(0)

# %%
# This must not look executed.

print("after")
