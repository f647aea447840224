// The checkout's own script: brings Stripe's card form when it is chosen, confirms the payment the server began, and leaves for the order.
(() => {
  const SOURCE = "https://js.stripe.com/v3/";
  const RELOADED = "cmp-stripe-reloaded";
  let loading, stripe, elements, key, shown, method, turn, pressed = false, asked = false, busy = false;

  const place = () => document.querySelector("[data-stripe-key]");
  const say = (words) => {
    const line = document.getElementById("stripe-error");
    if (line) line.textContent = words ?? "";
  };

  function load() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = SOURCE;
      script.onload = () => { sessionStorage.removeItem(RELOADED); resolve(window.Stripe); };
      script.onerror = reject;
      document.head.append(script);
    });
    return loading;
  }

  // Stripe's frames cannot read our stylesheets: the present colours are told.
  function appearance() {
    const style = getComputedStyle(document.documentElement);
    const token = (name) => style.getPropertyValue(`--color-${name}`).trim();
    const variables = { colorPrimary: token("primary"), colorBackground: token("paper"), colorText: token("ink"), colorDanger: token("red") };
    for (const name of Object.keys(variables)) if (!/^(#|rgb)/.test(variables[name])) delete variables[name];
    const dark = document.documentElement.classList.contains("dark");
    return { theme: dark ? "night" : "stripe", variables: { ...variables, borderRadius: "8px" } };
  }

  async function mount(box) {
    key = box.dataset.stripeKey;
    shown = box;
    let Stripe;
    try {
      Stripe = await load();
    } catch {
      // A page that was reached without loading it has another page's policy, which does not let Stripe in.
      if (!sessionStorage.getItem(RELOADED)) {
        sessionStorage.setItem(RELOADED, "1");
        location.reload();
      } else say("Stripe’s card form could not be loaded. Check your connection, or choose another way to pay.");
      return;
    }
    if (shown !== box || !box.isConnected) return;
    stripe = Stripe(key);
    elements = stripe.elements({ mode: "payment", ...sum(box), appearance: appearance() });
    const card = elements.create("payment");
    card.on("change", (event) => { method = event.value?.type; });
    card.mount(box);
  }

  const sum = (box) => ({ amount: Number(box.dataset.amount), currency: box.dataset.currency });
  let told = "";

  function sync() {
    const box = place();
    if (!box) {
      shown = elements = undefined;
    } else if (box !== shown || box.dataset.stripeKey !== key) {
      mount(box);
    } else if (elements && told !== box.dataset.amount) {
      elements.update(sum(box));
    }
    told = box?.dataset.amount ?? "";
    // A secret from before this page was loaded, or before Pay was pressed in it, is not confirmed by itself.
    if (box && elements && box.dataset.secret && box.dataset.turn !== turn) {
      turn = box.dataset.turn;
      if (pressed) {
        pressed = false;
        confirm(box);
      }
    }
    const leaving = document.querySelector("[data-leave]");
    if (leaving?.dataset.leave) location.assign(leaving.dataset.leave);
  }

  async function confirm(box) {
    say("");
    const { secret, back } = box.dataset;
    let error;
    try {
      ({ error } = await stripe.confirmPayment({
        elements, clientSecret: secret, confirmParams: { return_url: back }, redirect: "if_required",
      }));
    } catch {
      error = {};
    }
    if (error) say(error.message ?? "It is not known whether the payment was confirmed. The shop is asked now.");
    // What the buyer can mend is theirs to mend; of everything else the server asks Stripe how the payment stands.
    if (!error || !["card_error", "validation_error"].includes(error.type)) document.getElementById("stripe-done")?.click();
  }

  // The card is checked before the form is sent: the server has to know the method first.
  document.addEventListener("submit", async (event) => {
    asked = true;
    const form = event.target, box = place();
    if (!box || !form.contains(box)) return;
    if (form.dataset.checked) {
      delete form.dataset.checked;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (busy) return;
    if (!elements) return say("The card form is still loading. Try again in a moment.");
    busy = true;
    say("");
    const { error, selectedPaymentMethod } = await elements.submit();
    busy = false;
    if (error) return say(error.message);
    form.elements.stripe_method.value = selectedPaymentMethod ?? method ?? "card";
    form.dataset.checked = "1";
    pressed = true;
    // Not within the event that is still under way: a form does not send itself twice at once.
    setTimeout(() => form.requestSubmit());
  }, true);

  // The first field that is wrong takes the focus, once a press; never while a page opens by itself.
  new MutationObserver(([{ target }]) => asked && document.getElementById(target.dataset.wrong?.split(":")[1])?.focus())
    .observe(document.documentElement, { subtree: true, attributeFilter: ["data-wrong"] });
  new MutationObserver(sync).observe(document.documentElement, {
    subtree: true, childList: true, attributes: true,
    attributeFilter: ["data-stripe-key", "data-amount", "data-secret", "data-turn", "data-leave"],
  });
  new MutationObserver(() => elements?.update({ appearance: appearance() }))
    .observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  sync();
})();
