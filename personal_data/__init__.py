"""Exports and erases data of people and of practices, and gives reasons for data that stay.

docs/personal-data.md explains the rules; registry.py has the decisions for each model.
"""
