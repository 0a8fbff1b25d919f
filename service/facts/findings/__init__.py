"""Results and findings: laboratory, response, CNS, fitness, toxicity."""
