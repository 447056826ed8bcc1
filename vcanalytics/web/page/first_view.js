// The panel that came with the index (vcanalytics/web/first_view.py): it lies where Streamlit's own
// will stand, and goes once that one has its chart.
const BOX = ".st-key-box_takings"
const CHART = `${BOX} [data-testid=stVegaLiteChart] .marks`
const COMING = `${BOX} :is([data-testid=stVegaLiteChart], [data-testid=stSkeleton])`
const FINISHED = "[data-testid=stApp][data-test-script-state=notRunning]"
const TOUCHES = ["pointerdown", "keydown", "wheel"]

addEventListener("DOMContentLoaded", () => {
  const view = document.getElementById("first-view")
  if (!view) return
  const go = () => {
    view.remove()
    watch.disconnect()
    for (const kind of TOUCHES) removeEventListener(kind, go, true)
  }
  // In place of a chart the panel may say why there is none; and a link may lead away from it.
  const over = () =>
    document.querySelector(CHART) ||
    (document.querySelector(`${FINISHED} ${BOX}`) && !document.querySelector(COMING)) ||
    location.pathname !== "/"
  const watch = new MutationObserver(() => { if (over()) go() })
  watch.observe(document.body, { childList: true, subtree: true, attributes: true })
  // Whoever does something is not kept from it.
  for (const kind of TOUCHES) addEventListener(kind, go, true)
})
