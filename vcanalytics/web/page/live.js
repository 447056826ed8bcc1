// One socket a tab, shared by every listener on the page. A listener shows an age or the state of
// the connection, and reruns its own fragment when a stream it cares for has moved.
const PATH = "/admin/api/live"
const AT_ONCE_MS = 250 // at most so often a listener asks its fragment to rerun, or as its data says
const ASK_AGAIN_MS = 3000 // what was asked and not answered for so long is asked once more
const APART_MS = 8 // Streamlit sends what is set in one go as one: only one fragment would rerun
const KEEP_MS = 15000 // a socket without listeners is kept so long for the next page
const GIVE_UP_MS = 4000 // without a socket for so long, the page falls back to polling

const STYLE = new CSSStyleSheet()
STYLE.replaceSync(`
:host, div, ul { font-family: var(--st-font); font-size: 13px; color: var(--st-gray-text-color); }
[data-vc] { white-space: nowrap; line-height: 20px; }
[data-vc]:empty { line-height: 0; }
.age.stale, .value.stale, .icon.stale { color: var(--st-yellow-text-color); }
.age.late { color: var(--st-yellow-text-color); }
.age.stale { background: var(--st-yellow-background-color); border-radius: 3px; padding: 1px 6px; }
.word { color: var(--st-text-color); }
.dot { display: inline-block; width: 6px; height: 6px; margin-right: 6px; border-radius: 50%;
  border: 2px solid var(--st-background-color); box-sizing: content-box; vertical-align: -1px;
  background: var(--st-gray-color); box-shadow: 0 0 0 1.5px var(--st-gray-color); }
.dot.live { background: var(--st-green-color); box-shadow: 0 0 0 1.5px var(--st-green-color); }
.dot.paused, .dot.stale { background: var(--st-yellow-color);
  box-shadow: 0 0 0 1.5px var(--st-yellow-color); }
.dot.lost { background: var(--st-red-color); box-shadow: 0 0 0 1.5px var(--st-red-color); }
ul { list-style: none; margin: 0; padding: 0; }
li { display: grid; grid-template-columns: 32px 1fr 1.9fr; line-height: 23px; }
li .icon { color: var(--st-green-text-color); }
li .icon.stale { color: var(--st-yellow-text-color); }
li .icon.never { color: var(--st-gray-text-color); }
li .label { color: var(--st-text-color); }
li .note { grid-column: 2 / 4; line-height: 18px; margin-bottom: 4px; white-space: normal; }
`)

function makeHub() {
  const hub = {
    listeners: new Map(), seqs: {}, readAt: {}, problem: null, skewMs: 0,
    connected: false, lostAt: Infinity, heardAt: 0, socket: null, retryMs: 500, timer: 0,
    turns: [],
  }
  const next = () => setTimeout(() => {
    hub.turns.shift()()
    if (hub.turns.length > 0) next()
  }, APART_MS)
  // Each listener asks in a turn of its own.
  hub.inTurn = ask => { if (hub.turns.push(ask) === 1) next() }
  const each = name => hub.listeners.forEach(listener => listener[name] && listener[name]())
  // A hidden tab leaves the room, so that it costs nothing, and hears all when it is looked at
  // again. A page asks for its own figures: it needs to hear only what moved.
  const attend = () => {
    if (hub.socket?.readyState !== WebSocket.OPEN) return
    hub.socket.send(JSON.stringify(
      document.hidden ? { type: "leave_admin_room" } : { type: "join_admin_room", figures: false }))
  }
  const connect = () => {
    if (hub.socket || hub.listeners.size === 0) return
    // Counted from the first try: a page may have been long in coming.
    if (hub.lostAt === Infinity) hub.lostAt = Date.now()
    const url = new URL(PATH, window.location.href)
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:"
    const socket = new WebSocket(url)
    hub.socket = socket
    socket.onopen = attend
    socket.onmessage = event => {
      let message = null
      try { message = JSON.parse(event.data) } catch { return }
      hub.heardAt = Date.now()
      if (!hub.connected) { hub.connected = true; hub.retryMs = 500 }
      if (message.type === "live_update") {
        hub.skewMs = Date.parse(message.timestamp) - Date.now()
        Object.assign(hub.seqs, message.seqs)
        Object.assign(hub.readAt, message.read_at)
        hub.problem = message.problem
      }
      each("tick")
    }
    socket.onclose = () => {
      if (hub.socket !== socket) return
      hub.socket = null
      if (hub.connected) { hub.connected = false; hub.lostAt = Date.now() }
      each("tick")
      setTimeout(connect, hub.retryMs)
      hub.retryMs = Math.min(hub.retryMs * 2, 15000)
    }
  }
  hub.now = () => Date.now() + hub.skewMs
  hub.add = (id, listener) => {
    hub.listeners.set(id, listener)
    if (!hub.timer) hub.timer = setInterval(() => document.hidden || each("tick"), 1000)
    connect()
  }
  hub.drop = id => {
    hub.listeners.delete(id)
    if (hub.listeners.size > 0) return
    // Streamlit unmounts and mounts again between pages: the socket is kept for the next one.
    setTimeout(() => {
      if (hub.listeners.size > 0) return
      clearInterval(hub.timer)
      hub.timer = 0
      if (hub.socket) { const socket = hub.socket; hub.socket = null; socket.close() }
      hub.connected = false
      hub.lostAt = Infinity
    }, KEEP_MS)
  }
  document.addEventListener("visibilitychange", () => { attend(); document.hidden || each("tick") })
  return hub
}

const hub = makeHub()
const instances = new WeakMap()
let nextId = 1

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]
function age(ms) {
  let rest = Math.max(1, Math.round(ms / 1000))
  const parts = []
  for (const [unit, size] of UNITS) {
    const whole = Math.floor(rest / size)
    rest -= whole * size
    if (whole > 0 || parts.length > 0) parts.push([whole, unit])
    if (parts.length === 2) break
  }
  return parts.filter(([whole]) => whole > 0).map(([whole, unit]) => `${whole}\u00a0${unit}`).join(" ")
}

function clock(ms, offsetS) {
  return new Date(ms + offsetS * 1000).toISOString().slice(11, 16)
}

// When a stream was last read with success: as of now, or as it stood when the viewer paused.
const streamReadAt = (data, stream) => data.paused ? data.read_at[stream] : hub.readAt[stream] ?? data.read_at[stream]

// The oldest of the reads that what a listener shows rests on; none read yet: null.
function readAt(data) {
  const times = data.streams.map(s => streamReadAt(data, s)).filter(t => t != null)
  return times.length ? Math.min(...times) : null
}

function put(element, text, tone) {
  if (element.textContent !== text) element.textContent = text
  if (element.className !== tone) element.className = tone
}

function drawAge(self) {
  const read = readAt(self.data)
  if (read === null) return put(self.root, "", "age")
  const old = hub.now() - read
  const stale = old > self.data.stale_after_s * 1000
  // A tile has no room for the chip: the colour alone would not do, so the mark comes along.
  const words = !stale ? age(old) : self.data.narrow ? `! ${age(old).split(" ")[0]}` : `${age(old)} old`
  put(self.root, words, !stale ? "age" : self.data.narrow ? "age late" : "age stale")
}

function drawStatus(self) {
  const { root, data } = self
  if (data.paused) {
    root.replaceChildren(mark("paused"), strong("Paused"), text(` at ${data.paused}`))
    return
  }
  if (!hub.connected && Date.now() - hub.lostAt > GIVE_UP_MS) {
    const seen = hub.heardAt ? `, last seen ${clock(hub.heardAt + hub.skewMs, data.offset_s)}` : ""
    root.replaceChildren(mark("lost"), strong("Not connected"), text(seen))
    return
  }
  const read = readAt(data)
  if (read === null) {
    root.replaceChildren(mark("waiting"), strong("Waiting"), text(" for the first read"))
    return
  }
  const old = hub.now() - read
  const stale = old > data.stale_after_s * 1000
  root.replaceChildren(mark(stale ? "stale" : "live"), strong(stale ? "Stale" : "Live"), text(` \u00b7 ${age(old)}`))
}

function mark(kind) {
  const dot = document.createElement("span")
  dot.className = `dot ${kind}`
  return dot
}
function strong(words) {
  const span = document.createElement("span")
  span.className = "word"
  span.textContent = words
  return span
}
const text = words => document.createTextNode(words)

function drawFreshness(self) {
  const rows = self.data.rows.map(row => {
    const line = document.createElement("li")
    const read = streamReadAt(self.data, row.stream)
    const old = read == null ? null : hub.now() - read
    const stale = old !== null && old > row.expected_s * 1000
    const icon = document.createElement("span")
    icon.className = stale ? "icon stale" : old === null ? "icon never" : "icon"
    icon.textContent = stale ? "!" : old === null ? "\u2013" : "\u2713"
    const label = document.createElement("span")
    label.className = "label"
    label.textContent = row.label
    const value = document.createElement("span")
    value.className = stale ? "value stale" : "value"
    value.textContent = old === null ? "not read yet"
      : stale ? `${age(old)}, expected ${age(row.expected_s * 1000)}` : age(old)
    line.append(icon, label, value)
    if (row.note) {
      const note = document.createElement("span")
      note.className = "note"
      note.textContent = row.note
      line.append(note)
    }
    return line
  })
  self.root.replaceChildren(...rows)
}

const DRAW = { age: drawAge, status: drawStatus, freshness: drawFreshness }

function ask(self) {
  const { data, component } = self
  if (data.paused || !data.reruns || document.hidden) return
  const unanswered = Date.now() - self.askedAt > ASK_AGAIN_MS
  const known = s => Math.max(data.seqs[s] ?? 0, unanswered ? 0 : self.asked[s] ?? 0)
  const trouble = hub.problem ?? ""
  const news = data.trouble !== undefined && hub.heardAt > 0 && trouble !== data.trouble
    && (unanswered || trouble !== self.trouble)
  const moved = news || data.streams.some(s => (hub.seqs[s] ?? 0) > known(s))
  if (!moved) return
  const wait = self.askedAt + (data.every_ms ?? AT_ONCE_MS) - Date.now()
  if (wait > 0) {
    self.later ||= setTimeout(() => { self.later = 0; ask(self) }, wait)
    return
  }
  self.askedAt = Date.now()
  self.trouble = trouble
  for (const s of data.streams) self.asked[s] = hub.seqs[s] ?? 0
  hub.inTurn(() => self.root.isConnected && component.setTriggerValue("moved", self.askedAt))
}

function report(self) {
  if (self.data.show !== "status") return
  const down = !hub.connected && Date.now() - hub.lostAt > GIVE_UP_MS
  const state = down ? "down" : "up"
  // Only news is sent: each report reruns the page.
  if (self.reported === state || (!down && !hub.connected)) return
  self.reported = state
  if (state !== self.data.socket) self.component.setStateValue("socket", state)
}

window.vectorcraft.live = component => {
  const { parentElement, data } = component
  let self = instances.get(parentElement)
  if (!self) {
    parentElement.getRootNode().adoptedStyleSheets.push(STYLE)
    self = { id: nextId++, asked: {}, askedAt: 0, later: 0, reported: null }
    instances.set(parentElement, self)
  }
  self.component = component
  self.data = data
  if (data.first_chart) window.vectorcraft.firstChart(data.first_chart)
  self.root = parentElement.querySelector("[data-vc]")
  self.tick = () => {
    if (!self.root.isConnected) return
    DRAW[data.show]?.(self)
    ask(self)
    report(self)
  }
  hub.add(self.id, self)
  self.tick()
  return () => { clearTimeout(self.later); hub.drop(self.id) }
}
