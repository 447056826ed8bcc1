"""HTTP: routes, the push socket, and who may speak to the server. Knows no Streamlit."""
