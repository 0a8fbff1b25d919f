"""Guideline rules: a small criterion language, three-valued evaluation, content loading and its checks. Pure."""
