"""The script of one measurement's process: its argument is the job, its values are the outcome."""

import json
import sys

from bench.measure import measure

measured = measure(**json.loads(sys.argv[1]))
