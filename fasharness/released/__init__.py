"""Data sets in their released layout: files named by rule, side files, lists, validation, pages."""
