// What script adds to every page: times in the reader's zone, copy buttons, filters that apply themselves,
// the focus on a form's error summary, a word when a key does not answer. Nothing here is needed to use the site.

const page = document.documentElement;
page.classList.add("scripted");

const language = page.lang === "en" ? "en-GB" : page.lang;
const dateOnly = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
const dateAndTime = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

function localTimes(root) {
  for (const element of root.querySelectorAll("time[data-local]")) {
    const moment = new Date(element.dateTime);
    const form = element.dataset.local;
    if (Number.isNaN(moment.valueOf()) || form === "ago") continue;
    element.textContent = (form === "date" ? dateOnly : dateAndTime).format(moment);
    delete element.dataset.local;
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const status = button.parentElement.querySelector("[data-copied]");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    status.textContent = status.dataset.copied;
  } catch {
    // Without the clipboard (an insecure address, a refusal) the value is selected, one key away from a copy.
    const value = button.parentElement.querySelector("code, pre");
    if (value) getSelection().selectAllChildren(value);
  }
  setTimeout(() => { status.textContent = ""; }, 2000);
});

// A name that can be picked for a field (the demo's people on the sign-in page).
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-fill]");
  const field = button && document.querySelector(`[name="${CSS.escape(button.dataset.fill)}"]`);
  if (!field) return;
  field.value = button.value;
  const next = field.form?.querySelector("[type=password]") ?? field;
  next.focus();
});

// A key that does not answer says so on the page and not in a console that nobody reads.
document.addEventListener("allauth.error", (event) => {
  const trouble = document.querySelector("[data-key-trouble]");
  if (!trouble) return;
  event.preventDefault();
  trouble.hidden = false;
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-self-applying]");
  if (form && event.target.matches("select, input[type=checkbox], input[type=radio]")) form.requestSubmit();
});

// An address with empty filters reads badly and caches badly: leave them out.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-self-applying]")) return;
  const empty = [...event.target.elements].filter((field) => field.name && !field.disabled && field.value === "");
  for (const field of empty) field.disabled = true;
  // Whoever comes back to this page must find the fields usable again.
  setTimeout(() => { for (const field of empty) field.disabled = false; });
});

function start(root) {
  localTimes(root);
  root.querySelector("[data-error-summary]")?.focus();
}

start(document);
document.addEventListener("htmx:load", (event) => start(event.target));
