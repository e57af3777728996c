"""The pages on which the administrators of a practice run it: one subject each, all below /pro/settings/."""
