// Life for the wallet's pages. Every form works without it; this adds the running clocks, the
// keypad, the slider, and a payment that survives a lost connection and a closed page.

const every = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const pad = (n) => String(n).padStart(2, "0");
const money = (n) => Number(n).toLocaleString("en-US");
const fill = (words, ...values) =>
  values.reduce((text, value, i) => text.replace(values.length > 1 ? `%${i + 1}` : "%", value), words);
const started = performance.now();
const elapsed = () => Math.floor((performance.now() - started) / 1000);
const each = (ms, work) => { work(); return setInterval(work, ms); };

// --- clocks: they run on from the server's time, never from the phone's ---------------------------

for (const e of every("[data-clock]")) {
  const [h, m, s] = e.dataset.clock.split(":").map(Number);
  each(250, () => {
    const t = (h * 3600 + m * 60 + s + elapsed()) % 86400;
    e.textContent = [Math.floor(t / 3600), Math.floor(t / 60) % 60, t % 60].map(pad).join(":");
  });
}
for (const e of every("[data-left]")) {
  const label = one(".sr", e);
  const text = document.createTextNode("");
  e.replaceChildren(...(label ? [label] : []), text);
  const timer = each(250, () => {
    const left = Math.max(0, e.dataset.left - elapsed());
    text.data = `${Math.floor(left / 60)}:${pad(left % 60)}`;
    if (!left) {
      clearInterval(timer);
      if (e.dataset.over) claimIsOver(one(`#${e.dataset.over}`));
      else e.hidden = true;
    }
  });
}
function claimIsOver(strip) {
  const words = one("[data-words]", strip);
  strip.classList.add("notpaid--over");
  one(".first", words).textContent = words.dataset.words;
  one(".en", words).textContent = words.dataset.other;
  one("#rescan").hidden = false;
}
for (const e of every("[data-after]")) {
  e.setAttribute("aria-disabled", "true");
  e.addEventListener("click", (event) => { if (elapsed() < e.dataset.after) event.preventDefault(); });
  setTimeout(() => e.removeAttribute("aria-disabled"), e.dataset.after * 1000);
}
for (const e of every("[data-age]")) {
  const { age, s, s2, m, m2 } = e.dataset;
  each(250, () => {
    const n = Number(age) + elapsed();
    if (n < 2) return;
    const value = n < 60 ? n : Math.floor(n / 60);
    one("b", e).textContent = fill(n < 60 ? s : m, value);
    one(".en", e).textContent = fill(n < 60 ? s2 : m2, value);
  });
}
for (const e of every("[data-paid]")) {
  const said = one("[data-say]", e);
  setTimeout(() => { said.textContent = said.dataset.say; }, 400); // announced once
  setTimeout(() => location.replace(e.dataset.record), e.dataset.leftS * 1000);
  addEventListener("pageshow", (event) => { if (event.persisted) location.replace(e.dataset.record); });
}

// --- the amount's keypad ----------------------------------------------------------------------------

const digitsOf = (text) => text.normalize("NFKC").replace(/[\s,¥円]/g, "");
function reading(n) {
  const part = (x) => [[1000, "千"], [100, "百"], [10, "十"], [1, ""]].map(([unit, word]) => {
    const d = Math.floor(x / unit) % 10;
    return d ? (d === 1 && word ? "" : "〇一二三四五六七八九"[d]) + word : "";
  }).join("");
  return (n >= 10000 ? part(Math.floor(n / 10000)) + "万" : "") + part(n % 10000);
}
const form = one("#amount");
if (form) {
  const input = one("#yen"), read = one("#read"), most = Number(form.dataset.most);
  let told = "", timer = 0;
  const show = () => {
    const digits = digitsOf(input.value), ok = /^\d{1,7}$/.test(digits) && Number(digits) <= most;
    read.textContent = ok && Number(digits) ? reading(Number(digits)) + read.dataset.yen : "\u00a0";
    if (ok && digits !== told && Number(digits)) {
      clearTimeout(timer);
      timer = setTimeout(() => { told = digits; tell(digits); }, 600);
    }
  };
  const tell = (digits) => { // the counter sees what is keyed in; nothing depends on it
    const body = new URLSearchParams(new FormData(form));
    body.set("amount", digits);
    post("/pay/typing", body, 5000).catch(() => {});
  };
  input.inputMode = "none"; // the keypad below is the keyboard
  input.addEventListener("input", show);
  for (const key of every("[data-key]")) {
    key.addEventListener("click", () => {
      const digits = digitsOf(input.value), k = key.dataset.key;
      const next = k === "<" ? digits.slice(0, -1) : digits + k;
      const plain = next.replace(/^0+/, "");
      if (!/^\d*$/.test(plain)) input.value = "";
      else if (Number(plain) <= most) input.value = plain && money(plain);
      show();
    });
  }
  form.addEventListener("submit", () => clearTimeout(timer));
  show();
}

// --- the split: presets and slider change what stands on the page and in the form --------------------

const card = one("#split");
if (card && one("#sl")) {
  const { total, suggested, plain, of, yen, and, first } = card.dataset;
  const slider = one("#sl"), parts = every("[data-part]", card), presets = every("[data-slide]", card);
  const draw = () => {
    const value = Number(slider.value), amounts = [value, total - value];
    parts.forEach((part, i) => {
      one(".yen", part).lastChild.data = money(amounts[i]);
      one(".dim", part).textContent = fill(part.dataset.rest, money(part.dataset.balance - amounts[i]));
      one(`#pay input[name="leg.${CSS.escape(part.dataset.part)}"]`).value = amounts[i];
    });
    one("#bar").setAttribute("width", `${(100 * value) / total}%`);
    const said = parts.map((p, i) => amounts[i] && fill(of, p.dataset.name, fill(yen, money(amounts[i]))))
      .filter(Boolean).join(and);
    const proposed = value === Number(suggested);
    one("#how").textContent = proposed ? first : fill(plain, said);
    one("#sug").hidden = !proposed;
    slider.setAttribute("aria-valuetext", said);
    for (const preset of presets) {
      if (Number(preset.dataset.slide) === value) preset.setAttribute("aria-current", "true");
      else preset.removeAttribute("aria-current");
    }
  };
  slider.addEventListener("input", draw);
  for (const preset of presets) {
    preset.addEventListener("click", (event) => {
      event.preventDefault();
      slider.value = preset.dataset.slide;
      draw();
    });
  }
  addEventListener("pageshow", draw); // a form that the browser restored shows what it will send
}

// --- pay: the key is kept before the first try, and the same request is sent until it is answered ---

const STORE = "choba-pending", WAITS = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60];
const holder = document.body.dataset.holder;

function pending() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) || "null");
    return kept && holder && kept.holder === holder ? kept : null;
  } catch { return null; }
}
const keep = (record) => localStorage.setItem(STORE, JSON.stringify(record));
const forget = () => localStorage.removeItem(STORE);

async function post(path, body, patience) {
  const stop = new AbortController(), timer = setTimeout(() => stop.abort(), patience);
  try {
    const answer = await fetch(path, {
      method: "POST", body, signal: stop.signal, headers: { Accept: "application/json" },
    });
    return { status: answer.status, said: await answer.json() };
  } finally { clearTimeout(timer); }
}
// One try. True when it is answered, and the page goes on to the answer.
async function ask(record, csrf) {
  const body = new URLSearchParams(record.body);
  body.set("csrf", csrf);
  let answer;
  try { answer = await post("/pay", body, 12000); } catch { return false; }
  if (answer.status === 403 && location.pathname !== "/checking") {
    location.replace("/checking"); // this page's form token is no longer good; there is a new one
    return true;
  }
  if (!answer.said.to) return false;
  if (answer.status !== 401) forget(); // signed out in between: asked again after signing in
  location.replace(answer.said.to);
  return true;
}
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}
const payForm = one("#pay");
if (payForm) {
  let sending = false;
  payForm.addEventListener("submit", async (event) => {
    if (sending) { event.preventDefault(); return; }
    sending = true;
    const body = new URLSearchParams(new FormData(payForm)), csrf = body.get("csrf");
    body.delete("csrf");
    body.set("key", newKey());
    const { shop, amount, sending: words } = payForm.dataset;
    const record = { holder, body: body.toString(), shop, amount, at: Date.now() };
    try { keep(record); } catch { return; } // no storage: the form posts by itself, with its own key
    event.preventDefault();
    const button = one("button", payForm), before = [...button.childNodes];
    button.setAttribute("aria-disabled", "true");
    button.textContent = words;
    const slow = setTimeout(() => startChecking(record, csrf, 0), 1000);
    if (await ask(record, csrf)) { clearTimeout(slow); return; }
    clearTimeout(slow);
    startChecking(record, csrf, 1);
    addEventListener("pageshow", (e) => { if (e.persisted) button.replaceChildren(...before); });
  });
}

let checking = null, askNow = () => {};
const onAskNow = () => one("[data-ask]").addEventListener("submit", (event) => {
  event.preventDefault();
  askNow();
});
function startChecking(record, csrf, tries) {
  if (!checking) {
    const frame = one(".w");
    frame.className = "w wait";
    frame.replaceChildren(one("#checking").content.cloneNode(true));
    scrollTo(0, 0);
    checking = drawChecking(record);
    onAskNow();
  }
  if (tries) goOnAsking(record, csrf, tries);
}
function drawChecking(record) {
  const main = one("[data-checking]");
  const when = new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit" });
  one("[data-what]", main).hidden = false;
  one("[data-shop]", main).textContent = `${record.shop}・${when.format(record.at)}`;
  one("[data-amount]", main).textContent = money(record.amount);
  return main;
}
function goOnAsking(record, csrf, tries) {
  const main = checking, line = one("[data-tries]", main), { nth, next, now } = main.dataset;
  let due = 0, busy = false, clock = 0;
  const attempt = async () => {
    if (busy) return;
    busy = true;
    clearInterval(clock);
    tries += 1;
    line.textContent = `${fill(nth, tries)}・${now}`;
    if (await ask(record, csrf)) return;
    busy = false;
    wait();
  };
  const wait = () => {
    if (tries > WAITS.length) { line.textContent = fill(nth, tries); return; } // by hand from here on
    due = performance.now() + WAITS[tries - 1] * 1000 * (1 + Math.random() * 0.1);
    clock = each(250, () => {
      const left = Math.max(0, Math.ceil((due - performance.now()) / 1000));
      line.textContent = `${fill(nth, tries)}・${fill(next, `${Math.floor(left / 60)}:${pad(left % 60)}`)}`;
      if (performance.now() >= due) attempt();
    });
  };
  askNow = attempt;
  if (tries) wait(); else attempt();
}

// A payment that was left unanswered: the checking page goes on with it, home leads there.
const left = pending();
if (one("[data-checking]") && !payForm) {
  const csrf = one("[data-ask] input[name=csrf]").value;
  const posted = new URLSearchParams(new FormData(one("[data-ask]")));
  if (left) {
    checking = drawChecking(left);
    onAskNow();
    goOnAsking(left, csrf, 0);
  } else if (posted.get("key")) { // the page came as an answer to the form itself
    posted.delete("csrf");
    checking = one("[data-checking]");
    const record = { holder, body: posted.toString() };
    onAskNow();
    goOnAsking(record, csrf, 1);
  } else location.replace("/history");
} else if (left && location.pathname === "/") location.replace("/checking");
const banner = one("#pending");
if (banner && left) {
  one("[data-shop]", banner).textContent = left.shop;
  one("[data-amount]", banner).textContent = money(left.amount);
  banner.hidden = false;
}

// --- the decoder is fetched while nothing else happens, so that the camera page opens at once --------

const scanLink = one("[data-decoder]");
if (scanLink && "requestIdleCallback" in window && !navigator.connection?.saveData) {
  requestIdleCallback(() => fetch(scanLink.dataset.decoder, { priority: "low" }).catch(() => {}));
}
