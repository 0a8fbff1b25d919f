"""The course of the disease: states, relapses, remissions, clocks, phase, transplant."""
