"""One picture a file: each function takes plain values and returns SVG that stands alone.

Colours and strokes are presentation attributes, so a picture looks right where style sheets are blocked and when it is
saved; classes only let the page's style sheet adapt it to a dark screen.
"""
