// Sends the form of the what-if as it changes and shows the answer at once. Without it, the button of the form does the same.
// Nothing is kept: what is supposed is in the form of the open page and in the body of the request, and nowhere else.
const WAIT = 350; // milliseconds after the last change

const form = document.getElementById("suppose");
const result = document.getElementById("result");
let timer = 0;
let request = null;

function show(page) {
  document.getElementById("result-body").replaceChildren(...page.getElementById("result-body").childNodes);
  document.getElementById("result-status").textContent = page.getElementById("result-status").textContent.trim();
  for (const line of form.querySelectorAll("[data-wrong]")) {
    const said = page.getElementById(line.id);
    const wrong = said !== null && said.textContent.trim() !== "";
    line.replaceChildren(...(said ? said.childNodes : []));
    line.parentElement.classList.toggle("wrong", wrong);
    const input = document.getElementById(line.id.replace(/wrong$/, "in"));
    if (input !== null) {
      input.setAttribute("aria-describedby", `${wrong ? `${line.id} ` : ""}${line.id.replace(/wrong$/, "about")}`);
      input.toggleAttribute("aria-invalid", wrong);
      if (wrong) input.setAttribute("aria-invalid", "true");
    }
  }
}

async function send() {
  if (request !== null) request.abort();
  const own = new AbortController();
  request = own;
  result.setAttribute("aria-busy", "true");
  try {
    const body = new FormData(form);
    body.delete("add");
    body.set("live", "1");
    const answer = await fetch(location.pathname, { method: "POST", body: new URLSearchParams(body), signal: own.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok || page.getElementById("result-body") === null) throw new Error(String(answer.status));
    show(page);
  } catch (problem) {
    if (own.signal.aborted) return;
    document.getElementById("result-status").textContent = form.dataset.failed;
  }
  if (request === own) result.removeAttribute("aria-busy");
}

function soon(event) {
  if (event.target.name === "add") return;
  clearTimeout(timer);
  timer = setTimeout(send, event.type === "input" && event.target.type === "text" ? 2 * WAIT : WAIT);
}

if (form !== null && result !== null) {
  form.addEventListener("input", soon);
}

// A link to a field opens the part of the form that it is in.
function unfold() {
  const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
}
addEventListener("hashchange", unfold);
unfold();
