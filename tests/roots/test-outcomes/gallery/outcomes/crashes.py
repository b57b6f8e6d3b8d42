"""
It crashes
==========
"""

print("before")

# %%
# Then it happens.

import ctypes

ctypes.string_at(0)

# %%
# This must not look executed.

print("after")
