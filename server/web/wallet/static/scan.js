// The camera's page: looks for a QR of this wallet's own host and hands it to the server.
const one = (selector) => document.querySelector(selector);
const box = one("#cam"), view = one("#view"), status = one("#cam [role=status]");
const say = (words) => { if (status.textContent !== words) status.textContent = words; };
const hosts = new Set([...box.dataset.hosts.split(" "), location.host]);
const LONGEST = 1280, PAUSE_MS = 80;

const decoder = new Worker(box.dataset.worker, { type: "module" });
const decode = (picture) => new Promise((resolve) => {
  decoder.onmessage = ({ data }) => resolve(data.text ?? "");
  decoder.postMessage(picture, [picture.data.buffer]);
});
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function isOurs(text) {
  try {
    const url = new URL(text);
    return hosts.has(url.host) && /^\/q\/[a-z2-7]{44}$/i.test(url.pathname);
  } catch { return false; }
}
function picture(canvas) {
  const scale = Math.min(1, LONGEST / Math.max(view.videoWidth, view.videoHeight));
  canvas.width = Math.round(view.videoWidth * scale);
  canvas.height = Math.round(view.videoHeight * scale);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(view, 0, 0, canvas.width, canvas.height);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}
async function hand(text) {
  const body = new URLSearchParams({ csrf: box.dataset.csrf, qr_text: text });
  const answer = await fetch("/scan", { method: "POST", body, headers: { Accept: "application/json" } });
  const { to } = await answer.json();
  if (!to) throw new Error("no answer");
  location.assign(to);
}
async function look() {
  const canvas = document.createElement("canvas");
  for (;;) {
    await pause(PAUSE_MS);
    if (document.hidden || !view.videoWidth) continue;
    const text = await decode(picture(canvas));
    if (!text) { say(box.dataset.looking); continue; }
    if (!isOurs(text)) { say(box.dataset.foreign); await pause(1500); continue; }
    box.classList.add("cam--found");
    say(box.dataset.found);
    try { await hand(text); return; } catch {
      box.classList.remove("cam--found");
      say(box.dataset.offline);
      await pause(1500);
    }
  }
}
function light(track) {
  const button = one("#light");
  if (!track.getCapabilities?.().torch) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    await track.applyConstraints({ advanced: [{ torch: on }] });
    button.setAttribute("aria-pressed", String(on));
  });
}
async function start() {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
    });
  } catch (problem) {
    // no camera, none allowed, or a page without TLS, where browsers give none
    box.hidden = true;
    one(problem.name === "NotAllowedError" ? "#denied" : "#nocamera").hidden = false;
    one("details").open = true;
    return;
  }
  addEventListener("pagehide", () => stream.getTracks().forEach((track) => track.stop()));
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  view.srcObject = stream;
  await view.play();
  light(stream.getVideoTracks()[0]);
  say(box.dataset.looking);
  await look();
}
start();
