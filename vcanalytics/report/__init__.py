"""A day or a week on paper: the figures and charts of the pages, as a PDF.

``making.make`` is what others call. Each subject is a module that gives blocks; ``report.typ`` sets
them.
"""
