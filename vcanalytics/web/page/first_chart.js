// Says to the server that the first chart of this tab is painted: the rest of the page waits for it
// (vcanalytics/ui/first_chart.py). A tab that connects anew is given another word.
// The panel that came with the index (first_view.js) is seen all the while.
const CHART = "#first-view, [data-testid=stVegaLiteChart] .marks"
let known = ""

window.vectorcraft.firstChart = word => {
  if (word === known) return
  known = word
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
