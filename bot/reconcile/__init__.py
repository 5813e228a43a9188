"""Reconcile: cluster by cluster, read the rules, plan, write, read back, record what was seen."""
