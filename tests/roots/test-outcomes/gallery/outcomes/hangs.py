"""
It never ends
=============
"""

print("before")

# %%
# Then it happens.

# sphinx_gallery_time_limit = 1.5
while True:
    pass

# %%
# This must not look executed.

print("after")
