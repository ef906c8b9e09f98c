// SPDX-License-Identifier: Apache-2.0
// The page that rings. A gesture turns its sound on; from then on it counts as a device. It rings when the desk
// says so, and by itself when the desk no longer answers or its alarms stand still.
"use strict";

(() => {
  const LOST = 10_000;
  const SOFTLY = 15_000;
  const board = document.getElementById("console");
  const sound = document.getElementById("sound");
  const rings = document.getElementById("rings");
  const arm = document.getElementById("arm");
  const page = [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");
  const title = document.title;
  let audio = null;
  let chimed = 0;
  let last = null;

  // --- sound -----------------------------------------------------------------------------------------
  const armed = () => audio !== null && audio.state === "running";
  const tone = (start, hertz, length, volume) => {
    const oscillator = audio.createOscillator();
    const gain = audio.createGain();
    const at = audio.currentTime + start;
    oscillator.type = "triangle";
    oscillator.frequency.value = hertz;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(volume, at + 0.02);
    gain.gain.setValueAtTime(volume, at + length - 0.04);
    gain.gain.linearRampToValueAtTime(0, at + length);
    oscillator.connect(gain).connect(audio.destination);
    oscillator.start(at);
    oscillator.stop(at + length);
  };
  // Each covers the two seconds to the next beat. A drill has a sound of its own: three falling tones.
  const loud = () => {
    if (board.dataset.drill) for (const at of [0, 1]) [523, 440, 349].forEach((hertz, n) => tone(at + n * 0.3, hertz, 0.26, 0.9));
    else for (let n = 0; n < 8; n += 1) tone(n * 0.25, n % 2 ? 880 : 1175, 0.22, 0.9);
  };
  const softly = () => [659, 784].forEach((hertz, n) => tone(n * 0.35, hertz, 0.3, 0.5));
  const lost = () => [0, 0.25, 0.5, 1.2].forEach((at) => tone(at, 330, 0.2, 0.9));

  const play = (what) => {
    if (!armed() || what === null) return;
    if (what === softly) {
      if (performance.now() - chimed < SOFTLY) return;
      chimed = performance.now();
    }
    what();
    if (what !== softly && navigator.vibrate) navigator.vibrate([400, 200, 400]);
  };

  const listen = () => {
    audio.addEventListener("statechange", show);
    // A tone that nobody hears keeps the browser from putting this page to sleep.
    const hum = audio.createOscillator();
    const quiet = audio.createGain();
    quiet.gain.value = 0.0001;
    hum.connect(quiet).connect(audio.destination);
    hum.start();
  };
  const stay = () => {
    if (navigator.wakeLock && document.visibilityState === "visible") navigator.wakeLock.request("screen").catch(() => {});
  };

  arm.addEventListener("click", async () => {
    if (audio === null) {
      audio = new AudioContext();
      listen();
    }
    await audio.resume();
    tone(0, 659, 0.25, 0.5);
    stay();
    sessionStorage.setItem("sound", "on");
    if (board.dataset.csrf) {
      // From now on this browser rings without a sign-in, too: the session ends while one sleeps.
      fetch("/watch/bell", { method: "POST", body: new URLSearchParams({ csrf: board.dataset.csrf }), credentials: "same-origin", redirect: "manual" }).catch(() => {});
    }
    show();
  });
  document.getElementById("full").addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen().catch(() => {});
  });
  document.addEventListener("visibilitychange", () => armed() && stay());

  // --- the heart -------------------------------------------------------------------------------------
  const worker = new Worker("/static/beat.js");
  const say = (text) => {
    if (rings.textContent !== text) rings.textContent = text;
    document.body.classList.toggle("ringing", text !== "");
    document.title = text ? `⚠ ${text} – ${title}` : title;
  };
  const show = () => {
    const state = armed() ? "armed" : "silent";
    board.dataset.audio = audio === null ? "none" : audio.state;
    if (board.dataset.state !== state) {
      board.dataset.state = state;
      sound.textContent = board.dataset[state];
      arm.hidden = armed();
    }
    worker.postMessage({ page, armed: armed(), csrf: board.dataset.csrf });
  };
  worker.addEventListener("message", ({ data }) => {
    if (data.refused) {
      board.dataset.ring = "refused";
      sound.textContent = board.dataset.refused;
      say("");
      return;
    }
    let [what, why, text] = [null, "", ""];
    if (data.told === null) {
      if (data.silent < LOST) return;
      [what, why, text] = [lost, "lost", board.dataset.lost];
    } else if (!data.told.alive) {
      [what, why, text] = [lost, "still", board.dataset.still];
    } else if (data.told.ringing > 0) {
      [what, why, text] = [data.told.loud ? loud : softly, data.told.loud ? "loud" : "soft", board.dataset.rings];
    }
    board.dataset.ring = why;
    say(text);
    play(what);
    // Who would be woken changes with this page's own sound, once the desk has heard of it.
    const now = JSON.stringify([data.told, data.armed]);
    if (data.told !== null && (now !== last || performance.now() - looked > SOFTLY)) {
      last = now;
      look();
    }
  });

  // --- what is shown below -----------------------------------------------------------------------------
  let looked = performance.now();
  const look = async () => {
    looked = performance.now();
    const before = document.getElementById("before");
    if ([...before.querySelectorAll("input:not([type=hidden])")].some((each) => each.value !== "" || each === document.activeElement)) return;
    try {
      const answer = await fetch(location.pathname, { headers: { "X-Live": "1", Accept: "text/html" }, credentials: "same-origin" });
      if (answer.redirected || !answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("before");
      if (!fresh || fresh.innerHTML === before.innerHTML) return;
      const focus = before.contains(document.activeElement) ? document.activeElement.outerHTML : null;
      const open = [...before.querySelectorAll("details")].map((each) => each.open);
      before.replaceWith(document.adoptNode(fresh));
      fresh.querySelectorAll("details").forEach((each, at) => (each.open = open[at] === true));
      const found = focus && [...fresh.querySelectorAll("a, button, summary")].find((each) => each.outerHTML === focus);
      if (found) found.focus({ preventScroll: true });
    } catch {
      // The worker says so when the desk is gone.
    }
  };

  document.getElementById("sound-acts").hidden = false;
  if (sessionStorage.getItem("sound") === "on") {
    // It was on before; the browser may let it go on without another gesture.
    audio = new AudioContext();
    listen();
  }
  show();
})();
