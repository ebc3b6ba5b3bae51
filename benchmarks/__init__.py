"""The workloads that ``make bench`` measures: ratios against the barest way of doing the same work."""
