// The battle page: answers as they are written, the vote once both are whole, and keys for who likes them.
// Without this script a button fetches both answers at once, and the form votes all the same.

const answers = document.querySelector("[data-stream]");
const vote = document.querySelector("form[data-vote]");
const keysSheet = document.querySelector("dialog#keys");
const KEYS_ARE_OFF = "showdown.single-keys-off";

// --- Answers ---

function place(article, number, html) {
  const text = article.querySelector("[data-text]");
  while (text.children.length <= number) {
    const block = document.createElement("div");
    block.className = "block";
    text.append(block);
  }
  // The server made this HTML from the answer and escaped every word of it.
  text.children[number].innerHTML = html;
}

function listen(section) {
  const article = (side) => section.querySelector(`[data-answer="${side}"]`);
  const source = new EventSource(section.dataset.stream);
  const reload = () => {
    source.close();
    location.reload();
  };
  source.addEventListener("text", (event) => {
    const { side, blocks } = JSON.parse(event.data);
    delete section.dataset.waiting;
    for (const block of blocks) place(article(side), block.place, block.html);
  });
  source.addEventListener("finished", (event) => {
    const finished = article(JSON.parse(event.data).side);
    finished.dataset.state = "finished";
    // Told once, politely; the words themselves are never announced.
    const status = finished.querySelector("[data-status]");
    status.textContent = status.dataset.finished;
  });
  source.addEventListener("waiting", () => {
    // Somebody else fetches the answers, or did before they were lost: the page loaded anew says until when it waits.
    if (!document.querySelector("[data-awaited]")) reload();
  });
  source.addEventListener("ready", () => {
    source.close();
    document.querySelector("[data-awaited]")?.remove();
    delete section.dataset.waiting;
    vote.querySelector("fieldset").disabled = false;
  });
  source.addEventListener("void", reload);
  source.addEventListener("closed", reload);
  source.addEventListener("error", () => {
    // A broken connection is tried again by the browser; a refused one is not.
    if (source.readyState === EventSource.CLOSED) document.querySelector("[data-trouble]").hidden = false;
  });
}

if (answers) listen(answers);

// --- The vote ---

vote?.addEventListener("submit", (event) => {
  // The server counts a second click once anyway; this spares it the work.
  if (vote.dataset.sent) event.preventDefault();
  vote.dataset.sent = "yes";
});
// Whoever comes back with the browser's button must find a form that works.
addEventListener("pageshow", () => { if (vote) delete vote.dataset.sent; });

// --- Keys ---

const keysSwitch = keysSheet?.querySelector("[data-single-keys]");

function keysAreOn() {
  try {
    return localStorage.getItem(KEYS_ARE_OFF) === null;
  } catch {
    return true;
  }
}

function showKeys() {
  if (keysSwitch) keysSwitch.checked = keysAreOn();
  for (const hint of document.querySelectorAll(".vote kbd")) hint.hidden = !keysAreOn();
}

keysSwitch?.addEventListener("change", () => {
  try {
    if (keysSwitch.checked) localStorage.removeItem(KEYS_ARE_OFF);
    else localStorage.setItem(KEYS_ARE_OFF, "yes");
  } catch {
    // Without storage the switch holds until the page is left.
  }
  showKeys();
});

for (const button of document.querySelectorAll("[data-open-keys]")) {
  button.hidden = false;
  button.addEventListener("click", () => keysSheet.showModal());
}

function isTypedInto(element) {
  return element.isContentEditable || element.matches("textarea, select, input:not([type=radio], [type=checkbox])");
}

document.addEventListener("keydown", (event) => {
  if (!vote || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (keysSheet.open || isTypedInto(event.target) || !keysAreOn()) return;
  if (event.key === "?") {
    keysSheet.showModal();
    event.preventDefault();
    return;
  }
  if (vote.querySelector("fieldset").disabled) return;
  const choice = vote.querySelector(`input[data-key="${CSS.escape(event.key)}"]`);
  if (choice) {
    choice.checked = true;
    choice.focus({ preventScroll: true });
    event.preventDefault();
  } else if (event.key === "Enter" && vote.querySelector("input:checked") && !event.target.closest("a, button, summary")) {
    vote.requestSubmit();
    event.preventDefault();
  }
});

showKeys();
