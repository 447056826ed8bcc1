// The first script of every page. Streamlit's own guesses where the server is by asking below the
// page's path first, which is answered with 404 and costs a round trip: here it is said.
window.__streamlit = { BACKEND_BASE_URL: window.location.origin + "/" }
// What the pages' components draw with: vcanalytics.ui names them, the files beside this one hold them.
window.vectorcraft = {}
// Now and then it says that somebody is at the page: what goes over Streamlit's socket may be the
// page's own doing, and must not keep an abandoned session alive.
let told = Date.now()
const here = () => {
  if (Date.now() - told < 60000) return
  told = Date.now()
  fetch("/admin/here", { method: "POST" }).catch(() => {})
}
for (const kind of ["pointerdown", "keydown", "wheel"])
  addEventListener(kind, here, { capture: true, passive: true })
