"use strict";
(() => {
  const search = document.getElementById("search");
  if (search) {
    const words = document.getElementById("words");
    const count = document.getElementById("count");
    const items = [...document.querySelectorAll("[data-words]")];
    const show = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      for (const item of items) {
        item.hidden = !wanted.every((word) => item.dataset.words.includes(word));
        found += item.hidden ? 0 : 1;
      }
      count.textContent = wanted.length ? `${found} of ${items.length} found` : "";
    };
    search.hidden = false;
    search.addEventListener("submit", (event) => event.preventDefault());
    words.addEventListener("input", show);
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && document.activeElement !== words) {
        event.preventDefault();
        words.focus();
      }
    });
    show();
  }
  const said = document.getElementById("said");
  const copied = async (code) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch {
      // Without a secure connection there is no clipboard, but what is selected can be copied.
      const range = document.createRange();
      range.selectNodeContents(code);
      const selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      return document.execCommand("copy");
    }
  };
  for (const block of document.querySelectorAll("pre")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${block.getAttribute("aria-label")}`);
    button.addEventListener("click", async () => {
      const done = await copied(block.querySelector("code"));
      button.textContent = done ? "Copied" : "Selected";
      said.textContent = `${button.textContent}: ${block.getAttribute("aria-label")}`;
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    block.before(button);
  }
})();
