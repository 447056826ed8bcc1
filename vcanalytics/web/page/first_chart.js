// Says to the server that the first chart of this tab is painted: the rest of the page waits for it
// (vcanalytics/ui/first_chart.py).
const CHART = "[data-testid=stVegaLiteChart] .marks"
let said = false

window.vectorcraft.firstChart = word => {
  if (said) return
  said = true
  const say = () => fetch(`/admin/painted?word=${word}`, { method: "POST" }).catch(() => {})
  const seen = () => {
    if (!document.querySelector(CHART)) return false
    // The frame that shows it is the next one.
    requestAnimationFrame(() => setTimeout(say))
    return true
  }
  if (seen()) return
  const watch = new MutationObserver(() => { if (seen()) watch.disconnect() })
  watch.observe(document.body, { childList: true, subtree: true })
}
