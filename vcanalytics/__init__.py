"""The console's core: vocabulary, store, questions, and what is served from them."""
