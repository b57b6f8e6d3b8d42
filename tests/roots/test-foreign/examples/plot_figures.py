"""
Several figures
===============

About it.
"""

import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 2)
axes[0].set_title("Left one", loc="left")
axes[1].set_title("Right one")
fig.suptitle("Both")
plt.figure(figsize=(2, 1), dpi=50)
plt.plot([1, 2])
plt.show()

# %%
# One that waits for the next cell.

plt.figure()
plt.title("Waiting")
# sphinx_gallery_defer_figures

# %%
# Here it comes.

print("it comes")
