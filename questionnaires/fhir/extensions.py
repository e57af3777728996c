"""The extensions that are understood, and the presentation that is taken and left to our pages."""

ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
LOWEST = "http://hl7.org/fhir/StructureDefinition/minValue"
HIGHEST = "http://hl7.org/fhir/StructureDefinition/maxValue"
UNIT = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"
CONTROL = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl"
CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
HELP = "help"
# These say how a question looks, not what it asks. Our pages decide that.
LOOKS = {"page", "drop-down", "radio-button", "check-box", "text-area", HELP}
# Ours: FHIR R4 has no words for ranges of a sum.
SCORE_RANGE = "urn:docshare:questionnaire:score-range"
