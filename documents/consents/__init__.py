"""The patient's signature under a shared document: asked for, given with evidence, refused, withdrawn."""
