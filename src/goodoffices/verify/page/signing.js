// Suite 1 (format.md §1.2, §1.3): SHA-256 and Ed25519 by the browser's WebCrypto, behind our own checks of
// the profile; ML-DSA-65, SHAKE-256 and Argon2id by noble. No primitive is written here.

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const ORDER_8_Y = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const SMALL_ORDER_Y = new Set([0n, 1n, P - 1n, ORDER_8_Y, P - ORDER_8_Y]);

const sha256 = async (bytes) => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));

const modulo = (number) => ((number % P) + P) % P;

const power = (base, exponent) => {
  let [result, square] = [1n, modulo(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
};

const D = modulo(-121665n * power(121666n, P - 2n));

const littleEndian = (bytes) => BigInt(`0x${hex(Uint8Array.from(bytes).reverse())}`);
const lowBits = (bytes) => littleEndian(bytes) & (2n ** 255n - 1n);

/** Refuse what must never be admitted as a signing key (format.md §1.3, rule 1). */
const checkSigningKey = (key) => {
  const bytes = fromHex(key);
  if (bytes.length !== 32) malformed("A signing key is not 32 bytes.");
  const y = lowBits(bytes);
  if (y >= P) malformed("A signing key is not canonically encoded.");
  if (SMALL_ORDER_Y.has(y)) malformed("A signing key of small order.");
  // x^2 = (y^2 - 1) / (d y^2 + 1) must be a square; a quotient is one exactly if the product is.
  if (power((y * y - 1n) * (D * y * y + 1n), (P - 1n) / 2n) !== 1n) {
    malformed("A signing key is not a point of the curve.");
  }
};

const checkedKeys = new Map();

const remember = (memory, key, value, most) => {
  if (memory.size >= most) memory.delete(memory.keys().next().value);
  memory.set(key, value);
  return value;
};

/** The same as `checkSigningKey`, for a key that may have been seen before. */
const admitSigningKey = (key) => {
  if (checkedKeys.has(key)) return;
  checkSigningKey(key);
  remember(checkedKeys, key, true, 4096);
};

const importedKeys = new Map();

const imported = async (key) => {
  admitSigningKey(key);
  if (importedKeys.has(key)) return importedKeys.get(key);
  const made = await crypto.subtle.importKey("raw", fromHex(key), "Ed25519", false, ["verify"]);
  return remember(importedKeys, key, made, 1024);
};

/** Refuse a signature that is not `key`'s under the profile. `key`: hexadecimal; the rest: bytes. */
const verifySignature = async (key, signature, message) => {
  let verifying;
  try {
    verifying = await imported(key);
  } catch (error) {
    if (error instanceof Refused) wrongSigner(error.message);
    throw error;
  }
  const canonical =
    signature.length === 64 && littleEndian(signature.subarray(32)) < L && lowBits(signature.subarray(0, 32)) < P;
  if (!canonical) wrongSigner("A signature is not in its one canonical form.");
  if (!(await crypto.subtle.verify("Ed25519", verifying, signature, message))) {
    wrongSigner("A signature does not verify.");
  }
};

/** Both halves of a root's signature. `publicKey`: ML-DSA-65 key as hexadecimal. */
const verifyPostQuantum = (publicKey, signature, message) => {
  if (publicKey.length !== 2 * 1952 || signature.length !== 3309) {
    wrongSigner("A root's ML-DSA-65 key or signature has the wrong size.");
  }
  let holds = false;
  try {
    holds = noble.ml_dsa65.verify(signature, message, fromHex(publicKey));
  } catch {
    holds = false; // noble throws on what is no signature at all
  }
  if (!holds) wrongSigner("A root's ML-DSA-65 signature does not verify.");
};

const X25519_REFUSED = new Set([
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723061781553021112529911719440698176882885853963445705823n,
  P - 1n,
  P,
  P + 1n,
]);

/** Refuse a sealing key that must not be sealed to (format.md §1.4). `key`: hexadecimal. */
const checkSealingKey = (key) => {
  const raw = fromHex(key);
  if (raw.length !== 1216) malformed("A sealing key is not 1,216 bytes.");
  if (X25519_REFUSED.has(lowBits(raw.subarray(1184)))) malformed("A sealing key of small order.");
  for (let at = 0; at < 1152; at += 3) {
    const first = raw[at] | ((raw[at + 1] & 15) << 8);
    const second = (raw[at + 1] >> 4) | (raw[at + 2] << 4);
    if (first >= 3329 || second >= 3329) malformed("A sealing key whose ML-KEM part is not reduced.");
  }
};

/** `count` HKDF-SHA256 outputs of 32 bytes with no salt, for infos given by `info(number)`. */
const derive = async (seed, info, count) => {
  const key = await crypto.subtle.importKey("raw", seed, "HKDF", false, ["deriveBits"]);
  const outputs = [];
  for (let from = 0; from < count; from += 64) {
    const batch = Array.from({ length: Math.min(64, count - from) }, (_, at) =>
      crypto.subtle.deriveBits(
        { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: info(from + at) },
        key,
        256,
      ),
    );
    for (const bits of await Promise.all(batch)) outputs.push(new Uint8Array(bits));
  }
  return outputs;
};

const stretched = new Map();

const stretch = async (what, id) => {
  const name = `${what} ${id}`;
  if (stretched.has(name)) return stretched.get(name);
  const options = { t: 2, m: 19456, p: 1, dkLen: 32, asyncTick: 20 };
  const made = await noble.argon2idAsync(fromHex(id), utf8(`GO1 digits ${what}`), options);
  return remember(stretched, name, made, 256);
};

/** `count` check digits (format.md §5.4) of an ID, in groups of five. */
const digits = async (what, id, count) => {
  const bytes = what === "pairing" || what === "mandate" ? await stretch(what, id) : fromHex(id);
  const input = join(utf8(`GO1 digits ${what}\0`), bytes);
  const long = noble.shake256(input, { dkLen: Math.floor((count * 10) / 24) + 17 });
  const number = BigInt(`0x${hex(long)}`) % 10n ** BigInt(count);
  return String(number).padStart(count, "0");
};

const grouped = (numerals) => numerals.match(/.{1,5}/g).join(" ");
