"""The benchmark matrix: workloads by stacks, each proven equal before it is timed.

A *workload* is a model and a batch (:mod:`bench.workloads`); a *stack* is a framework with its
mode (:mod:`bench.stacks`). One process measures one stack on one workload (:mod:`bench.one`): it
first has to pass the gate (:mod:`bench.gate`), then is timed (:mod:`bench.timing`). The matrix
(:mod:`bench.matrix`) starts those processes in rounds, one after another, and writes the record
after each. `make bench` is the command; the site shows the records (:mod:`site_ext.claims.benchmarks`).
"""
