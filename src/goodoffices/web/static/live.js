// SPDX-License-Identifier: Apache-2.0
// Live pages: when the desk says that something changed, this page is asked for again and its main part is
// put in place, keeping what was typed, what is open and where the focus is. Without it all pages work.
"use strict";

(() => {
  const notice = document.getElementById("live-notice");
  const typing = (element) =>
    element instanceof HTMLElement && element.closest("main") !== null && element.matches("input, textarea, select");

  const say = (kind) => {
    const fresh = notice.hidden && kind;
    notice.textContent = kind ? notice.dataset[kind] : "";
    notice.hidden = !kind;
    if (kind === "ended") {
      const link = Object.assign(document.createElement("a"), { href: "/sign-in", target: "_blank", rel: "noopener" });
      link.textContent = notice.dataset.signIn;
      notice.append(" ", link);
    }
    // It stands over the top of the page: what was there, such as a field's label, moves out from under it.
    if (fresh && scrollY > 0 && !pressed) scrollBy(0, -notice.offsetHeight);
  };

  // --- what must survive a swap ----------------------------------------------------------------------
  const name = (field) => {
    const form = field.form;
    const same = form ? [...form.elements].filter((each) => each.name === field.name) : [field];
    const instead = form && form.elements.instead ? form.elements.instead.value : "";
    return `${form ? form.getAttribute("action") : ""} ${instead} ${field.name} ${same.indexOf(field)}`;
  };
  const fields = (root) => [...root.querySelectorAll("form[data-keep] :is(input:not([type=hidden], [type=file]), textarea, select)")];
  // A file that was chosen cannot be put into another page's field.
  const chosen = () => [...document.querySelectorAll("main input[type=file]")].some((each) => each.files.length > 0);
  const changed = (field) =>
    field instanceof HTMLSelectElement
      ? [...field.options].some((option) => option.selected !== option.defaultSelected)
      : field.type === "checkbox" || field.type === "radio"
        ? field.checked !== field.defaultChecked
        : field.value !== field.defaultValue;

  const details = (root) => [...root.querySelectorAll("details")].map((each) => [each, each.firstElementChild.textContent]);
  const remember = (root) => ({
    values: new Map(fields(root).filter(changed).map((field) => [name(field), [field.value, field.checked]])),
    open: details(root).map(([each, head]) => [head, each.open]),
    focus: root.contains(document.activeElement) ? path(root, document.activeElement) : null,
  });
  const path = (root, element) => {
    const steps = [];
    for (let at = element; at !== root; at = at.parentElement) steps.unshift([...at.parentElement.children].indexOf(at));
    return { steps, tag: element.tagName, href: element.getAttribute("href"), text: element.textContent };
  };
  const restore = (root, kept) => {
    for (const field of fields(root)) {
      const value = kept.values.get(name(field));
      if (value) [field.value, field.checked] = [value[0], value[1] === true];
    }
    // Where as many stand there as before, each is the one it was; else it is known by what stands on it.
    const fresh = details(root);
    fresh.forEach(([each, head], at) => {
      const was = kept.open.length === fresh.length ? at : kept.open.findIndex(([text]) => text === head);
      if (was >= 0) each.open = kept.open[was][1];
      if (was >= 0 && kept.open.length !== fresh.length) kept.open[was] = [null, false];
    });
    if (!kept.focus) return;
    let found = root;
    for (const step of kept.focus.steps) found = found && found.children[step];
    const fits = (each) => each && each.tagName === kept.focus.tag && each.getAttribute("href") === kept.focus.href;
    if (!fits(found)) found = [...root.querySelectorAll(kept.focus.tag)].find((each) => fits(each) && each.textContent === kept.focus.text);
    (found || root).focus({ preventScroll: true });
  };

  // The line status stands outside the main part: nobody types in it, so it is always renewed.
  const swapStrip = (page) => {
    const [fresh, old] = [page.getElementById("status-strip"), document.getElementById("status-strip")];
    if (fresh && old && !old.contains(document.activeElement)) old.replaceWith(document.adoptNode(fresh));
  };

  // The foot says this desk's time as of the last answer; an older one beside newer facts would mislead.
  const swapClock = (page) => {
    const [fresh, old] = [page.getElementById("desk-time"), document.getElementById("desk-time")];
    if (fresh && old) old.replaceWith(document.adoptNode(fresh));
  };

  // The list of pages says how many ring or wait: renewed where it is open, and where the focus is.
  const swapPages = (old, fresh) => {
    const at = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") || "" : null;
    if (old.querySelector("details[open]")) fresh.querySelector("details").open = true;
    old.replaceWith(fresh);
    if (at !== null) fresh.querySelector(at ? `a[href="${at}"]` : "summary").focus({ preventScroll: true });
  };

  // While somebody writes, only what stands above the text is renewed: who can read it, what lies unopened.
  const refreshPart = async () => {
    const from = main().dataset.from;
    if (!from || busy) return;
    busy = true;
    try {
      const answer = await fetch(from, { headers: { "X-Live": "1", Accept: "text/html" }, credentials: "same-origin" });
      if (answer.redirected) stop();
      if (answer.redirected || !answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      swapStrip(page);
      swapClock(page);
      const fresh = page.getElementById("before");
      const old = document.getElementById("before");
      if (fresh && old && fresh.textContent !== old.textContent) {
        old.replaceWith(document.adoptNode(fresh));
        say("arrived");
      }
    } catch {
      say("lost");
    } finally {
      busy = false;
    }
  };

  // --- swapping --------------------------------------------------------------------------------------
  let wanted = false;
  let busy = false;
  const main = () => document.getElementById("main");

  // Nothing moves under a pressed finger: a press and its release have to meet the same button.
  let pressed = false;
  document.addEventListener("pointerdown", () => (pressed = true));
  for (const over of ["pointerup", "pointercancel", "dragend"])
    document.addEventListener(over, () => setTimeout(() => {
      pressed = false;
      if (wanted) refresh();
    }, 50));

  const refresh = async () => {
    if (main().dataset.live === "part") {
      await refreshPart();
      return;
    }
    wanted = true;
    if (busy || pressed) return;
    if (typing(document.activeElement) || sent || chosen()) {
      say("changed");
      return;
    }
    busy = true;
    try {
      while (wanted) {
        wanted = false;
        const answer = await fetch(main().dataset.at || location.href, { headers: { "X-Live": "1", Accept: "text/html" }, credentials: "same-origin" });
        if (answer.redirected && new URL(answer.url).pathname === "/sign-in") {
          stop();
          return;
        }
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (pressed) {
          wanted = true;
          return;
        }
        if (typing(document.activeElement) || sent || chosen()) {
          wanted = true;
          say("changed");
          return;
        }
        const kept = remember(main());
        const fresh = document.adoptNode(page.getElementById("main"));
        main().replaceWith(fresh);
        swapStrip(page);
        swapClock(page);
        const count = page.querySelector(".top nav");
        if (count) swapPages(document.querySelector(".top nav"), document.adoptNode(count));
        document.title = page.title;
        restore(fresh, kept);
        say(null);
      }
    } catch {
      say("lost");
    } finally {
      busy = false;
    }
  };

  document.addEventListener("focusout", () => setTimeout(() => wanted && !typing(document.activeElement) && refresh(), 50));

  let soon = 0;
  let source = null;
  let restored = false;
  const listen = () => {
    source = new EventSource("/events");
    source.addEventListener("change", () => {
      // Soon, however many more follow: a desk on which something always changes must not starve its pages.
      soon = soon || setTimeout(() => {
        soon = 0;
        refresh();
      }, 20);
    });
    // What changed between the making of this page and the first word of the stream is caught up with here.
    source.addEventListener("here", (event) => {
      if (!notice.hidden && [notice.dataset.lost, notice.dataset.unsent].includes(notice.textContent)) say(null);
      if (event.data !== main().dataset.seen) refresh();
    });
    source.addEventListener("error", () => {
      const ended = source.readyState === EventSource.CLOSED;
      if (ended && restored) location.replace("/sign-in");
      else say(ended ? "ended" : "lost");
    });
    source.addEventListener("ended", () => stop());
  };
  listen();
  const stop = () => {
    source.close();
    const drafts = fields(main()).some(changed) || main().dataset.live !== undefined;
    if (drafts) say("ended");
    else location.assign("/sign-in");
  };
  addEventListener("pagehide", () => source.close());

  // --- one submit is one submit ------------------------------------------------------------------------
  let sent = false;
  let answered = false;
  let saved = null;
  // A form that goes to a desk which is not there leaves the browser's own page in its place, and what was
  // typed is lost with the form: so the desk is asked first, wherever somebody typed. One that answers, and does
  // not know who is signed in any more, gets nothing either.
  const ask = async (form, button) => {
    sent = true;
    try {
      const headers = { accept: "application/json", "x-live": "1" };
      const reply = await fetch("/", { cache: "no-store", headers, signal: AbortSignal.timeout(5000) });
      answered = reply.status !== 401;
      if (!answered) say("ended");
    } catch {
      say("unsent");
    }
    sent = false;
    if (answered) form.requestSubmit(button);
    answered = false;
  };
  document.addEventListener("submit", (event) => {
    if (sent) {
      event.preventDefault();
      return;
    }
    if (event.target.hasAttribute("data-download")) {
      // The page stays where it is, so nothing tells that the file has come: a double press is one all the same.
      if (event.target === saved) event.preventDefault();
      saved = event.target;
      setTimeout(() => (saved = null), 1000);
      return;
    }
    if (event.target.hasAttribute("data-keep") && !answered) {
      event.preventDefault();
      ask(event.target, event.submitter);
      return;
    }
    sent = true;
    const button = event.submitter;
    // Back from what is released leads to where it was written, not to the browser's own page about a form.
    if (main().dataset.from && button && button.matches(".confirm .huge")) history.replaceState(null, "", main().dataset.from);
    // After this turn: a disabled button would not be sent with its form.
    setTimeout(() => button && button.setAttribute("aria-disabled", "true"));
  });
  addEventListener("pageshow", (event) => {
    sent = false;
    document.querySelectorAll("button[aria-disabled]").forEach((each) => each.removeAttribute("aria-disabled"));
    if (source.readyState !== EventSource.CLOSED) return;
    // Asked for again, the answer to a form would be the browser's own page: one that it kept goes on as it stands.
    if (main().dataset.posted === undefined) location.reload();
    else if (event.persisted) {
      restored = true;
      listen();
    }
  });

  // --- a picker writes its time as the browser's own language does; what is taken stands beside it, in Zulu --
  const zulu = (field) => {
    let said = field.nextElementSibling;
    if (!said || !said.matches(".as-zulu")) {
      said = Object.assign(document.createElement("span"), { className: "soft hint as-zulu", dir: "ltr" });
      field.after(said);
    }
    said.textContent = field.value ? `= ${field.value.replace("T", " ")}Z` : "";
  };
  const pickers = 'input[type="datetime-local"]';
  document.querySelectorAll(pickers).forEach((each) => each.value && zulu(each));
  document.addEventListener("input", (event) => event.target.matches(pickers) && zulu(event.target));

  // --- clocks that run between two changes ----------------------------------------------------------------
  const span = (ms) => {
    const whole = Math.floor(Math.abs(ms) / 1000);
    const two = (value) => String(value).padStart(2, "0");
    const [second, minute, hour, day] = document.documentElement.dataset.units.split("|");
    if (whole < 60) return `${whole} ${second}`;
    if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} ${minute}`;
    if (whole < 86400) return `${Math.floor(whole / 3600)}:${two(Math.floor((whole % 3600) / 60))} ${hour}`;
    return `${Math.floor(whole / 86400)} ${day} ${Math.floor((whole % 86400) / 3600)} ${hour}`;
  };
  setInterval(() => {
    const now = Date.now();
    for (const each of document.querySelectorAll("[data-due]")) {
      const left = Number(each.dataset.due) - now;
      if (left > 0) each.textContent = span(left);
      else if (!each.dataset.over) {
        each.dataset.over = "1";
        refresh();
      }
    }
    for (const each of document.querySelectorAll("[data-since]")) each.textContent = span(now - Number(each.dataset.since));
  }, 1000);
})();
