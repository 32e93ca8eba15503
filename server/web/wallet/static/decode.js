// The decoder's thread: pictures in, the QR's text out.
import { prepareZXingModule, readBarcodes } from "./vendor/zxing-wasm-3.1.4/es/reader/index.js";

const ready = prepareZXingModule({
  overrides: { locateFile: (name) => new URL(`./vendor/zxing-wasm-3.1.4/${name}`, import.meta.url).href },
  fireImmediately: true,
});
ready.then(() => postMessage({ ready: true }), () => postMessage({ broken: true }));
const options = { formats: ["QRCode"], tryHarder: true, tryInvert: false, maxNumberOfSymbols: 1 };

onmessage = async ({ data: picture }) => {
  try {
    const [found] = await readBarcodes(picture, options);
    postMessage({ text: found && found.isValid ? found.text : "" });
  } catch {
    postMessage({ text: "" });
  }
};
