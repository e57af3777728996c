"""Structured questions of a practice, and the answers of patients; FHIR R4 Questionnaire is the model."""
