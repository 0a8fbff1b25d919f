// Sends the form of the demo page without reloading, searches the examples, copies. The page works without it.

const form = () => document.getElementById("demo");

async function send(event) {
  const button = event.submitter;
  if (event.target.id !== "demo" || !button || "plain" in button.dataset) return;
  event.preventDefault();
  const target = new URL(button.formAction || event.target.action, location.href);
  const body = new FormData(event.target, button);
  const file = document.getElementById("file");
  if (file && !file.value) body.delete("file");
  document.body.setAttribute("aria-busy", "true");
  let text;
  try {
    const answer = await fetch(target, { method: "POST", body, credentials: "same-origin" });
    text = await answer.text();
    if (!(answer.headers.get("Content-Type") || "").startsWith("text/html")) throw new Error(text.trim());
  } catch (problem) {
    document.querySelector("[data-news]").textContent = String(problem.message || problem);
    return;
  } finally {
    document.body.removeAttribute("aria-busy");
  }
  show(new DOMParser().parseFromString(text, "text/html"), target.hash.slice(1), button.value);
}

function show(page, wanted, pressed) {
  const opened = [...document.querySelectorAll("details.ruling[open] .mono")].map((mark) => mark.textContent);
  document.getElementById("content").replaceWith(page.getElementById("content"));
  for (const mark of document.querySelectorAll("details.ruling .mono")) {
    if (!opened.includes(mark.textContent)) continue;
    mark.closest("details.ruling").open = true;
    mark.closest("details.outcome").open = true;
  }
  ready();
  const problem = document.querySelector(".problem");
  const card = pressed.split(":")[1];
  const of = card && document.querySelector(`button[name=card][value="${CSS.escape(card)}"]`);
  const place = problem || (of && of.closest("article").querySelector(".told")) || document.getElementById(wanted);
  if (!place) return;
  if (!place.hasAttribute("tabindex")) place.setAttribute("tabindex", "-1");
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: of && !problem ? "center" : "start" });
}

function search(input) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const list = document.getElementById(input.dataset.search);
  let found = 0;
  for (const group of list.querySelectorAll("fieldset")) {
    const heading = group.querySelector("legend").textContent;
    let here = 0;
    for (const row of group.querySelectorAll(".pick")) {
      const text = `${heading} ${row.textContent}`.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      row.style.display = row.hidden ? "none" : "";
      here += row.hidden ? 0 : 1;
    }
    group.style.display = here ? "" : "none";
    found += here;
  }
  document.querySelector("[data-found]").textContent = words.length ? String(found) : "";
  document.querySelector("[data-nothing]").hidden = found > 0;
}

async function copy(text, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "✓ " + before;
  } catch {
    button.textContent = "✗ " + before;
  }
  setTimeout(() => { button.textContent = before; }, 1500);
}

function curl() {
  const head = document.getElementById("curl").textContent.replace("-d @request.json", "--data-binary @- <<'ALLCUE'");
  return `${head}\n${document.getElementById("request").value}\nALLCUE\n`;
}

function ready() {
  for (const part of document.querySelectorAll(".scripted")) part.hidden = false;
  const picked = document.querySelector("#patients input:checked");
  if (picked) {
    const list = document.getElementById("patients");
    list.scrollTop = picked.closest(".pick").offsetTop - list.offsetTop - 60;
  }
}

document.addEventListener("submit", send);
document.addEventListener("input", (event) => {
  if (event.target.dataset.search) search(event.target);
  if (event.target.name === "example" && event.target.value === "") form().querySelector(".own-text").open = true;
  if (event.target.id === "pasted" && event.target.value) form().querySelector(".own input").checked = true;
});
document.addEventListener("change", async (event) => {
  if (event.target.id !== "file" || !event.target.files.length) return;
  document.getElementById("pasted").value = await event.target.files[0].text();
  form().querySelector(".own input").checked = true;
  event.target.value = "";
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
  const { search: list, enter } = event.target.dataset;
  if (list) event.preventDefault();
  if (enter) {
    event.preventDefault();
    form().querySelector(`button[value="${enter}"]`).click();
  }
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[type=button]");
  if (!button) return;
  if (button.dataset.copy) {
    const source = document.getElementById(button.dataset.copy);
    copy(source.value ?? source.textContent, button);
  } else if ("curl" in button.dataset) {
    copy(curl(), button);
  }
});
ready();
