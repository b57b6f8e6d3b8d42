"""
Fails as it should
==================

About it.
"""

print("before")

# %%
# Then.

raise ValueError("as it should")
