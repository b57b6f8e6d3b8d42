"""
It takes more memory than it may
================================
"""

print("before")

# %%
# Then it happens.

# sphinx_gallery_memory_limit = 300
import time

hoard = [bytearray(50_000_000) for _ in range(12)]
time.sleep(20)

# %%
# This must not look executed.

print("after")
