"""The page that Overview is compared with: one line chart."""

import streamlit as st

st.line_chart({"takings": [3, 1, 4, 1, 5, 9, 2, 6]})
