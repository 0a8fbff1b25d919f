// Narrows the list of facts to those with what is typed. Without it, the page's own search does.
const form = document.querySelector("form.filter");

function narrow() {
  const wanted = document.getElementById("filter").value.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean);
  let fitting = 0;
  for (const group of document.querySelectorAll("section.group")) {
    let own = 0;
    for (const fact of group.querySelectorAll(".fact")) {
      const text = texts.get(fact);
      fact.hidden = !wanted.every((word) => text.includes(word));
      if (!fact.hidden) own += 1;
    }
    const unknowns = group.querySelector(".unknowns");
    if (unknowns !== null) {
      const some = unknowns.querySelector(".fact:not([hidden])") !== null;
      unknowns.hidden = !some;
      unknowns.open = wanted.length > 0 && some;
    }
    group.hidden = own === 0;
    fitting += own;
  }
  const said = fitting > 0 ? form.dataset.some.replace("{number}", String(fitting)) : form.dataset.none;
  document.getElementById("fitting").textContent = wanted.length > 0 ? said : "";
}

// A link leads to what it names, though it stands folded or was narrowed away.
function unfold() {
  const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
  if (target === null) return;
  if (form !== null && target.closest("[hidden]") !== null) {
    document.getElementById("filter").value = "";
    narrow();
  }
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  target.scrollIntoView();
}

const texts = new Map();
if (form !== null) {
  for (const fact of document.querySelectorAll(".fact")) {
    const parts = [fact.querySelector(".what"), fact.querySelector(".value"), ...fact.querySelectorAll(".sources > ul")];
    texts.set(fact, parts.map((part) => part.textContent).join(" ").toLocaleLowerCase());
  }
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("filter").addEventListener("input", narrow);
}
addEventListener("hashchange", unfold);
unfold();
