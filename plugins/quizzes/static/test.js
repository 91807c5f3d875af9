// Keeps a test going when the line breaks: each answer is sent as it is given; what cannot be
// sent waits on the device and is sent again. The server decides about time and about what counts.

const facts = document.querySelector("#quiz").dataset;
const words = JSON.parse(facts.words);
const forms = new Map([...document.querySelectorAll("form[data-item]")].map((f) => [Number(f.dataset.item), f]));
const element = (id) => document.getElementById(id);
const language = document.documentElement.lang || "id";
const KEY = `quizzes:${facts.key}`;
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 30000;
const ANSWER_MS = 15000;

// What waits to be sent: item → {choice: […], flagged, sequence}. In memory where the device keeps nothing.
let waiting = {};
try {
  waiting = JSON.parse(localStorage.getItem(KEY)) ?? {};
} catch {
  // Private windows and full devices: answers still wait in this page.
}

function remember() {
  try {
    if (Object.keys(waiting).length) localStorage.setItem(KEY, JSON.stringify(waiting));
    else localStorage.removeItem(KEY);
  } catch {
    // As above.
  }
}

const unsent = () => Object.keys(waiting).length;

// Showing

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_whole, name) => values[name]);
}

function isAnswered(form) {
  return form.querySelector("[name=choice]:checked") !== null;
}

function showItem(item, note) {
  const form = forms.get(item);
  if (!form) return;
  const kept = item in waiting;
  if (note) form.querySelector("[data-saved]").textContent = note;
  else if (kept) form.querySelector("[data-saved]").textContent = words.waiting;
  const flagged = form.elements.flagged.checked;
  const cell = document.querySelector(`.qgrid [data-item="${item}"]`);
  cell.className = `${kept ? "l" : isAnswered(form) ? "d" : ""}${flagged ? " f" : ""}`;
  const state = kept ? words.is_kept : isAnswered(form) ? words.is_answered : words.is_empty;
  const said = [fill(words.question, { number: item }), state];
  if (flagged) said.push(words.is_marked);
  cell.setAttribute("aria-label", said.join(", "));
}

function showCounts() {
  if (!forms.size) return;
  const count = [...forms.values()].filter(isAnswered).length;
  const text = fill(unsent() ? words.unsent : words.answered, { count, unsent: unsent() });
  element("count").textContent = text;
  element("legend").hidden = !unsent();
}

function showConnection(lost) {
  const one = unsent() === 1 ? words.kept_one : words.kept_many;
  if (lost) element("kept").textContent = unsent() ? fill(one, { count: unsent() }) : words.kept;
  element("offline").hidden = !lost;
}

function showRefusal(text) {
  element("reason").textContent = text;
  element("refused").hidden = !text;
}

// Sending

let sending = null;
let wait = FIRST_WAIT_MS;
let timer = 0;

function body(entry) {
  const fields = new URLSearchParams({ csrf_token: facts.token, sequence: entry.sequence });
  entry.choice.forEach((value) => fields.append("choice", value));
  if (entry.flagged) fields.append("flagged", "1");
  return fields;
}

function send(item, entry) {
  return fetch(facts.save.replace(/0$/, item), {
    method: "POST",
    body: body(entry),
    headers: { Accept: "application/json" },
    redirect: "manual",
    keepalive: true,
    signal: AbortSignal.timeout?.(ANSWER_MS),
  });
}

// The server had a newer answer, given on another device: that one is shown.
function adopt(form, answer) {
  form.querySelectorAll("[name=choice]").forEach((box, place) => (box.checked = answer.picked.includes(place)));
  form.elements.flagged.checked = answer.flagged;
}

function accepted(item, entry, answer) {
  const form = forms.get(item);
  if (form) form.dataset.sequence = Math.max(answer.sequence, Number(form.dataset.sequence));
  if (waiting[item]?.sequence === entry.sequence) {
    delete waiting[item];
    if (form && !answer.stored) adopt(form, answer);
  }
  remember();
  if (answer.left !== null) endsAt = Date.now() + answer.left * 1000;
  showItem(item, item in waiting ? null : fill(words.saved, { at: answer.at }));
}

// The attempt is over: what still waits came too late, and the person is told so.
function finish(reason) {
  const late = unsent();
  waiting = {};
  remember();
  forms.forEach((form) => (form.inert = true));
  showRefusal(late ? `${reason} ${fill(words.late, { count: late })}` : reason);
  element("over").hidden = false;
}

// Settles one answer, or throws: Refused when a person must do something, else to try again later.
// `passes`: the tests were disabled meanwhile, and may come back.
class Refused extends Error {
  constructor(reason, passes = false) {
    super(reason);
    this.passes = passes;
  }
}

let paused = false;

async function deliver(item) {
  const entry = waiting[item];
  const response = await send(item, entry);
  if (response.ok) return accepted(item, entry, await response.json());
  if (response.type === "opaqueredirect") throw new Refused(words.signed_out);
  if (response.status >= 500 || response.status === 429) throw new Error("later");
  const reason = (await response.json().catch(() => ({}))).error ?? "";
  if (response.status === 409) return finish(reason);
  if (response.status === 422) delete waiting[item];
  throw new Refused(reason, response.status === 404);
}

function again() {
  timer = setTimeout(flush, wait * (0.75 + Math.random() / 2));
  wait = Math.min(2 * wait, LONGEST_WAIT_MS);
}

async function deliverAll() {
  clearTimeout(timer);
  try {
    for (const item of Object.keys(waiting)) if (item in waiting) await deliver(Number(item));
    wait = FIRST_WAIT_MS;
    showConnection(false);
    if (paused) showRefusal("");
    paused = false;
  } catch (error) {
    if (error instanceof Refused) showRefusal(error.message);
    else showConnection(true);
    paused = error.passes === true;
    if (paused || !(error instanceof Refused)) again();
  }
  showCounts();
}

// One round at a time; an answer given meanwhile goes out in a round of its own.
async function flush() {
  while (sending) await sending;
  sending = deliverAll().finally(() => (sending = null));
  await sending;
}

function keep(form) {
  const item = Number(form.dataset.item);
  const before = Math.max(Number(form.dataset.sequence), waiting[item]?.sequence ?? 0);
  waiting[item] = {
    choice: [...form.querySelectorAll("[name=choice]:checked")].map((box) => box.value),
    flagged: form.elements.flagged.checked,
    sequence: before + 1,
  };
  wait = FIRST_WAIT_MS;
  remember();
  showItem(item);
  showCounts();
  flush();
}

// Moving between questions, without the server

function open(item) {
  forms.forEach((form, number) => (form.hidden = number !== item));
  document.querySelectorAll(".qgrid [aria-current]").forEach((cell) => cell.removeAttribute("aria-current"));
  document.querySelector(`.qgrid [data-item="${item}"]`).setAttribute("aria-current", "true");
  history.replaceState(null, "", `?q=${item}`);
  scrollTo(0, 0);
  forms.get(item).querySelector("h2").focus({ preventScroll: true });
}

// Leaves the page when everything has arrived and the line stands; else says what waits.
async function leave(go) {
  if (unsent()) await flush();
  if (unsent() || !navigator.onLine) {
    showConnection(true);
    scrollTo(0, 0);
  } else go();
}

forms.forEach((form, item) => {
  form.addEventListener("change", () => keep(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const next = item + (event.submitter?.value === "back" ? -1 : 1);
    if (forms.has(next)) open(next);
    else leave(() => location.assign(element("review").href));
  });
});

document.addEventListener("click", (event) => {
  const cell = event.target.closest(".qgrid a");
  if (cell && forms.has(Number(cell.dataset.item))) {
    event.preventDefault();
    open(Number(cell.dataset.item));
  } else if (event.target.closest("#review")) {
    event.preventDefault();
    leave(() => location.assign(element("review").href));
  }
});

element("submit")?.addEventListener("submit", (event) => {
  if (!unsent() && navigator.onLine) return;
  event.preventDefault();
  leave(() => event.target.submit());
});

// Time: the server's seconds, counted down here; each saved answer sets them right again

let endsAt = facts.left === "" ? null : Date.now() + Number(facts.left) * 1000;
let spoken = Infinity;

function unit(value, name, display) {
  return new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: display }).format(value);
}

function duration(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const parts = hours ? [[hours, "hour"], [minutes, "minute"]] : [[minutes, "minute"], [seconds % 60, "second"]];
  const shown = parts.filter(([value]) => value);
  if (!shown.length) shown.push([0, "second"]);
  const display = shown.length === 2 && !hours ? "short" : "long";
  return shown.map(([value, name]) => unit(value, name, display)).join(" ");
}

// A screen reader hears the time twice near the end, not each second.
function speak(minutes) {
  if (minutes >= spoken || ![1, 5].includes(minutes)) return;
  spoken = minutes;
  element("spoken").textContent = minutes === 1 ? words.minute_left : fill(words.minutes_left, { count: minutes });
}

async function end() {
  clearInterval(clock);
  element("spoken").textContent = words.time_up;
  await flush();
  forms.forEach((form) => (form.inert = true));
  // Everybody's time ends at the same moment; they need not all come back in the same second.
  if (element("over").hidden) setTimeout(comeBack, (Number(facts.grace) + 1 + 4 * Math.random()) * 1000);
}

// To the result, once the server can be reached: a failed reload would lose this page.
function comeBack() {
  fetch(location.href, { method: "HEAD" }).then(
    () => location.reload(),
    () => setTimeout(comeBack, FIRST_WAIT_MS),
  );
}

function tick() {
  const left = Math.max(0, Math.ceil((endsAt - Date.now()) / 1000));
  element("timer").textContent = duration(left);
  speak(Math.ceil(left / 60));
  if (!left) end();
}

const clock = endsAt === null ? 0 : setInterval(tick, 1000);

// Beginning: what waited from before is shown and sent

Object.entries(waiting).forEach(([item, entry]) => {
  const form = forms.get(Number(item));
  if (!form) return;
  form.querySelectorAll("[name=choice]").forEach((box) => (box.checked = entry.choice.includes(box.value)));
  form.elements.flagged.checked = entry.flagged;
  showItem(Number(item));
});
// What was picked before this script arrived, on a slow line: nobody has heard of it yet.
forms.forEach((form, item) => {
  const boxes = [...form.querySelectorAll("[name=choice], [name=flagged]")];
  if (!(item in waiting) && boxes.some((box) => box.checked !== box.defaultChecked)) keep(form);
});
showCounts();
if (unsent()) flush();
addEventListener("online", flush);
addEventListener("offline", () => showConnection(true));
document.addEventListener("visibilitychange", () => document.hidden || !unsent() || flush());
