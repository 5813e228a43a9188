"""The auditor's report: who had access to what and when, as one page that needs nothing else."""
