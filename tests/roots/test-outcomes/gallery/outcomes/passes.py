"""
It passes
=========
"""

print("before")

# %%
# Then it happens.

measured = {"answer": 42}

# %%
# This must not look executed.

print("after")
