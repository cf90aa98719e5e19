"""One harness for face anti-spoofing: data sets, methods, operators, metrics and reports.

Start reading at ``hookspecs.py`` (what can be extended), ``data.py`` (the words used
everywhere) and ``run.py`` (the chain from videos to a report).
"""

__version__ = "0.1.0"
