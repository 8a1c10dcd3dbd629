"use strict";
// Results as you type, keys, and copying. The page works without it: the form is a form, and results are links.
(() => {
  const WAIT_TO_ASK = 160; // after the last key, in ms
  const WAIT_TO_SAY = 400; // before a slow answer is said to be one
  const GIVE_UP = 30_000;

  document.documentElement.classList.add("scripted");
  const form = document.querySelector(".ask");
  const box = document.getElementById("q");
  const results = document.getElementById("results");
  const status = document.getElementById("status");

  function offerCopies(within) {
    if (!navigator.clipboard) return; // only on https and localhost
    for (const button of within.querySelectorAll("button.copy")) button.hidden = false;
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const label = button.firstChild;
    const before = (button.dataset.label ??= label.data);
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      label.data = "Copied";
    } catch {
      label.data = "The browser does not allow copying";
    }
    if (status) status.textContent = label.data;
    setTimeout(() => { label.data = before; }, 2000);
  });
  offerCopies(document);

  const editable = (element) => element.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !editable(event.target)) {
      event.preventDefault();
      if (box) { box.focus(); box.select(); } else location.href = "/";
    } else if (form) {
      move(event);
    }
  });
  if (!form) return;

  function move(event) {
    const links = [...results.querySelectorAll("a.open")];
    const at = links.findIndex((link) => link.closest("li").contains(event.target));
    const to = (index) => {
      event.preventDefault();
      if (index < 0) { box.focus(); scrollTo({ top: 0 }); return; }
      const link = links[Math.min(index, links.length - 1)];
      link.focus({ preventScroll: true });
      link.closest("li").scrollIntoView({ block: "nearest" });
    };
    const inText = event.target.closest("pre, .scroll, summary") !== null;
    if (event.key === "Escape") {
      if (event.target === box && box.value) {
        event.preventDefault();
        box.value = "";
        ask("replace");
      } else if (event.target !== box) {
        to(-1);
      }
    } else if (event.key === "ArrowDown" && links.length && (event.target === box || (at >= 0 && !inText))) {
      to(at + 1);
    } else if (event.key === "ArrowUp" && at >= 0 && !inText) {
      to(at - 1);
    } else if (event.key === "Home" && at >= 0) {
      to(0);
    } else if (event.key === "End" && at >= 0) {
      to(links.length - 1);
    }
  }

  function parameters() {
    const given = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value.trim()) given.append(name, value.trim());
    return given.toString();
  }

  let timer = 0;
  let underWay = null;
  let shown = parameters();

  // Asks for what the form says now. `keep` is "replace" while somebody types and "push" for what may be gone back to.
  async function ask(keep) {
    clearTimeout(timer);
    underWay?.abort();
    const asked = parameters();
    if (asked === shown && keep !== "push") { settle(); return false; }
    const controller = (underWay = new AbortController());
    const slow = setTimeout(() => { status.textContent = "Searching…"; }, WAIT_TO_SAY);
    const end = setTimeout(() => controller.abort("late"), GIVE_UP);
    results.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(`${form.dataset.results}?${asked}`, { signal: controller.signal, headers: { Accept: "text/html" } });
      const found = response.headers.get("Content-Type")?.startsWith("text/html")
        ? read(await response.text())
        : notice(await problem(response));
      if (controller !== underWay) return false;
      show(found, asked, keep);
    } catch (error) {
      if (controller !== underWay || (controller.signal.aborted && controller.signal.reason !== "late")) return false;
      show(notice(error === "late" ? "The answer takes too long." : "The server cannot be reached."), asked, keep);
    } finally {
      clearTimeout(slow);
      clearTimeout(end);
      if (controller === underWay) settle();
    }
    return true;
  }

  function settle() {
    underWay = null;
    results.setAttribute("aria-busy", "false");
  }

  // The server has escaped all stored text; a document made by a parser runs no script, and the page's policy allows none.
  const read = (text) => new DOMParser().parseFromString(text, "text/html").querySelector(".answer");

  async function problem(response) {
    try {
      return (await response.json()).detail ?? response.statusText;
    } catch {
      return `The server answers with ${response.status}.`;
    }
  }

  function notice(text) {
    const answer = document.createElement("div");
    answer.className = "answer";
    answer.dataset.status = "No answer";
    const section = answer.appendChild(document.createElement("section"));
    section.className = "notice problem";
    for (const [tag, content] of [["h2", "No answer"], ["p", text]]) {
      section.appendChild(document.createElement(tag)).textContent = content;
    }
    const again = section.appendChild(document.createElement("p")).appendChild(document.createElement("a"));
    again.href = `/?${parameters()}`;
    again.textContent = "Try again";
    return answer;
  }

  function show(answer, asked, keep) {
    results.replaceChildren(answer);
    offerCopies(results);
    status.textContent = answer.dataset.status;
    shown = asked;
    const address = asked ? `/?${asked}` : "/";
    if (keep === "push") history.pushState(null, "", address);
    if (keep === "replace") history.replaceState(null, "", address);
    document.title = `${box.value.trim() || "Search"} · doc-assets`;
  }

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_TO_ASK, "replace");
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await ask(parameters() === shown ? "replace" : "push");
    if (parameters() === shown) results.querySelector("a.open")?.focus();
  });
  addEventListener("popstate", () => {
    const wanted = new URLSearchParams(location.search);
    for (const field of form.elements) {
      if (field.type === "checkbox") field.checked = wanted.getAll(field.name).includes(field.value);
      else if (field.name) field.value = wanted.get(field.name) ?? "";
    }
    ask("leave");
  });
})();
