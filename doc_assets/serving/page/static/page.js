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
    // Keys that choose among the words of an input method are none of the page's.
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !editable(event.target)) {
      event.preventDefault();
      if (box) { box.focus(); box.select(); } else location.href = "/";
    } else if (form) {
      move(event);
    }
  });
  if (!form) return;

  const linksToPages = () => [...results.querySelectorAll("a.open")];
  const isIn = (link, element) => link.closest("li").contains(element);

  function move(event) {
    const links = linksToPages();
    const at = links.findIndex((link) => isIn(link, event.target));
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

  const asNow = (field) => (field.type !== "checkbox" || field.checked ? field.value : "");
  const asServed = (field) => (field.type !== "checkbox" || field.defaultChecked ? field.defaultValue ?? field.value : "");

  function parameters(value = asNow) {
    const given = new URLSearchParams();
    for (const field of form.elements) if (field.name && value(field).trim()) given.append(field.name, value(field).trim());
    return given.toString();
  }

  let timer = 0;
  let underWay = null;
  // What the answer that stands here was asked for; null where it is none, so that the same may be asked again.
  let shown = results.querySelector(".problem") ? null : parameters(asServed);
  let said = status.textContent;

  // Asks for what the form says now. `keep` is "replace" while somebody types and "push" for what may be gone back to.
  async function ask(keep) {
    clearTimeout(timer);
    underWay?.abort();
    const asked = parameters();
    if (asked === shown && keep !== "push") { settle(); return; }
    const controller = (underWay = new AbortController());
    const slow = setTimeout(() => { status.textContent = "Searching…"; }, WAIT_TO_SAY);
    const end = setTimeout(() => controller.abort("late"), GIVE_UP);
    results.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(`${form.dataset.results}?${asked}`, { signal: controller.signal, headers: { Accept: "application/problem+json, text/html" } });
      const found = await read(response);
      if (controller === underWay) show(found, asked, keep, response.ok);
    } catch (error) {
      if (controller !== underWay || (controller.signal.aborted && controller.signal.reason !== "late")) return;
      show(notice(error === "late" ? "The answer takes too long." : "The server cannot be reached."), asked, keep, false);
    } finally {
      clearTimeout(slow);
      clearTimeout(end);
      if (controller === underWay) settle();
    }
  }

  function settle() {
    underWay = null;
    results.setAttribute("aria-busy", "false");
    if (status.textContent !== said) status.textContent = said;
  }

  // The server has escaped all stored text; a document made by a parser runs no script, and the page's policy allows none.
  async function read(response) {
    const text = await response.text();
    const found = new DOMParser().parseFromString(text, "text/html").querySelector(".answer");
    if (found && response.headers.get("Content-Type")?.startsWith("text/html")) return found;
    try {
      const { title, detail } = JSON.parse(text);
      return notice(detail, title);
    } catch {
      return notice(`The server in front answers with ${response.status}.`);
    }
  }

  function notice(text, title = "No answer") {
    const answer = document.createElement("div");
    answer.className = "answer";
    answer.dataset.status = title;
    const section = answer.appendChild(document.createElement("section"));
    section.className = "notice problem";
    for (const [tag, content] of [["h2", title], ["p", text]]) {
      section.appendChild(document.createElement(tag)).textContent = content;
    }
    const again = section.appendChild(document.createElement("p")).appendChild(document.createElement("a"));
    again.href = `/?${parameters()}`;
    again.textContent = "Try again";
    return answer;
  }

  // Somebody who is among the results already stays at the same page, or is at the search field again if it is gone.
  function show(answer, asked, keep, isSound) {
    const before = document.activeElement;
    const page = linksToPages().find((link) => isIn(link, before))?.pathname;
    const isAmong = results.contains(before);
    results.replaceChildren(answer);
    if (isAmong) (linksToPages().find((link) => link.pathname === page) ?? box).focus({ preventScroll: true });
    offerCopies(results);
    status.textContent = said = answer.dataset.status;
    shown = isSound ? asked : null;
    const address = asked ? `/?${asked}` : "/";
    const isOther = address !== location.pathname + location.search;
    if (keep === "push" && isOther) history.pushState(null, "", address);
    if (keep === "replace" && isOther) history.replaceState(null, "", address);
    document.title = `${box.value.trim() || "Search"} · doc-assets`;
  }

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_TO_ASK, "replace");
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const from = document.activeElement;
    await ask(parameters() === shown ? "replace" : "push");
    if (parameters() === shown && document.activeElement === from) results.querySelector("a.open")?.focus();
  });
  addEventListener("popstate", () => {
    const wanted = new URLSearchParams(location.search);
    for (const field of form.elements) {
      if (field.type === "checkbox") field.checked = wanted.getAll(field.name).includes(field.value);
      else if (field.name) field.value = wanted.get(field.name) ?? "";
    }
    // Further results, and filters that this form does not have, since it was served without them: the server has both.
    const asked = new URLSearchParams(parameters());
    if ([...wanted].some(([name, value]) => value.trim() && !asked.getAll(name).includes(value.trim()))) location.reload();
    else ask("leave");
  });
  // A page that is left asks for nothing more; one that the browser kept and shows again does.
  addEventListener("pagehide", () => underWay?.abort());
  addEventListener("pageshow", (event) => { if (event.persisted && shown !== null) ask("replace"); });
  // Typed before this script was there.
  if (parameters() !== parameters(asServed)) ask("replace");
})();
