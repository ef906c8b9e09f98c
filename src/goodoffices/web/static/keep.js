// SPDX-License-Identifier: Apache-2.0
// What is being typed is kept at the desk every few seconds, so that a lost connection, an ended session or
// a closed window costs no words. Without it, the button "Save as a draft" does the same by hand.
"use strict";

(() => {
  const form = document.querySelector("form[data-autosave]");
  const status = document.getElementById("kept");
  if (!form || !status) return;
  const PAUSE = 1500;
  let timer = 0;
  let going = false;
  let again = false;
  let left = false;

  const keep = async () => {
    if (going) {
      again = true;
      return;
    }
    going = true;
    try {
      const answer = await fetch(form.dataset.autosave, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        keepalive: left,
      });
      // What another window keeps is not written over; this one says so for as long as that is so. 401 and 403: nobody
      // is signed in any more, or somebody signed in anew: the desk does answer.
      const why = { 401: "ended", 403: "ended", 409: "elsewhere" };
      status.textContent = status.dataset[answer.ok ? "kept" : why[answer.status] || "notKept"];
      status.classList.toggle("alarm", !answer.ok);
    } catch {
      status.textContent = status.dataset.notKept;
      timer = setTimeout(keep, 5 * PAUSE);
    } finally {
      going = false;
      if (again) {
        again = false;
        keep();
      }
    }
  };

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE);
  };
  form.addEventListener("input", soon);
  // Somebody may have begun to type before this script was here.
  const text = form.querySelector("textarea");
  if (text && text.value !== text.defaultValue) soon();
  // Saved or released by its own button: nothing is to be kept behind it.
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    timer = 0;
  });
  addEventListener("pagehide", () => {
    if (!timer) return;
    left = true;
    clearTimeout(timer);
    keep();
  });
})();
