"""FHIR R4 Questionnaire and QuestionnaireResponse, without Django: reading, conditions, answers, scores."""
