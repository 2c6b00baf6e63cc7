// SPDX-License-Identifier: GPL-2.0-only
"use strict";
// Without this script the titles in the picture and the table say the same.
const id = name => document.getElementById(name);
const map = id("map"), tip = id("tip"), details = id("details"), panel = id("panel");
const lanes = map.querySelector(".lanes");
const boxes = [...lanes.querySelectorAll(".box")], flags = [...map.querySelectorAll(".flag")];
const items = [...boxes, ...flags], stories = new Map();
const HINT = "Choose a box with a click, or reach the map with Tab and a box with the arrow keys, " +
  "Home and End; Enter keeps the details here, Escape closes them. The keys + - 0 zoom.";
const MOST = 100; // records of one box in the details
let active = null, pinned = null, zoom = 1, touch = false;

for (const item of items) {
  const title = item.querySelector("title");
  stories.set(item, title.textContent);
  item.setAttribute("aria-label", title.textContent);
  item.setAttribute("role", "button");
  title.remove(); // or the browser would show it, too
}
map.setAttribute("role", "application");
map.setAttribute("aria-label", "Map of physical addresses");
id("tools").hidden = panel.hidden = false;
details.textContent = HINT;

function show(item, x, y) {
  // A finger would cover it; the details below say the same.
  if (touch)
    return;
  tip.textContent = stories.get(item);
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 8)) + "px";
  tip.style.top = (y + 20 + box.height < innerHeight ? y + 20 : Math.max(4, y - box.height - 12)) + "px";
}

for (const kind of ["pointerdown", "pointermove"])
  document.addEventListener(kind, e => { touch = e.pointerType == "touch"; }, true);
document.addEventListener("keydown", () => { touch = false; }, true);

function showAt(item) {
  const box = item.getBoundingClientRect();
  show(item, Math.max(4, box.left), box.top + 4);
}

// The only item that Tab reaches; the arrow keys move it.
function activate(item) {
  if (active)
    active.setAttribute("tabindex", "-1");
  active = item;
  if (active)
    active.setAttribute("tabindex", "0");
}

function unpin() {
  if (pinned) {
    pinned.classList.remove("pinned");
    pinned.removeAttribute("aria-pressed");
  }
  pinned = null;
  panel.classList.remove("open");
  id("close").hidden = true;
  details.textContent = HINT;
  for (const article of document.querySelectorAll("article.found"))
    article.classList.remove("found");
}

function pin(item, hit) {
  unpin();
  pinned = item;
  let text = item ? stories.get(item) : "";
  const all = item ? recordsOf(item) : [];
  if (all.length > 4) // the story does not name more
    text += `\n\nAll ${all.length} mappings:\n` + all.slice(0, MOST).map(r => r.line).join("\n") +
      (all.length > MOST ? `\nand ${all.length - MOST} more, in the table` : "");
  details.textContent = hit ? `${hit}\n\n${text}` : text;
  panel.classList.add("open");
  panel.scrollTop = 0;
  id("close").hidden = false;
  if (!item)
    return;
  item.classList.add("pinned");
  item.setAttribute("aria-pressed", "true");
  const article = item.dataset.article && id(item.dataset.article);
  if (article)
    article.classList.add("found");
}

// Scroll the map, and not the page, until an item is in sight.
function reveal(item) {
  const box = item.getBoundingClientRect(), view = map.getBoundingClientRect();
  const names = map.querySelector(".names").getBoundingClientRect();
  const axis = map.querySelector(".axis").getBoundingClientRect();
  const left = names.right, right = view.left + map.clientWidth;
  const top = axis.bottom, bottom = view.top + map.clientHeight;
  if (box.right > right || box.left < left)
    map.scrollLeft += Math.max(box.left, box.right - (right - left)) - left - (right - left) / 3;
  if (lanes.contains(item) && (box.bottom > bottom || box.top < top))
    map.scrollTop += box.top - top - (bottom - top) / 3;
}

// Rows for the arrow keys: the marks, then the lanes; each in the order of addresses.
const at = new Map();
const rows = [flags, ...[...lanes.querySelectorAll(".lane")].map(l => [...l.querySelectorAll(".box")])]
  .map(row => row.map(item => {
    const rect = item.querySelector("rect");
    const x = rect ? Number(rect.getAttribute("x")) : item.transform.baseVal[0].matrix.e;
    return { item, x, middle: x + (rect ? Number(rect.getAttribute("width")) / 2 : 0) };
  }).sort((a, b) => a.x - b.x)).filter(row => row.length);
rows.forEach((row, y) => row.forEach(({ item }, x) => at.set(item, [y, x])));
const lane = rows.find(row => !flags.length || row[0].item != flags[0]) || rows[0];
activate(lane ? lane[0].item : null);

function nearest(row, middle) {
  return row.reduce((a, b) => Math.abs(b.middle - middle) < Math.abs(a.middle - middle) ? b : a);
}

function target(item, event) {
  const [y, x] = at.get(item), row = rows[y];
  switch (event.key) {
  case "ArrowLeft": return row[x - 1];
  case "ArrowRight": return row[x + 1];
  case "ArrowUp": return rows[y - 1] && nearest(rows[y - 1], row[x].middle);
  case "ArrowDown": return rows[y + 1] && nearest(rows[y + 1], row[x].middle);
  case "Home": return event.ctrlKey ? rows[0][0] : row[0];
  case "End": return (event.ctrlKey ? rows[rows.length - 1] : row).slice(-1)[0];
  }
}

const itemOf = event => event.target.closest(".box, .flag");

// A box can be narrower than a finger: take what is within 12 pixels.
function near(x, y) {
  for (const d of [4, 8, 12])
    for (const [dx, dy] of [[-d, 0], [d, 0], [0, -d], [0, d], [-d, -d], [d, -d], [-d, d], [d, d]]) {
      const element = document.elementFromPoint(x + dx, y + dy);
      const item = element && map.contains(element) && element.closest(".box, .flag");
      if (item)
        return item;
    }
}

map.addEventListener("mousemove", e => {
  const item = itemOf(e);
  if (item)
    show(item, e.clientX, e.clientY);
  else
    tip.hidden = true;
});
map.addEventListener("mouseleave", () => { tip.hidden = true; });
map.addEventListener("focusin", e => {
  const item = itemOf(e);
  if (item) {
    activate(item);
    showAt(item);
  }
});
map.addEventListener("focusout", () => { tip.hidden = true; });
map.addEventListener("click", e => {
  const item = itemOf(e) || near(e.clientX, e.clientY);
  if (item) {
    activate(item);
    pin(item);
  }
});
map.addEventListener("keydown", e => {
  const item = itemOf(e);
  if (!item || e.altKey || e.metaKey || (e.ctrlKey && e.key != "Home" && e.key != "End"))
    return;
  const next = target(item, e);
  if (next) {
    next.item.focus();
    reveal(next.item);
    showAt(next.item);
  } else if (e.key == "Enter" || e.key == " ")
    pin(item);
  else if ("+=-0".includes(e.key))
    step(e.key);
  else if (!/^(Arrow|Home|End)/.test(e.key))
    return;
  e.preventDefault();
});
document.addEventListener("keydown", e => {
  if (e.key != "Escape")
    return;
  tip.hidden = true;
  if (panel.contains(document.activeElement) && active)
    active.focus();
  unpin();
});
id("close").addEventListener("click", () => {
  unpin();
  if (active)
    active.focus({ preventScroll: true });
  tip.hidden = true;
});

id("legend").addEventListener("click", e => {
  const button = e.target.closest("button");
  if (!button)
    return;
  const on = button.getAttribute("aria-pressed") != "true";
  for (const other of document.querySelectorAll("#legend button"))
    other.setAttribute("aria-pressed", String(on && other == button));
  map.classList.toggle("dimmed", on);
  for (const item of boxes)
    item.classList.toggle("lit", on && (item.classList.contains(button.dataset.attr) ||
      !!item.querySelector(".wanted." + button.dataset.attr)));
});

// The records, from the table; read when they are first asked for.
let read = null, byBox = null;
function records() {
  return read ||= [...document.querySelectorAll("#records tbody > tr")].map(row => {
    const cells = [...row.cells].map(cell => cell.textContent.trim());
    const range = /^(0x[0-9a-f]+)-(0x[0-9a-f]+)/.exec(cells[0]);
    return { row, box: row.dataset.box ? boxes[row.dataset.box] : null, pid: row.dataset.pid || "",
      line: cells.filter(cell => cell != "-").join(", "), text: cells.slice(2).join("\n").toLowerCase(), attrs: cells[1].split(">"),
      start: range && BigInt(range[1]), end: range && BigInt(range[2]) };
  });
}

function recordsOf(item) {
  if (!byBox) {
    byBox = new Map();
    for (const record of records())
      if (byBox.has(record.box))
        byBox.get(record.box).push(record);
      else
        byBox.set(record.box, [record]);
  }
  return byBox.get(item) || [];
}

const codes = new Map([...document.querySelectorAll("#legend button")].map(
  b => [b.querySelector("text").textContent.toLowerCase(), b.dataset.attr]));
const hex = word => BigInt(word.startsWith("0x") ? word : "0x" + word);

// What a word of the query asks of a record.
function test(word) {
  const range = /^((?:0x)?[0-9a-f]{1,16})-((?:0x)?[0-9a-f]{1,16})$/.exec(word);
  const attr = codes.get(word) || word;
  const plain = r => r.attrs.includes(attr) || r.text.includes(word);
  if (range) {
    const [start, end] = [hex(range[1]), hex(range[2])];
    return r => r.start !== null && r.start <= end && r.end >= start;
  }
  // Without 0x: PIDs have at most 7 digits, and names seldom look like this.
  if (/^0x[0-9a-f]{1,16}$|^(?=.*[0-9])[0-9a-f]{8,16}$/.test(word)) {
    const address = hex(word), inside = r => r.start !== null && r.start <= address && r.end >= address;
    return word.startsWith("0x") ? inside : r => inside(r) || plain(r);
  }
  return /^[0-9]+$/.test(word) ? r => r.pid == word : plain;
}

let hits = [], hit = -1;
function say() {
  const all = records().length, more = Number(id("records").dataset.more);
  const of = `${all} mapping${all == 1 ? "" : "s"}${more ? ` in this page; ${more} more are not in it` : ""}`;
  id("hits").textContent = !map.classList.contains("searched") ? "" :
    hits.length ? `${hit < 0 ? "" : `${hit + 1} / `}${hits.length} of ${of}` : `No hit in ${of}`;
  id("previous").disabled = id("next").disabled = !hits.length;
}

function search() {
  const words = id("query").value.toLowerCase().split(/\s+/).filter(Boolean).map(test);
  const found = new Set();
  hits = words.length ? records().filter(r => words.every(matches => matches(r))) : [];
  hit = -1;
  for (const record of hits)
    found.add(record.box);
  for (const item of boxes)
    item.classList.toggle("hit", found.has(item));
  map.classList.toggle("searched", words.length > 0);
  const chosen = new Set(hits), kept = new Set(hits.map(record => record.row.closest(".rows")));
  for (const record of records())
    record.row.hidden = words.length > 0 && !chosen.has(record);
  for (const part of document.querySelectorAll(".rows"))
    part.hidden = words.length > 0 && !kept.has(part);
  say();
}

function go(by) {
  if (!hits.length)
    return;
  hit = hit < 0 && by < 0 ? hits.length - 1 : (hit + by + hits.length) % hits.length;
  const record = hits[hit];
  if (record.box) {
    activate(record.box);
    reveal(record.box);
  }
  pin(record.box, recordsOf(record.box).length > 1 || !record.box ? record.line : "");
  say();
}

id("query").addEventListener("input", search);
id("query").addEventListener("keydown", e => {
  if (e.key == "Enter")
    go(e.shiftKey ? -1 : 1);
});
id("previous").addEventListener("click", () => go(-1));
id("next").addEventListener("click", () => go(1));

// Zoom widens the picture; texts keep their size, and more of them fit.
const CHAR = 6.7, svgs = [...map.querySelectorAll("svg")], width = svgs[0].viewBox.baseVal.width - 28;
let placed = null;
const ticks = [...map.querySelectorAll(".tick")].map(
  tick => ({ tick, x: tick.transform.baseVal[0].matrix.e, length: tick.textContent.length }));

function label(box, x, y, room) {
  let text = box.dataset.text, old = box.querySelector("text");
  const fits = Math.floor((room - 8) / CHAR), code = !box.classList.contains("machine");
  if (code && text.length * CHAR + 6 > room)
    text = text.replace(/ x\d+$/, "");
  if (code ? text.length * CHAR + 6 > room : fits < Math.min(3, text.length))
    text = "";
  else if (!code && text.length > fits)
    text = text.slice(0, fits - 1) + "\u2026";
  if (!old && text) {
    old = box.appendChild(document.createElementNS(box.namespaceURI, "text"));
    old.setAttribute("y", y + (box.querySelector(".wanted") ? 18 : 16));
  }
  if (old) {
    old.setAttribute("x", x + (code ? 3 : 4));
    old.textContent = text;
  }
}

function zoomTo(value) {
  const old = zoom, names = map.querySelector(".names").offsetWidth, view = map.clientWidth - names;
  zoom = Math.min(16, Math.max(0.25, value));
  placed ||= [...map.querySelectorAll("rect")].filter(r => r.parentNode.id != "hatch").map(
    rect => ({ rect, x: Number(rect.getAttribute("x")), width: Number(rect.getAttribute("width")) }));
  for (const svg of svgs) {
    const all = width * zoom + 28;
    svg.setAttribute("width", all);
    svg.setAttribute("viewBox", `-12 0 ${all} ${svg.getAttribute("height")}`);
    svg.style.setProperty("--width", all);
  }
  for (const p of placed) {
    p.rect.setAttribute("x", p.x * zoom);
    p.rect.setAttribute("width", Math.max(p.width * zoom, 2));
    if (p.rect.parentNode.dataset.text !== undefined && !p.rect.classList.contains("wanted"))
      label(p.rect.parentNode, p.x * zoom, Number(p.rect.getAttribute("y")), p.width * zoom);
  }
  for (const flag of flags)
    flag.setAttribute("transform", `translate(${rows[at.get(flag)[0]][at.get(flag)[1]].x * zoom} 0)`);
  const free = [0, 0];
  for (const { tick, x, length } of ticks) {
    const row = x * zoom >= free[0] ? 0 : 1, room = x * zoom >= free[row];
    tick.setAttribute("transform", `translate(${x * zoom} 0)`);
    tick.classList.toggle("spare", !room);
    tick.firstChild.setAttribute("d", `M.5 ${46 - 12 * row}V58`);
    tick.lastChild.setAttribute("y", 54 - 12 * row);
    if (room)
      free[row] = x * zoom + 11 + length * 6.2;
  }
  map.scrollLeft = (map.scrollLeft + view / 2) * zoom / old - view / 2;
  id("percent").textContent = `${Math.round(zoom * 100)}\u2009%`;
  if (document.activeElement && at.has(document.activeElement)) {
    reveal(document.activeElement);
    showAt(document.activeElement);
  }
}

function step(key) {
  zoomTo(key == "0" ? 1 : key == "-" ? zoom / 1.5 : zoom * 1.5);
}

for (const button of document.querySelectorAll("[data-zoom]"))
  button.addEventListener("click", () => step(button.dataset.zoom));
map.addEventListener("wheel", e => {
  if (!e.ctrlKey)
    return; // scrolling is the browser's
  e.preventDefault();
  step(e.deltaY > 0 ? "-" : "+");
}, { passive: false });
