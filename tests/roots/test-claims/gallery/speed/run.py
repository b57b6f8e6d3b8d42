"""
Run it
======
"""

measured = {"seconds_alpha": 3.5, "seconds_beta": 1.5, "winner": "beta"}
