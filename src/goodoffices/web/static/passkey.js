// SPDX-License-Identifier: Apache-2.0
// The browser's part of passkeys: it asks the authenticator what the desk asked, and hands the answer over.
// What the authenticator computes (PRF) goes to this desk alone and is kept nowhere in the browser.
"use strict";

(() => {
  const says = document.getElementById("passkey-says");
  const able = window.PublicKeyCredential && !/^(\d+\.){3}\d+$|^\[/.test(location.hostname);
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
  const text = (data) => btoa(String.fromCharCode(...new Uint8Array(data))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const hex = (data) => [...new Uint8Array(data)].map((each) => each.toString(16).padStart(2, "0")).join("");
  const unhex = (digits) => Uint8Array.from(digits.match(/../g), (each) => parseInt(each, 16));

  const post = async (path, fields) => {
    const answer = await fetch(path, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Accept: "application/json" },
      credentials: "same-origin",
    });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.said);
    return said;
  };
  const known = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));
  const asked = (said) => ({
    ...said.options,
    challenge: bytes(said.options.challenge),
    extensions: { prf: { eval: { first: unhex(said.prf) } } },
  });
  const plain = (credential) => {
    const from = credential.response;
    const response = { clientDataJSON: text(from.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"])
      if (from[name]) response[name] = text(from[name]);
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  };
  const computed = (credential) => {
    const prf = credential.getClientExtensionResults().prf;
    return prf && prf.results && prf.results.first ? hex(prf.results.first) : "";
  };
  const use = async (said) => {
    const publicKey = { ...asked(said), allowCredentials: known(said.options.allowCredentials) };
    return navigator.credentials.get({ publicKey });
  };
  const failed = (error) => {
    says.className = "notice bad";
    says.textContent = `${says.dataset.failed} ${error.name === "Error" ? error.message : ""}`;
  };

  // --- signing in ----------------------------------------------------------------------------------------
  const button = document.querySelector("#by-passkey button");
  if (button && able) {
    button.parentElement.hidden = false;
    button.addEventListener("click", async () => {
      const form = document.getElementById("sign-in");
      says.className = "soft";
      says.textContent = "";
      try {
        const said = await post("/sign-in/passkey/begin", {});
        const credential = await use(said);
        const done = await post("/sign-in/passkey", {
          ceremony: said.ceremony,
          credential: plain(credential),
          prf: computed(credential),
          next: form.elements.next.value,
          on_watch: form.elements.on_watch.checked ? "1" : "",
        });
        if (done.beside) {
          form.elements.beside.value = done.beside;
          says.textContent = says.dataset.beside;
          form.elements.name.focus();
        } else location.assign(done.location);
      } catch (error) {
        failed(error);
      }
    });
  }

  // --- making one ------------------------------------------------------------------------------------------
  const form = document.getElementById("make-passkey");
  if (form && able) {
    form.hidden = false;
    document.getElementById("no-passkeys").hidden = true;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation();
      const csrf = form.elements.csrf.value;
      says.className = "soft";
      says.textContent = "";
      try {
        const said = await post("/passkeys/begin", { csrf, passphrase: form.elements.passphrase.value });
        form.elements.passphrase.value = "";
        const publicKey = asked(said);
        publicKey.user = { ...publicKey.user, id: bytes(publicKey.user.id) };
        publicKey.excludeCredentials = known(publicKey.excludeCredentials);
        const made = await navigator.credentials.create({ publicKey });
        const label = form.elements.label.value;
        const next = await post("/passkeys/make", { csrf, label, ceremony: said.ceremony, credential: plain(made) });
        const prf = made.getClientExtensionResults().prf;
        if (prf && prf.enabled) {
          const shown = await use(next);
          if (computed(shown))
            await post("/passkeys/open", { csrf, ceremony: next.ceremony, credential: plain(shown), prf: computed(shown) });
        }
        location.assign("/passkeys");
      } catch (error) {
        failed(error);
      }
    });
  }
})();
