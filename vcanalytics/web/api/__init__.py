"""The JSON API: the contract's answers for programs, typed, checked and described.

Imported when it is first needed: its questions are cached, and the caches want Streamlit's runtime,
which is not there yet when the app is put together.
"""
