"""Watching a service: metrics, log lines, traces. What is told holds counts, states, names of ours and times; nothing of a patient."""
