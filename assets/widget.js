/* The chat widget: one script on the customer's page, one dialog in a shadow root.
   <script src="https://…/widget.js" data-widget="wid_…" async></script>
   What the agent says is built from text nodes and a few elements; it is never parsed as HTML. */
(() => {
  "use strict";

  const script = document.currentScript;
  const widgetId = script?.dataset.widget;
  if (!widgetId) return console.error("widget.js: the script tag has no data-widget.");
  if (document.querySelector(`[data-chat="${CSS.escape(widgetId)}"]`)) return;
  const api = new URL(script.src).origin;
  const stored = `chat:${widgetId}`;

  /* ---- building ---- */

  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value != null) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  function icon(path) {
    const ns = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(ns, "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    svg.append(document.createElementNS(ns, "path"));
    svg.firstChild.setAttribute("d", path);
    return svg;
  }

  const ICONS = {
    chat: "M2.5 3h11v8.5H8L5 14v-2.5H2.5z",
    down: "m4 6.2 4 4 4-4",
    close: "m4 4 8 8M12 4l-8 8",
    send: "M8 13V3M3.8 7.2 8 3l4.2 4.2",
    stop: "M4.5 4.5h7v7h-7z",
    alert: "M8 2.2 14.3 13.5H1.7zM8 6.5v3M8 11.6v.01",
    again: "M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 1.8V5h-3.2",
  };

  const STYLE = `
:host{--paper:#fff;--well:#ecefea;--raised:#fff;--line:#e1e4df;--strong:#c4cac2;--control:#838a81;--ink:#131613;--ink2:#474d47;--ink3:#626861;
--primary:#131613;--hover:#2e342e;--on-primary:#fff;--accent:#0a6640;--accent-soft:#e3f1e8;--on-accent:#fff;--amber:#7f4d00;--amber-soft:#fcf1dd;
--pop:0 0 0 1px rgb(19 22 19/.05),0 2px 4px rgb(19 22 19/.05),0 8px 24px -4px rgb(19 22 19/.14);
--float:0 0 0 1px rgb(19 22 19/.05),0 4px 8px rgb(19 22 19/.04),0 24px 64px -12px rgb(19 22 19/.24);
all:initial;color-scheme:light;position:fixed;right:32px;bottom:32px;z-index:2147483000;
font:400 14px/20px "Geist Variable",ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;letter-spacing:-.006em;color:var(--ink)}
@media (prefers-color-scheme:dark){:host{--paper:#141714;--well:#252a24;--raised:#1b1f1b;--line:#282d27;--strong:#3c433b;--control:#757d74;--ink:#ecefea;--ink2:#b6bdb4;--ink3:#939b91;
--primary:#ecefea;--hover:#fff;--on-primary:#131613;--accent:#57c98f;--accent-soft:#10291c;--on-accent:#06160d;--amber:#e6b45c;--amber-soft:#2a2110;
--pop:0 0 0 1px rgb(255 255 255/.09),0 8px 24px -4px rgb(0 0 0/.6);--float:0 0 0 1px rgb(255 255 255/.1),0 24px 64px -12px rgb(0 0 0/.8);color-scheme:dark}}
*{box-sizing:border-box}
[hidden]{display:none!important}
button,input,textarea{font:inherit;letter-spacing:inherit;color:inherit;margin:0}
button{cursor:pointer}
p,h2,h3,ul,ol,pre{margin:0}
svg{width:16px;height:16px;fill:none;stroke:currentColor;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round;flex:none}
a{color:inherit;text-decoration:underline;text-underline-offset:2px}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.launch{display:grid;place-items:center;width:56px;height:56px;margin-left:auto;border:0;border-radius:50%;background:var(--primary);color:var(--on-primary);box-shadow:var(--pop)}
.launch:hover{background:var(--hover)}.launch svg{width:20px;height:20px}
.panel{display:flex;flex-direction:column;width:384px;height:min(600px,calc(100vh - 136px));max-width:calc(100vw - 64px);margin-bottom:16px;background:var(--raised);border-radius:16px;box-shadow:var(--float);overflow:hidden}
header{display:flex;align-items:center;gap:12px;padding:12px 12px 12px 20px;border-bottom:1px solid var(--line)}
h2{flex:1;min-width:0;font-size:16px;line-height:24px;font-weight:600;letter-spacing:-.011em;overflow-wrap:anywhere}
.mark{display:grid;place-items:center;width:28px;height:28px;border-radius:50%;background:var(--accent);color:var(--on-accent);font-weight:600}
.quiet{display:grid;place-items:center;width:32px;height:32px;border:0;border-radius:8px;background:none;color:var(--ink2)}.quiet:hover{background:var(--well)}
.log>*{flex:none}.log{flex:1;min-height:0;display:flex;flex-direction:column;gap:20px;padding:20px;overflow-y:auto;overscroll-behavior:contain}
.me{align-self:flex-end;max-width:80%;padding:10px 14px;border-radius:12px 12px 4px 12px;background:var(--well);white-space:pre-wrap;overflow-wrap:anywhere}
.ans{display:flex;flex-direction:column;gap:10px;max-width:94%;overflow-wrap:anywhere}
.ans ul,.ans ol{padding-left:20px}.ans li+li{margin-top:4px}.ans h3{font-size:14px;line-height:20px;font-weight:600}
code{font:12px/16px ui-monospace,monospace;padding:1px 4px;border-radius:4px;background:var(--well)}
pre{padding:10px 12px;border-radius:8px;background:var(--well);overflow-x:auto}pre code{padding:0;background:none}
.cite{display:inline-grid;place-items:center;min-width:16px;height:16px;padding:0 4px;margin-left:2px;border-radius:4px;background:var(--accent-soft);color:var(--accent);font:500 11px/1 ui-monospace,monospace;vertical-align:1px}
.ans .srcs{display:flex;flex-wrap:wrap;gap:6px;padding:0;list-style:none}.ans .srcs li{margin:0}
.src{display:inline-flex;align-items:center;gap:8px;min-height:28px;padding:3px 10px 3px 6px;border:1px solid var(--line);border-radius:6px;background:var(--paper);color:var(--ink2);font-size:12px;line-height:16px}
.src .cite{margin:0}.dim,.small{color:var(--ink3)}.small{font-size:12px;line-height:16px}.second{color:var(--ink2);font-size:13px}
.wait{display:flex;gap:4px;height:20px;align-items:center}.wait i{width:6px;height:6px;border-radius:50%;background:var(--control)}
@media (prefers-reduced-motion:no-preference){.wait i{animation:b 1.2s infinite}.wait i:nth-child(2){animation-delay:.15s}.wait i:nth-child(3){animation-delay:.3s}
@keyframes b{40%{opacity:.25}}.panel{animation:up 160ms cubic-bezier(.2,.8,.2,1)}@keyframes up{from{opacity:0;transform:translateY(8px)}}
button,.field{transition:background 90ms,border-color 90ms}}
.note{display:flex;gap:12px;padding:12px 16px;border-radius:8px;background:var(--amber-soft);color:var(--ink2)}.note svg{margin-top:2px;color:var(--amber)}
.btn{display:inline-flex;align-items:center;justify-content:center;gap:6px;height:32px;padding:0 12px;border:1px solid var(--strong);border-radius:8px;background:var(--paper);color:var(--ink);font-size:13px;font-weight:500;text-decoration:none;align-self:flex-start}.btn:hover{border-color:var(--control)}
.main{width:100%;height:40px;border:0;background:var(--primary);color:var(--on-primary);font-size:14px}.main:hover{background:var(--hover)}
.ask{display:flex;gap:8px;padding:0 16px 16px}
.field{flex:1;min-width:0;width:100%;min-height:40px;max-height:120px;padding:9px 12px;border:1px solid var(--control);border-radius:8px;background:var(--paper);font-size:14px;line-height:20px;resize:none}
.field::placeholder{color:var(--ink3);opacity:1}.field:focus-visible{outline-offset:-1px;border-color:var(--accent)}
.go{display:grid;place-items:center;flex:none;width:40px;height:40px;border:0;border-radius:8px;background:var(--primary);color:var(--on-primary)}.go:hover{background:var(--hover)}.go.busy svg{fill:currentColor}
.away{display:flex;flex-direction:column;gap:12px}.away h3{font-size:16px;line-height:24px;font-weight:600}.away label{font-size:13px;font-weight:500}.away .field{display:block;margin-top:6px;max-height:none;resize:vertical}
.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:767px){:host{right:16px;bottom:16px}:host(.open){right:0;bottom:0;left:0}.open .launch{display:none}
.panel{width:100%;max-width:none;height:min(560px,calc(100vh - 32px));height:min(560px,calc(100dvh - 32px));margin:0;border-radius:16px 16px 0 0}.field{font-size:16px}.quiet,.go{width:44px;height:44px}.ask .field{min-height:44px;padding:11px 12px}.btn{height:44px}}
@media (forced-colors:active){.launch,.go,.panel,.me,.note{border:1px solid}}`;

  /* ---- what the agent says: a small part of Markdown, as elements ---- */

  const INLINE = /`([^`\n]+)`|\*\*([^\n]+?)\*\*|(?<![\w*])[*_]([^*_\n]+)[*_](?![\w*])|\[(\d{1,3})\](?!\()|\[([^\]\n]+)\]\(([^)\s]+)\)|(https?:\/\/[^\s<>()[\]"']+[^\s<>()[\]"'.,;:!?])/g;

  function link(text, target) {
    let url;
    try {
      url = new URL(target);
    } catch {
      return text;
    }
    if (!["http:", "https:", "mailto:"].includes(url.protocol)) return text;
    return el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" }, text);
  }

  function inline(text) {
    const out = [];
    let end = 0;
    for (const found of text.matchAll(INLINE)) {
      const [whole, code, strong, em, cite, label, target, bare] = found;
      out.push(text.slice(end, found.index));
      end = found.index + whole.length;
      if (code) out.push(el("code", {}, code));
      else if (strong) out.push(el("strong", {}, ...inline(strong)));
      else if (em) out.push(el("em", {}, ...inline(em)));
      else if (cite) out.push(el("span", { class: "cite" }, el("span", { class: "vh" }, "source "), cite));
      else out.push(link(label || bare, target || bare));
    }
    out.push(text.slice(end));
    return out;
  }

  const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)/;
  const HEAD = /^#{1,6}\s+(.*)/;

  function render(text) {
    const out = document.createDocumentFragment();
    const lines = text.split("\n");
    let at = 0;
    while (at < lines.length) {
      const line = lines[at];
      if (/^\s*```/.test(line)) {
        const code = [];
        while (++at < lines.length && !/^\s*```/.test(lines[at])) code.push(lines[at]);
        at++;
        out.append(el("pre", { tabindex: "0" }, el("code", {}, code.join("\n"))));
      } else if (HEAD.test(line)) {
        out.append(el("h3", {}, ...inline(HEAD.exec(line)[1])));
        at++;
      } else if (ITEM.test(line)) {
        const first = ITEM.exec(line)[1];
        const list = el(first ? "ol" : "ul", { start: first });
        for (let item; at < lines.length && (item = ITEM.exec(lines[at])); at++) list.append(el("li", {}, ...inline(item[2])));
        out.append(list);
      } else if (line.trim()) {
        const p = el("p");
        for (; at < lines.length && lines[at].trim() && !/^\s*```/.test(lines[at]) && !HEAD.test(lines[at]) && !ITEM.test(lines[at]); at++) {
          if (p.firstChild) p.append(el("br"));
          p.append(...inline(lines[at]));
        }
        out.append(p);
      } else at++;
    }
    return out;
  }

  /* A mark that is opened and not closed yet would flicker while the answer is written. */
  function settled(text) {
    const last = text.slice(text.lastIndexOf("\n") + 1);
    return last.split("**").length % 2 ? text : `${text}**`;
  }

  /* ---- talking to the server ---- */

  class Refused extends Error {
    constructor(status, retryAfter) {
      super(`refused with ${status}`);
      this.status = status;
      this.retryAfter = retryAfter;
    }
  }

  async function post(path, body, options = {}) {
    const headers = { "Content-Type": "application/json", ...options.headers };
    const answer = await fetch(api + path, { method: "POST", credentials: "omit", body: JSON.stringify(body), signal: options.signal, headers });
    if (!answer.ok) throw new Refused(answer.status, Number(answer.headers.get("Retry-After")) || 0);
    return answer;
  }

  let session = null;

  function remembered() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(stored));
      return kept && Date.parse(kept.expires_at) > Date.now() + 30000 ? kept : null;
    } catch {
      return null; /* storage is off, or holds something else: a new session does */
    }
  }

  async function open(fresh) {
    session = fresh ? null : session || remembered();
    if (!session) {
      session = await (await post("/v1/widget/session:init", { widget_id: widgetId })).json();
      try {
        sessionStorage.setItem(stored, JSON.stringify(session));
      } catch {
        /* storage is off: the session lives as long as the page */
      }
    }
    return session;
  }

  async function* events(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).replace(/\r\n?/g, "\n").split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const name = /^event: ?(.*)$/m.exec(block)?.[1];
        const data = [...block.matchAll(/^data: ?(.*)$/gm)].map((found) => found[1]).join("\n");
        if (name && data) yield { name, data: JSON.parse(data) };
      }
    }
  }

  async function run(question, key, signal) {
    for (let attempt = 0; ; attempt++) {
      const { token, instance_id, session_id } = await open(attempt > 0);
      const headers = { Authorization: `Bearer ${token}`, "Idempotency-Key": key };
      try {
        return await post("/v1/runs", { instance_id, input: { query: question }, session_id, stream: true }, { headers, signal });
      } catch (error) {
        /* The token was over, or was called back: once more with a new one. */
        if (error.status !== 401 || attempt) throw error;
      }
    }
  }

  /* ---- the dialog ---- */

  const host = el("div", { "data-chat": widgetId });
  const root = host.attachShadow({ mode: "open" });
  const title = el("h2", { id: "t" }, script.dataset.title || "Chat");
  const log = el("div", { class: "log", role: "log", "aria-live": "polite", tabindex: "0", "aria-label": "Conversation" });
  const field = el("textarea", { class: "field", id: "q", rows: "1", maxlength: "4000", placeholder: "Ask a question", enterkeyhint: "send" });
  const go = el("button", { class: "go", "aria-label": "Send" }, icon(ICONS.send));
  const ask = el("form", { class: "ask", novalidate: true, onsubmit: submit }, el("label", { class: "vh", for: "q" }, "Your question"), field, go);
  const close = el("button", { class: "quiet", type: "button", "aria-label": "Close chat", onclick: () => toggle(false) }, icon(ICONS.close));
  const head = el("header", {}, el("span", { class: "mark", "aria-hidden": "true" }, "?"), title, close);
  const panel = el("div", { class: "panel", id: "p", role: "dialog", "aria-labelledby": "t", hidden: true }, head, log, ask);
  const launch = el("button", { class: "launch", type: "button", "aria-controls": "p", onclick: () => toggle(panel.hidden) });
  const frame = el("div", {}, panel, launch);
  let running = null;
  let greeted = false;

  function toggle(shown) {
    panel.hidden = !shown;
    host.classList.toggle("open", shown);
    frame.classList.toggle("open", shown);
    launch.setAttribute("aria-expanded", String(shown));
    launch.setAttribute("aria-label", shown ? "Close chat" : "Open chat");
    launch.replaceChildren(icon(shown ? ICONS.down : ICONS.chat));
    if (!shown) return launch.focus();
    (ask.hidden ? close : field).focus();
    greet();
  }

  async function greet() {
    if (greeted) return;
    greeted = true;
    const wait = waiting();
    log.append(wait);
    try {
      const { title: name, greeting } = await open(false);
      title.textContent = name;
      wait.replaceWith(el("div", { class: "ans" }, render(greeting)));
    } catch (error) {
      wait.remove();
      greeted = false;
      trouble(error, "", greet);
    }
  }

  function waiting() {
    return el("div", { class: "wait", role: "img", "aria-label": "Looking for an answer" }, el("i"), el("i"), el("i"));
  }

  function add(node) {
    const near = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    if (!node.isConnected) log.append(node);
    if (near) log.scrollTop = log.scrollHeight;
  }

  function submit(event) {
    event.preventDefault();
    if (running) return stop();
    const question = field.value.trim();
    if (!question) return field.focus();
    field.value = "";
    grow();
    const mine = el("div", { class: "me" }, el("span", { class: "vh" }, "You: "), question);
    log.append(mine);
    log.scrollTop = log.scrollHeight;
    answer(question, crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2) + Date.now());
  }

  /* Asks for the run to be stopped, so that it is settled for the part that was used; hangs up when that cannot be asked. */
  async function stop() {
    const under = running;
    try {
      if (!under.run || under.asked) throw new TypeError("nothing to ask");
      under.asked = true;
      await post(`/v1/runs/${under.run}:cancel`, {}, { headers: { Authorization: `Bearer ${session.token}` } });
    } catch {
      under.abort();
    }
  }

  function busy(controller) {
    running = controller;
    go.setAttribute("aria-label", controller ? "Stop" : "Send");
    go.classList.toggle("busy", !!controller);
    go.replaceChildren(icon(controller ? ICONS.stop : ICONS.send));
    log.setAttribute("aria-busy", String(!!controller));
  }

  async function answer(question, key) {
    const controller = new AbortController();
    const said = el("div", { class: "ans" }, waiting());
    const sources = [];
    let text = "";
    let drawing = 0;
    let stopped = false;
    let done = false;
    const draw = () => {
      drawing = 0;
      said.replaceChildren(render(done ? text : settled(text)), sourceList(sources));
      add(said);
    };
    busy(controller);
    add(said);
    try {
      for await (const { name, data } of events(await run(question, key, controller.signal))) {
        if (name === "run.started") running.run = data.id;
        else if (name === "token") text += data.text;
        else if (name === "source") sources.push(data);
        else if (name === "run.completed") {
          done = true;
          stopped = data.status === "cancelled";
          text = data.output?.text || text;
          if (data.output?.sources?.length) sources.splice(0, sources.length, ...data.output.sources);
        } else if (name === "run.failed") throw new Refused(data.error?.code === "insufficient_credits" ? 402 : 500, 0);
        if (text) drawing ||= requestAnimationFrame(draw);
      }
      if (!done) throw new TypeError("the stream ended early");
      cancelAnimationFrame(drawing);
      draw();
      if (stopped) add(el("p", { class: "small" }, "Stopped."));
    } catch (error) {
      cancelAnimationFrame(drawing);
      done = true;
      if (text) draw();
      else said.remove();
      if (error.name === "AbortError") add(el("p", { class: "small" }, "Stopped."));
      else trouble(error, question, () => answer(question, error.status === 500 ? key + "+" : key));
    } finally {
      busy(null);
    }
  }

  function sourceList(sources) {
    if (!sources.length) return "";
    const items = sources.map(({ n, document_name, place, quote }) =>
      el("li", {}, el("span", { class: "src", title: quote }, el("span", { class: "cite" }, String(n)), document_name, el("span", { class: "dim" }, place || ""))),
    );
    return el("ul", { class: "srcs", "aria-label": "Sources" }, ...items);
  }

  /* ---- when things are not ideal ---- */

  function trouble(error, question, again) {
    const { status, retryAfter } = error;
    if ([402, 404, 409, 423].includes(status)) return away(question);
    let words = "The connection was lost. Your question is kept.";
    if (status === 403) words = "This chat is not set up for this website.";
    else if (status === 429) words = `Many questions at once. Please try again in ${retryAfter > 90 ? "a few minutes" : `${retryAfter || 30} seconds`}.`;
    else if (status) words = "That did not work. Please try again.";
    else if (navigator.onLine === false) words = "You are offline. Your question is kept.";
    const note = el("div", { class: "note", role: "alert" }, icon(ICONS.alert), el("p", {}, words));
    add(note);
    if (status === 403) return;
    const retry = () => {
      note.remove();
      button.remove();
      field.focus();
      again();
    };
    const button = el("button", { class: "btn", type: "button", onclick: retry }, icon(ICONS.again), "Try again");
    add(button);
    log.scrollTop = log.scrollHeight;
  }

  function away(question) {
    const email = session?.contact_email;
    const typed = el("textarea", { class: "field", rows: "4" });
    typed.value = question;
    const write = () => {
      const subject = encodeURIComponent(title.textContent);
      location.href = `mailto:${encodeURIComponent(email).replace("%40", "@")}?subject=${subject}&body=${encodeURIComponent(typed.value)}`;
    };
    const form = [
      el("p", { class: "second" }, "Send us your question by e-mail and we will write back."),
      el("label", {}, "Your question", typed),
      el("button", { class: "btn main", type: "button", onclick: write }, "Write an e-mail"),
      el("p", { class: "small" }, "Opens your mail program, addressed to ", email || ""),
    ];
    const later = [el("p", { class: "second" }, "Please try again later.")];
    ask.hidden = true;
    log.replaceChildren(el("div", { class: "away", role: "alert" }, el("h3", {}, "We cannot answer right now"), ...(email ? form : later)));
    if (!panel.hidden) (email ? typed : close).focus();
  }

  /* ---- keys ---- */

  function grow() {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  }

  field.addEventListener("input", grow);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !running) {
      event.preventDefault();
      ask.requestSubmit();
    }
  });
  frame.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) {
      event.stopPropagation();
      toggle(false);
    }
  });

  launch.setAttribute("aria-label", "Open chat");
  launch.setAttribute("aria-expanded", "false");
  launch.append(icon(ICONS.chat));
  /* A constructed sheet, because the page's own Content-Security-Policy may forbid style elements. */
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  root.append(frame);
  (document.body || document.documentElement).append(host);
})();
