// The bar of the catalogue of plugins counts the cards that differ from what is saved.

// What takes the focus by keyboard does not come to lie behind the bar.
document.documentElement.style.scrollPaddingBottom = "7rem";

function count(bar) {
  const cards = [...bar.form.querySelectorAll("[data-saved]")]
    .filter((part) => (part.querySelector(":checked")?.value ?? "") !== part.dataset.saved)
    .map((part) => part.closest("article"));
  const changed = new Set(cards).size;
  bar.says.textContent = changed ? bar.says.dataset.count.replace("#", changed) : "";
}

document.querySelectorAll("[data-count]").forEach((says) => {
  const bar = { says, form: says.closest("form") };
  bar.form.addEventListener("change", () => count(bar));
  addEventListener("pageshow", () => count(bar));
});
