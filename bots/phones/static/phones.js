"use strict";
// Without this script the page works by forms and a refresh. With it, it follows by itself
// and what is being typed stays.

const PARTS = ["bar", "screen", "foot"];
let leaving = false;

function swap(old, fresh) {
  if (!old || !fresh || old.outerHTML === fresh.outerHTML) return;
  old.replaceWith(document.importNode(fresh, true));
}

function apply(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const main = document.querySelector("main");
  for (const part of ["nav", "note"]) {
    const selector = `[data-part="${part}"]`;
    swap(document.querySelector(selector), fresh.querySelector(selector));
  }
  for (const gone of main.querySelectorAll("section.phone")) {
    if (!fresh.getElementById(gone.id)) gone.remove();
  }
  const phones = fresh.querySelectorAll("section.phone");
  if (phones.length) main.querySelector(".empty")?.remove();
  for (const phone of phones) {
    const here = document.getElementById(phone.id);
    if (!here) {
      main.append(document.importNode(phone, true));
      continue;
    }
    for (const part of PARTS) {
      const selector = `[data-part="${part}"]`;
      const old = here.querySelector(selector);
      const now = phone.querySelector(selector);
      if (part === "foot" && old.dataset.mode === now.dataset.mode) continue;
      swap(old, now);
    }
  }
  document.body.dataset.version = fresh.body.dataset.version;
}

async function follow() {
  while (!leaving) {
    try {
      const query = new URLSearchParams(location.search);
      query.delete("note");
      query.set("after", document.body.dataset.version);
      const answer = await fetch(`/?${query}`);
      if (!answer.ok) throw new Error(answer.status);
      apply(await answer.text());
    } catch {
      await new Promise((go) => setTimeout(go, 1000));
    }
  }
}

addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const data = new URLSearchParams(new FormData(form, event.submitter));
  if ("clear" in form.dataset) form.reset();
  try {
    const answer = await fetch(form.action, { method: "POST", body: data });
    apply(await answer.text());
    const where = new URL(answer.url).hash.slice(1);
    if (form.closest(".add")) document.getElementById(where)?.scrollIntoView({ block: "nearest" });
  } catch {
    location.reload();
  }
});

addEventListener("pagehide", () => { leaving = true; });
follow();
