"""
What expressions look like
==========================

About it.
"""

import helping

thing = helping.Thing()
thing

# %%
# A plain one.

40 + 2

# %%
# One that is nothing.

print("printed")

# %%
# One that is not to be shown.

import matplotlib.pyplot as plt

plt.text(0, 0, "words")
