// The one script of the desk: it hands a form to the browser's passkeys, and the answer back.
"use strict";
(() => {
  const form = document.querySelector("form[data-passkey]");
  if (!form || !window.PublicKeyCredential) return; // the page says what else there is

  const find = (id) => document.getElementById(id);
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (one) => ({ ...one, id: bytes(one.id) });

  const options = JSON.parse(form.dataset.options);
  options.challenge = bytes(options.challenge);
  if (options.user) options.user = named(options.user);
  for (const list of ["excludeCredentials", "allowCredentials"])
    if (options[list]) options[list] = options[list].map(named);

  const give = (name, value) => {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.append(field);
  };

  const ask = async () => {
    find("failed").hidden = true;
    try {
      const making = form.dataset.passkey === "make";
      const key = await navigator.credentials[making ? "create" : "get"]({ publicKey: options });
      give("id", key.id);
      give("client_data", text(key.response.clientDataJSON));
      if (making) {
        give("attestation", text(key.response.attestationObject));
      } else {
        give("authenticator_data", text(key.response.authenticatorData));
        give("signature", text(key.response.signature));
        give("user_handle", text(key.response.userHandle || new ArrayBuffer(0)));
      }
      form.submit();
    } catch {
      find("failed").hidden = false;
    }
  };

  find("without").hidden = true;
  find("ask").hidden = false;
  find("ask").addEventListener("click", ask);
})();
