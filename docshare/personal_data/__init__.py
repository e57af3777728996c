"""What the installation keeps of people and of practices: exporting it, erasing it, and saying why the rest stays.

Facts and reasons for the reader are in docs/personal-data.md; what each model means is decided in registry.py.
"""
