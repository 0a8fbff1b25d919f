"""Small services that peers are measured with. Each runs in an environment of its own and imports nothing of Allcue."""
