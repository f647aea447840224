// What a page can do before, and without, its application: open and close dialogs, copy, show a password.
document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-open],[data-close],[data-copy],[data-reveal]");
  if (!target) {
    if (event.target.matches("dialog[data-light]")) event.target.close();
    return;
  }
  if (target.dataset.open !== undefined) document.getElementById(target.dataset.open)?.showModal();
  if (target.dataset.close !== undefined) target.closest("dialog")?.close();
  if (target.dataset.copy !== undefined) copy(target);
  if (target.dataset.reveal !== undefined) reveal(target);
});

// A press before the application hears it is kept, and made again as soon as it does: the last one, once.
let early;
document.addEventListener("click", (event) => {
  const button = event.target.closest("button:not([data-open],[data-close],[data-copy],[data-reveal])");
  // A form that is posted by itself works without the application.
  if (!button || heard(button) || button.form?.method === "post") return;
  event.preventDefault();
  // While it comes alive, the application would take this press as well as the one that is made for it.
  event.stopImmediatePropagation();
  if (!early) requestAnimationFrame(listen);
  early = button;
}, true);

const heard = (node) => Object.keys(node).some((name) => name.startsWith("__reactProps"));

function listen() {
  if (early.isConnected && !heard(early)) return requestAnimationFrame(listen);
  const button = early;
  early = undefined;
  if (button.isConnected) button.click();
}

// data-copy holds the text, or is empty for the code beside the button.
async function copy(button) {
  const text = button.dataset.copy || button.closest(".code")?.querySelector("code")?.innerText || "";
  const label = button.querySelector("[data-label]") ?? button;
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = "Copied";
  } catch {
    label.textContent = "Press Ctrl C";
    const code = button.closest(".code")?.querySelector("code");
    if (code) getSelection().selectAllChildren(code);
  }
  setTimeout(() => { label.textContent = before; }, 1500);
}

function reveal(button) {
  const field = document.getElementById(button.dataset.reveal);
  const hidden = field.type === "password";
  field.type = hidden ? "text" : "password";
  button.setAttribute("aria-pressed", String(hidden));
}

// Escape presses the button marked data-escape, if no dialog is open above it. Pressed in any way, it gives the focus back first:
// to what its selector finds, as the panel around the button is about to go.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || document.querySelector("dialog[open]")) return;
  document.querySelector("[data-escape]")?.click();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-escape]");
  if (button) document.querySelector(button.dataset.escape)?.focus();
});

// Enter sends, Shift+Enter starts a new line, in every composer.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches("textarea[data-enter]")) return;
  event.preventDefault();
  event.target.form?.requestSubmit();
});
