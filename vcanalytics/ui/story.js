// Facts and events of one payment. All of it is customers' text: it is set as text, never as
// markup, so that nothing in it can become a link, an image or a script.
function element(tag, name, text) {
  const node = document.createElement(tag)
  if (name) node.className = name
  if (text != null) node.textContent = text
  return node
}

function fact(row) {
  const line = element("div", "fact")
  const value = element("dd")
  for (const part of row.parts) {
    const name = [part.code ? "code" : "", part.tone ? `chip ${part.tone}` : ""].join(" ").trim()
    value.append(element("span", name, part.text), document.createTextNode(" "))
  }
  line.append(element("dt", "", row.label), value)
  return line
}

function event(row) {
  const line = element("li", row.tone === "quiet" ? "quiet" : "")
  const time = element("time", "", row.time)
  time.title = row.full
  time.dateTime = row.iso
  const icon = element("span", `icon ${row.tone}`, row.icon)
  icon.setAttribute("aria-hidden", "true")
  const what = element("span", "what")
  what.append(element("strong", "", row.what))
  if (row.detail) what.append(document.createTextNode(" " + row.detail))
  line.append(time, icon, what, element("span", "gap", row.gap))
  return line
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector("[data-vc]")
  const facts = element("dl")
  facts.append(...data.facts.map(fact))
  const events = element("ol")
  events.append(...data.events.map(event))
  root.replaceChildren(...(data.facts.length ? [facts] : []), ...(data.events.length ? [events] : []))
}
