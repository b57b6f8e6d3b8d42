"""
It publishes what cannot be quoted
==================================
"""

print("before")

# %%
# Then it happens.

measured = {"history": [1.0, 2.0]}

# %%
# This must not look executed.

print("after")
