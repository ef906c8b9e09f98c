// SPDX-License-Identifier: Apache-2.0
// Keys of the space–time picture: each does what a link above it does. Without this the links are enough.
"use strict";

(() => {
  const KEYS = { "+": "closer", "=": "closer", "-": "wider", PageUp: "earlier", PageDown: "later", 0: "all" };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.target instanceof Element)) return;
    if (!event.target.closest("[data-keys]") || !(event.key in KEYS)) return;
    const link = document.querySelector(`[data-look="${KEYS[event.key]}"]`);
    if (!link) return;
    event.preventDefault();
    sessionStorage.setItem("picture-focus", "1");
    link.click();
  });
  // A key that leads to another time must not cost the reader his place in the page.
  if (sessionStorage.getItem("picture-focus")) {
    sessionStorage.removeItem("picture-focus");
    const figure = document.querySelector("[data-keys]");
    if (figure) figure.focus();
  }
})();
