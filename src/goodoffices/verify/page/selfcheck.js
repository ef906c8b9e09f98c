// Whether this browser can be relied on. Ed25519 implementations differ on signatures that fit only times
// eight; so the page asks its browser for known answers before it says anything about a record.

class UnfitBrowser extends Error {}

const TEXT = "74657874";
const KEY = "82aa4e307d316d8972bd44fbfea2568be1595ca5b6ed3b2ec2087d1f941a27f3";
const SIGNATURE =
  "7be75aef4d8dbb265269a2cc2cdbfd8aba6867707f667dc02c8ef94ea8d21a75" +
  "74cd65574bd9c7e0990e9747879aa5dd3d86a4d31d8df5cc88e3f8045b9b3602";

const KNOWN_ANSWERS = [
  {
    key: KEY,
    signature: SIGNATURE,
    message: TEXT,
    holds: true,
  },
  {
    key: KEY,
    signature: SIGNATURE,
    message: `${TEXT}00`,
    holds: false,
  },
  {
    // Fits times eight only: verification is cofactorless.
    key: "e9b2fe981587efae6478f48ba1fa60cec6126d0e26dde72a0a24f640dcd783e5",
    signature:
      "5866666666666666666666666666666666666666666666666666666666666666" +
      "5b6927f7f8963ae37cb2e44cb822591728fdb4760f6c74cdee12547e5b19f00d",
    message: TEXT,
    holds: false,
  },
];

const SHA256_OF_TEXT = "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1";

let browserIsFit = false;

/** Throws UnfitBrowser where this browser lacks something, or answers otherwise than RFC 8032 asks. */
const checkBrowser = async () => {
  if (browserIsFit) return;
  if (!globalThis.crypto?.subtle) throw new UnfitBrowser("it offers no cryptography to this page");
  if ((await sha256(fromHex(TEXT))) !== SHA256_OF_TEXT) throw new UnfitBrowser("its SHA-256 is wrong");
  for (const { key, signature, message, holds } of KNOWN_ANSWERS) {
    let found = true;
    try {
      await verifySignature(key, fromHex(signature), fromHex(message));
    } catch (error) {
      if (!(error instanceof Refused)) throw new UnfitBrowser("it does not know Ed25519");
      found = false;
    }
    if (found !== holds) throw new UnfitBrowser("it judges an Ed25519 signature otherwise than the format asks");
  }
  if (typeof DecompressionStream !== "function") throw new UnfitBrowser("it cannot unpack archives");
  browserIsFit = true;
};
