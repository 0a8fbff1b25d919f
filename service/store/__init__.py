"""What outlives a call: used token ids, feedback, decision traces, suppressions. SQLite, or PostgreSQL in production."""
