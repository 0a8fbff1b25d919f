"""From verdicts to cards: what is worth saying now, merged over rules and sources, ordered and capped. Pure."""
