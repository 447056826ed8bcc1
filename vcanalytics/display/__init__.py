"""How figures look, on pages and in files alike: numbers, times, ranges, words, charts."""
