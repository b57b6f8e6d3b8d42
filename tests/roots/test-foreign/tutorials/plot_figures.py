"""
The same name elsewhere
=======================

About it.
"""

# sphinx_gallery_multi_image = "single"
import matplotlib.pyplot as plt

for number in range(2):
    plt.figure(figsize=(1, 1))
    plt.title(f"Number {number}")
