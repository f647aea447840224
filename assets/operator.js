// Where the focus goes on the operator's desk. It moves only after the reader has done something, never while a page opens by itself.
(() => {
  const MARKED = "[data-focus]:not([data-focus=''])";
  let acted = false;
  for (const kind of ["click", "keydown"]) document.addEventListener(kind, () => { acted = true; }, true);

  // What is marked data-focus takes the focus when it appears and when that value changes; what data-back names, when its panel goes.
  new MutationObserver((changes) => {
    if (!acted) return;
    for (const { type, target, addedNodes, removedNodes } of changes) {
      if (type === "attributes" && target.dataset.focus) target.focus();
      for (const node of addedNodes) {
        if (node.nodeType === 1) (node.matches(MARKED) ? node : node.querySelector(MARKED))?.focus();
      }
      for (const node of removedNodes) {
        if (node.dataset?.back && !document.contains(node)) document.getElementById(node.dataset.back)?.focus();
      }
    }
  }).observe(document.documentElement, { subtree: true, childList: true, attributeFilter: ["data-focus"] });
})();
