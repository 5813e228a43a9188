"""The auditor's report: who had access to what and when, as one self-contained page."""
