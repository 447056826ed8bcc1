"""The vocabulary: streams and their columns, payments, money, times and windows."""
