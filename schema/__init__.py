"""Migration operations that let the previous version go on working while they run."""
