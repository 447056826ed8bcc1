// The theme that was picked, on every page: Streamlit keeps it by the page's path, so that a link
// into another page would be light for whoever had picked dark. What it keeps is set before it looks.
const KEPT = "vectorcraft-theme"
const own = () => `stActiveTheme-${location.pathname}-v2`
const ITEM = "stMainMenuItem-theme-"
const within = (read, otherwise) => {
  // A browser may refuse to keep anything; then its own preference counts.
  try { return read() } catch { return otherwise }
}
const theme = within(() => {
  const kept = localStorage.getItem(KEPT)
  if (kept) localStorage.setItem(own(), JSON.stringify(kept))
  return kept || JSON.parse(localStorage.getItem(own()) || '""')
}, "")
if (theme === "Dark" || theme === "Light") document.documentElement.dataset.theme = theme.toLowerCase()
addEventListener("click", event => {
  const item = event.target.closest && event.target.closest(`[data-testid^=${ITEM}]`)
  if (!item) return
  within(() => localStorage.setItem(KEPT, item.dataset.testid.slice(ITEM.length)))
}, { capture: true })
