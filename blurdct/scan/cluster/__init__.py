"""A scan by the machines of a Ray cluster: into a folder of Parquet parts, the rows all the same.

``engine`` is the one that the command calls; ``listing``, ``judging`` and ``probe`` run elsewhere.
"""
