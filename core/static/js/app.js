// Small comforts on every page; each page does its work without them.

const PAUSE_MS = 10000;
const sentAt = new WeakMap();

// A second press while the first is on its way is swallowed; the button stays as it is.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (Date.now() - (sentAt.get(form) ?? -PAUSE_MS) < PAUSE_MS) event.preventDefault();
  else sentAt.set(form, Date.now());
});

// A page that comes back from the browser's memory may send again.
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form").forEach((form) => sentAt.delete(form));
});

// The clipboard exists on https only; elsewhere the old way still works.
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("copy refused");
}

function say(button, words) {
  const label = button.querySelector("span");
  const before = label.textContent;
  if (before === words) return;
  label.textContent = words;
  setTimeout(() => (label.textContent = before), 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy],[data-print]");
  if (!button) return;
  if ("print" in button.dataset) print();
  else copy(button.dataset.copy).then(() => say(button, button.dataset.done), () => {});
});

document.querySelectorAll("[data-copy],[data-print]").forEach((button) => (button.hidden = false));
