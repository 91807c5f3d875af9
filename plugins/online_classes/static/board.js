// Keeps the live board up to date; the link “Refresh” does the same without it.

const script = document.querySelector("script[data-now]");
const stale = document.querySelector("[data-stale]");
const EVERY_MS = 20000;

// Links that a person may be using have an id, so that they keep the focus.
function put(part) {
  const old = document.querySelector(`[data-live="${part.dataset.live}"]`);
  const focused = old?.contains(document.activeElement) ? document.activeElement : null;
  part.querySelectorAll("[data-copy]").forEach((button) => (button.hidden = false));
  if (!old || (focused && !focused.id) || old.innerHTML === part.innerHTML) return;
  old.replaceWith(part);
  if (focused) document.getElementById(focused.id)?.focus({ preventScroll: true });
}

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(script.dataset.now, { signal: AbortSignal.timeout(EVERY_MS) });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    page.querySelectorAll("[data-live]").forEach(put);
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
}

setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
