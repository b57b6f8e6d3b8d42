"""
It raises
=========
"""

print("before")

# %%
# Then it happens.

numbers = [1, 2]
numbers[5]

# %%
# This must not look executed.

print("after")
