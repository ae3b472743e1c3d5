"""Benchmarks: figures against budgets and, where one exists, against a baseline measured in the same run."""
