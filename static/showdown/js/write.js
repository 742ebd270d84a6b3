// Counts characters while a prompt is written. The number under the text is right without it, after each attempt.

for (const counter of document.querySelectorAll("[data-counts]")) {
  const field = document.getElementById(counter.dataset.counts);
  const number = counter.querySelector("[data-count]");
  if (!field || !number) continue;
  const most = Number(counter.dataset.most);
  const written = new Intl.NumberFormat(document.documentElement.lang);
  const count = () => {
    // Characters as the rulebook counts them: by code point, not by UTF-16 unit.
    const length = [...field.value.replaceAll("\r\n", "\n").trim()].length;
    number.textContent = written.format(length);
    number.classList.toggle("over", length > most);
  };
  field.addEventListener("input", count);
  count();
}
