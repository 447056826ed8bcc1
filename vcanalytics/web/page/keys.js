// Shortcuts of the whole page, and the sheet that lists them. Keys rest while somebody types, with
// a modifier held, and while a dialog is open; arrows rest too while anything has the focus.
const GO_WITHIN_MS = 1500
const TYPING = "input, textarea, select, [contenteditable=true], [role=combobox], [role=textbox]"
const instances = new WeakMap()
const STYLE = new CSSStyleSheet()
STYLE.replaceSync(`
:host { font-family: var(--st-font); color: var(--st-text-color); }
dialog { width: min(560px, 92vw); max-height: 86vh; padding: 22px 24px; box-sizing: border-box;
  color: var(--st-text-color); background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: 6px; font-size: 15px; }
dialog::backdrop { background: rgb(0 0 0 / 0.4); }
header { display: flex; align-items: center; justify-content: space-between; }
h2 { margin: 0; font-size: 15px; font-weight: 600; }
header button { padding: 4px 10px; font: inherit; font-size: 13px; cursor: pointer;
  color: var(--st-text-color); background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius); }
button:focus-visible { outline: 2px solid currentColor; outline-offset: 1px; }
dl { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 24px; margin: 18px 0 0; }
dl div { display: flex; align-items: baseline; gap: 10px; }
dt { min-width: 62px; white-space: nowrap; }
dd { margin: 0; }
kbd { display: inline-block; min-width: 12px; margin-right: 4px; padding: 1px 6px;
  text-align: center; font-family: var(--st-code-font); font-size: 12px;
  color: var(--st-text-color); background: var(--st-secondary-background-color);
  border: 1px solid var(--st-border-color); border-radius: 4px; }
@media (max-width: 560px) { dl { grid-template-columns: 1fr; } }
`)

function typing(event) {
  const at = event.composedPath()[0]
  return at instanceof Element && at.matches(TYPING)
}

function follow(path) {
  const links = [...document.querySelectorAll("a[href]")]
  const here = window.location.origin
  // The navigation's own link goes there without loading everything anew.
  const link = links.find(a => {
    const url = new URL(a.href, here)
    return url.origin === here && url.pathname === path && a.dataset.testid?.endsWith("NavLink")
  })
  if (link) link.click()
  else window.location.assign(path)
}

function search() {
  const field = document.querySelector("input[aria-label^=Search]")
  if (!field) return false
  field.focus()
  field.select()
  return true
}

function rests(self, event) {
  return event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey
    || typing(event) || document.querySelector("[role=dialog]") || self.sheet.open
}

const named = event => event.key.length === 1 ? event.key.toLowerCase() : event.key

// The letter after G, before Streamlit hears it: alone the same ones pause, or take a case of the
// desk or mark it done.
function lead(self, event) {
  if (Date.now() - self.goAt >= GO_WITHIN_MS || rests(self, event)) return
  const path = self.data.pages[named(event)]
  if (!path) return
  self.goAt = 0
  event.preventDefault()
  event.stopPropagation()
  follow(path)
}

// Whether no field or button waits for arrows. A sheet that closes keeps the focus until the browser
// draws again.
function free(self) {
  const at = document.activeElement
  return at === document.body || at === self.sheet.getRootNode().host
}

function press(self, event) {
  if (rests(self, event)) return
  const key = named(event)
  self.goAt = 0
  let done = true
  if (key === "g") self.goAt = Date.now()
  else if (key === "?" || key === "k") self.sheet.showModal()
  else if (key === "/") done = search()
  else if ((key === "ArrowLeft" || key === "ArrowRight") && self.data.steps && free(self)) {
    self.component.setTriggerValue("step", key === "ArrowLeft" ? -1 : 1)
  } else done = false
  if (done) event.preventDefault()
}

function element(tag, text) {
  const node = document.createElement(tag)
  if (text != null) node.textContent = text
  return node
}

function fill(self) {
  const rows = self.data.sheet.map(([keys, what]) => {
    const row = element("div")
    const term = element("dt")
    keys.forEach(key => term.append(element("kbd", key)))
    row.append(term, element("dd", what))
    return row
  })
  self.sheet.querySelector("dl").replaceChildren(...rows)
}

window.vectorcraft.keys = component => {
  const { parentElement, data } = component
  let self = instances.get(parentElement)
  if (!self) {
    parentElement.getRootNode().adoptedStyleSheets.push(STYLE)
    self = { goAt: 0, sheet: parentElement.querySelector("dialog") }
    self.press = event => press(self, event)
    self.lead = event => lead(self, event)
    // A click beside the sheet closes it, as Escape does.
    self.sheet.addEventListener("click", event => {
      if (event.target === self.sheet) self.sheet.close()
    })
    instances.set(parentElement, self)
  }
  self.component = component
  self.data = data
  fill(self)
  document.addEventListener("keydown", self.lead, { capture: true })
  document.addEventListener("keydown", self.press)
  self.sheet.dataset.keys = "heard"
  return () => {
    document.removeEventListener("keydown", self.lead, { capture: true })
    document.removeEventListener("keydown", self.press)
  }
}
