// SPDX-License-Identifier: Apache-2.0
// The heart of the watch page, in a worker: browsers slow the timers of pages in the background, not these.
// It tells the desk that the page is there, and the page what to do. What it cannot say is said by silence.
"use strict";

const EVERY = 2000;
const PATIENCE = 4000;
let state = null;
let heard = performance.now();
let busy = false;

const beat = async () => {
  if (state === null || busy) return;
  busy = true;
  const { armed } = state;
  try {
    const answer = await fetch("/watch/beat", {
      method: "POST",
      headers: { Accept: "application/json", "X-Live": "1" },
      body: new URLSearchParams({ page: state.page, armed: armed ? "1" : "", csrf: state.csrf }),
      credentials: "same-origin",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.status === 401 || answer.status === 403) {
      heard = performance.now();
      postMessage({ refused: true });
    } else {
      const told = answer.ok ? await answer.json() : null;
      if (told !== null) heard = performance.now();
      postMessage({ told, armed, silent: performance.now() - heard });
    }
  } catch {
    postMessage({ told: null, silent: performance.now() - heard });
  } finally {
    busy = false;
  }
};

addEventListener("message", (event) => {
  state = event.data;
  beat();
});
setInterval(beat, EVERY);
