"""
An animation
============

About it.
"""

import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation

fig, ax = plt.subplots(figsize=(1, 1))
(line,) = ax.plot([0, 1], [0, 1])
moving = FuncAnimation(fig, lambda i: line.set_ydata([0, i]), frames=2)
