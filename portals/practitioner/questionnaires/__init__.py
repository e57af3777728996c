"""The questionnaires of the practice, for its administrators: the list, the editor, the versions."""
